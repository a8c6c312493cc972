/// A constructor of a class of functions: `RKHS(Gaussian())`.
public protocol FunctionClassMethod: Method {
  /// The class; nil for the one that matches the unknown's.
  var functionClass: FunctionClass? { get }
}

/// A constructor of a kernel: `Gaussian(scale: 2)`.
public protocol KernelMethod: Method {
  var kernel: Kernel { get }
}

extension MethodParameter.Kind {
  static let kernel = MethodParameter.Kind.method(["Gaussian", "Laplace", "Matern"])
  static let functionClass = MethodParameter.Kind.method(["Linear", "Polynomial", "Spline", "Tabular", "RKHS", "Matching"])
}

extension MethodArguments {
  func kernel(_ name: String) -> Kernel { (method(name) as? any KernelMethod)?.kernel ?? Kernel() }
  func functionClass(_ name: String) -> FunctionClass? { (method(name) as? any FunctionClassMethod)?.functionClass }
}

/// `Linear()`.
public struct LinearClass: FunctionClassMethod {
  public static let name = "Linear"
  public static let summary = "A constant and each argument: two-stage least squares when the instruments are linear too."
  public static let parameters: [MethodParameter] = []
  public init(arguments: MethodArguments) {}
  public var functionClass: FunctionClass? { .linear }
}

/// `Polynomial(degree: 3)`.
public struct PolynomialClass: FunctionClassMethod {
  public static let name = "Polynomial"
  public static let summary = "Powers of the standardised arguments."
  public static let parameters = [
    MethodParameter("degree", .integer(from: 1, to: 20), default: .integer(3), doc: "the highest power"),
    MethodParameter("interactions", .boolean, default: .boolean(false), doc: "whether products of several arguments count too"),
  ]
  public let functionClass: FunctionClass?
  public init(arguments: MethodArguments) {
    functionClass = .polynomial(degree: arguments.integer("degree"), interactions: arguments.boolean("interactions"))
  }
}

/// `Spline(size: 5)`.
public struct SplineClass: FunctionClassMethod {
  public static let name = "Spline"
  public static let summary = "B-splines with knots at quantiles of the data: smooth functions without a shape given in advance."
  public static let parameters = [
    MethodParameter("size", .integer(from: 2, to: 200), default: .integer(5), doc: "the number of functions for each argument"),
    MethodParameter("degree", .integer(from: 1, to: 5), default: .integer(3), doc: "the degree of the pieces"),
    MethodParameter(
      "interactions", .boolean, default: .boolean(false), doc: "whether splines of several arguments are multiplied"),
  ]
  public let functionClass: FunctionClass?
  public init(arguments: MethodArguments) {
    functionClass = .spline(
      size: arguments.integer("size"), degree: arguments.integer("degree"), interactions: arguments.boolean("interactions"))
  }
}

/// `Tabular()`.
public struct TabularClass: FunctionClassMethod {
  public static let name = "Tabular"
  public static let summary = "A value of its own for every combination of the arguments: for arguments with few values."
  public static let parameters: [MethodParameter] = []
  public init(arguments: MethodArguments) {}
  public var functionClass: FunctionClass? { .tabular }
}

/// `RKHS(Gaussian())`.
public struct HilbertSpace: FunctionClassMethod {
  public static let name = "RKHS"
  public static let summary = "The reproducing kernel Hilbert space of a kernel: any smooth function, held back by its norm."
  public static let parameters = [
    MethodParameter("kernel", .kernel, default: .method(MethodCall("Gaussian")), doc: "the kernel"),
    MethodParameter(
      "rank", .integer(from: 1, to: 100_000), default: .integer(300),
      doc: "the largest number of features (Nystrom); fewer are taken where they give the kernel to 1e-10"),
  ]
  public let functionClass: FunctionClass?
  public init(arguments: MethodArguments) {
    functionClass = .rkhs(arguments.kernel("kernel"), rank: arguments.integer("rank"))
  }
}

/// `Matching()`.
public struct MatchingClass: FunctionClassMethod {
  public static let name = "Matching"
  public static let summary = "For instruments and critics: a class of the same kind as the unknown's, and larger."
  public static let parameters: [MethodParameter] = []
  public init(arguments: MethodArguments) {}
  public var functionClass: FunctionClass? { nil }
}

private let scaleParameter = MethodParameter(
  "scale", .real(from: 0, to: .greatestFiniteMagnitude), default: .real(0),
  doc: "the scale of every argument; 0 takes the median distance of each")

extension MethodArguments {
  fileprivate var scales: [Double] { real("scale") > 0 ? [real("scale")] : [] }
}

/// `Gaussian()`.
public struct GaussianKernel: KernelMethod {
  public static let name = "Gaussian"
  public static let summary = "The kernel exp(-|a - b|^2 / (2 scale^2)): very smooth functions."
  public static let parameters = [
    scaleParameter,
    MethodParameter(
      "mixture", .boolean, default: .boolean(false),
      doc: "whether to take the mean of three: at the scale, ten times and a tenth of it"),
  ]
  public let kernel: Kernel
  public init(arguments: MethodArguments) {
    kernel = Kernel(.gaussian, scales: arguments.scales, multiples: arguments.boolean("mixture") ? [1, 10, 0.1] : [1])
  }
}

/// `Laplace()`.
public struct LaplaceKernel: KernelMethod {
  public static let name = "Laplace"
  public static let summary = "The kernel exp(-|a - b| / scale): functions that may have kinks."
  public static let parameters = [scaleParameter]
  public let kernel: Kernel
  public init(arguments: MethodArguments) { kernel = Kernel(.laplace, scales: arguments.scales) }
}

/// `Matern(order: threeHalves)`.
public struct MaternKernel: KernelMethod {
  public static let name = "Matern"
  public static let summary = "Between Laplace and Gaussian: functions with one or two derivatives."
  public static let parameters = [
    MethodParameter(
      "order", .symbol(["threeHalves", "fiveHalves"]), default: .symbol("fiveHalves"), doc: "the order of the kernel"),
    scaleParameter,
  ]
  public let kernel: Kernel
  public init(arguments: MethodArguments) {
    kernel = Kernel(arguments.symbol("order") == "threeHalves" ? .matern3 : .matern5, scales: arguments.scales)
  }
}
