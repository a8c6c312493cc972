/// The ways to identify the best arm: a new one is one file and one line here.
public enum BestArmMethods {
  public static let all: [any Method.Type] = []
}
