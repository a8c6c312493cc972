// Alea
