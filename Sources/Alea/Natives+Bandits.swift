import AleaSemantics

extension Natives {
  // MARK: Bandits

  static func bandits(_ core: SessionCore) -> [NativeFunction] {
    []
  }
}
