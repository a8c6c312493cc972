// A program that imports Alea sees the types of models, answers and messages without naming the modules they live in.
@_exported import AleaData
@_exported import AleaEngine
@_exported import AleaModel
@_exported import AleaNumerics
@_exported import AleaPrism
@_exported import AleaReport
@_exported import AleaSemantics
@_exported import AleaSolvers
@_exported import AleaSyntax

/// The version of the language and its library.
public let version = "0.1.0"
