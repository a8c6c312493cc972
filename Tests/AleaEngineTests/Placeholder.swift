import Testing
@testable import AleaEngine
