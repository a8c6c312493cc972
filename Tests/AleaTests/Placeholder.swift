import Testing
@testable import Alea
