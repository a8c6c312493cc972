import Testing
@testable import AleaSemantics
