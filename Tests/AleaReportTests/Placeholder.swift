import Testing
@testable import AleaReport
