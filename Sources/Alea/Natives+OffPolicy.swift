import AleaSemantics

extension Natives {
  // MARK: Logged decisions

  static func offPolicy(_ core: SessionCore) -> [NativeFunction] {
    []
  }
}
