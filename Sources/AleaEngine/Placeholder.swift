// AleaEngine
