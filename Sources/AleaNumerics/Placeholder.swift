// AleaNumerics
