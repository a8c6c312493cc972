import AleaSemantics

extension Natives {
  // MARK: Data

  static func data(_ core: SessionCore) -> [NativeFunction] {
    []
  }
}
