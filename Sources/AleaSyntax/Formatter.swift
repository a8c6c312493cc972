/// Layout of programs.
public enum Formatter {
  public static func format(_ file: SourceFile) throws(DiagnosticError) -> String {
    String(decoding: file.bytes, as: UTF8.self)
  }
}
