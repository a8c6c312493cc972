/// The estimators of a policy's value from a log, and ways to learn one: a new one is one file and one line here.
public enum OffPolicyMethods {
  public static let all: [any Method.Type] = []
}
