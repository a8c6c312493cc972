import Testing
@testable import AleaModel
