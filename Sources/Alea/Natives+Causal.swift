import AleaSemantics

extension Natives {
  // MARK: Causal models

  static func causal(_ core: SessionCore) -> [NativeFunction] {
    []
  }
}
