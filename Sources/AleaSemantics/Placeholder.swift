// AleaSemantics
