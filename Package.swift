// swift-tools-version: 6.2
import PackageDescription

/// The continuous integration turns warnings into errors.
let settings: [SwiftSetting] =
  Context.environment["ALEA_WARNINGS_AS_ERRORS"] == nil ? [] : [.treatAllWarnings(as: .error)]

// The house, left to right: a target imports only what stands before it.
let package = Package(
  name: "Alea",
  products: [
    .library(name: "Alea", targets: ["Alea"]),
    // The prompt, for programs that add to the language; it needs GNU readline.
    .library(name: "AleaREPL", targets: ["AleaREPL"]),
    // For programs in C, and for the Python package.
    .library(name: "alea-c", type: .dynamic, targets: ["AleaC"]),
    .executable(name: "alea", targets: ["AleaCommand"]),
    .executable(name: "alea-bench", targets: ["alea-bench"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/attaswift/BigInt", from: "6.0.0"),
  ],
  targets: [
    // System libraries, each behind a module of its own.
    .systemLibrary(name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
    .systemLibrary(name: "CLAPACKE", pkgConfig: "lapacke", providers: [.apt(["liblapacke-dev"])]),
    .systemLibrary(name: "CSuiteSparse", providers: [.apt(["libsuitesparse-dev"])]),
    .systemLibrary(name: "CGLPK", providers: [.apt(["libglpk-dev"])]),
    .systemLibrary(name: "CGMP", providers: [.apt(["libgmp-dev"])]),
    .systemLibrary(name: "CReadline", providers: [.apt(["libreadline-dev"])]),

    .target(name: "CBoostMath"),

    // The language.
    .target(name: "AleaSyntax"),
    .target(name: "AleaModel", dependencies: ["AleaSyntax", "CBoostMath", "CGMP"]),
    .target(name: "AleaSemantics", dependencies: ["AleaSyntax", "AleaModel"]),
    .target(name: "AleaPrism", dependencies: ["AleaSyntax", "AleaModel"]),

    // The machinery.
    .target(name: "AleaNumerics", dependencies: ["COpenBLAS", "CLAPACKE", "CSuiteSparse", "CGLPK", "CBoostMath", "CLanes"]),
    .target(name: "CLanes"),
    .target(name: "AleaData", dependencies: ["AleaModel"]),
    .target(name: "AleaEngine", dependencies: ["AleaModel", "AleaNumerics", "AleaData", "CLanes"]),
    .target(name: "AleaSolvers", dependencies: ["AleaModel", "AleaNumerics", "AleaData", "AleaEngine", "CGMP"]),
    .target(name: "AleaReport", dependencies: ["AleaSyntax", "AleaModel", "AleaData", "AleaSolvers"]),

    // What a program embeds, and the command: whoever stands on `Alea` sees only what is public.
    .target(
      name: "Alea",
      dependencies: [
        "AleaSyntax", "AleaModel", "AleaSemantics", "AleaPrism", "AleaNumerics", "AleaData", "AleaEngine", "AleaSolvers",
        "AleaReport",
      ],
      resources: [.embedInCode("StdLib")]),
    .target(name: "AleaTerminal", dependencies: ["Alea"], packageAccess: false),
    .target(name: "AleaREPL", dependencies: ["Alea", "AleaTerminal", "CReadline"], packageAccess: false),
    .executableTarget(
      name: "AleaCommand",
      dependencies: ["Alea", "AleaTerminal", "AleaREPL", .product(name: "ArgumentParser", package: "swift-argument-parser")],
      packageAccess: false),

    // The interface for C, on which the Python package stands: the header says what the library implements.
    .systemLibrary(name: "CAlea"),
    .target(name: "AleaC", dependencies: ["Alea", "CAlea"], packageAccess: false),

    // Measurements: the table of figures, and the plain C loops they are compared with.
    .target(name: "CBenchReference"),
    .executableTarget(name: "alea-bench", dependencies: ["Alea", "CBenchReference"]),

    .testTarget(name: "AleaSyntaxTests", dependencies: ["AleaSyntax"], exclude: ["Samples"]),
    .testTarget(name: "AleaModelTests", dependencies: ["AleaModel"]),
    .testTarget(name: "AleaSemanticsTests", dependencies: ["AleaSemantics"]),
    .testTarget(name: "AleaPrismTests", dependencies: ["Alea"], exclude: ["Data"]),
    .testTarget(name: "AleaDataTests", dependencies: ["AleaData"]),
    .testTarget(name: "AleaEngineTests", dependencies: ["AleaEngine"]),
    .testTarget(
      name: "AleaSolversTests", dependencies: ["AleaSolvers", .product(name: "BigInt", package: "BigInt")],
      exclude: ["Data"]),
    .testTarget(name: "AleaReportTests", dependencies: ["AleaReport"]),
    .testTarget(name: "AleaTests", dependencies: ["Alea"], exclude: ["Data", "Embedding"]),
    // What programs outside this package can do: nothing but the public face.
    .testTarget(name: "AleaLibraryTests", dependencies: ["Alea"], packageAccess: false),
    .testTarget(name: "AleaREPLTests", dependencies: ["AleaCommand"], exclude: ["prompt.py"]),
  ],
  swiftLanguageModes: [.v6],
  cxxLanguageStandard: .cxx17
)

for target in package.targets where target.type == .regular || target.type == .executable || target.type == .test {
  target.swiftSettings = (target.swiftSettings ?? []) + settings
}
