import Testing
@testable import AleaSyntax
