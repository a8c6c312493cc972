/// What is wrong with a moment problem or its data, in words of the model, and the way out.
public struct MomentFault: Error, Hashable, Sendable {
  public let message: String
  public let remedy: String

  public init(_ message: String, remedy: String = "") {
    self.message = message
    self.remedy = remedy
  }
}
