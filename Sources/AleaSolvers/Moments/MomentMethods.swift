/// The estimators of conditional moment problems, with function classes and kernels: a new one is one file and one line here.
public enum MomentMethods {
  public static let all: [any Method.Type] = []
}
