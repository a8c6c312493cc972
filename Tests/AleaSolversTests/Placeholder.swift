import Testing
@testable import AleaSolvers
