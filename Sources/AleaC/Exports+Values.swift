// The functions of alea.h about values; what they do and promise stands there.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import Alea
import CAlea

@c @implementation public func alea_value_kind(_ value: OpaquePointer?) -> alea_kind {
  Library.values[value]?.kind ?? ALEA_NOTHING
}

@c @implementation public func alea_value_type(_ value: OpaquePointer?) -> UnsafePointer<CChar>? {
  Library.values[value]?.text("type") { $0.value.kindDescription }
}

@c @implementation public func alea_value_number(
  _ value: OpaquePointer?, _ number: UnsafeMutablePointer<Double>?
) -> alea_status {
  number?.pointee = 0
  guard let number, let box = Library.values[value] else { return ALEA_MISUSE }
  if case .boolean(let flag) = box.value {
    number.pointee = flag ? 1 : 0
  } else if let found = box.value.number {
    number.pointee = found
  } else {
    return ALEA_MISUSE
  }
  return ALEA_OK
}

@c @implementation public func alea_value_json(_ value: OpaquePointer?) -> UnsafePointer<CChar>? {
  Library.values[value]?.text("json") { $0.value.json.text }
}

@c @implementation public func alea_value_text(_ value: OpaquePointer?) -> UnsafePointer<CChar>? {
  Library.values[value]?.text("text") { $0.printed }
}

@c @implementation public func alea_value_members(_ value: OpaquePointer?) -> UnsafePointer<CChar>? {
  Library.values[value]?.text("members") { box in
    JSONValue.array(
      box.members.map { .object([.init("name", .string($0.name)), .init("summary", .string($0.summary))]) }
    ).text
  }
}

@c @implementation public func alea_value_member(
  _ value: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ member: UnsafeMutablePointer<OpaquePointer?>?
) -> alea_status {
  member?.pointee = nil
  guard let member, let box = Library.values[value], let name = CText.read(name), let found = box.member(name) else {
    return ALEA_MISUSE
  }
  member.pointee = Library.values.add(box.derived(found))
  return ALEA_OK
}

@c @implementation public func alea_value_count(_ value: OpaquePointer?) -> Int64 {
  Int64(Library.values[value]?.count ?? 0)
}

@c @implementation public func alea_value_element(
  _ value: OpaquePointer?, _ position: Int64, _ element: UnsafeMutablePointer<OpaquePointer?>?
) -> alea_status {
  element?.pointee = nil
  guard let element, let box = Library.values[value], let found = box.element(position) else { return ALEA_MISUSE }
  element.pointee = Library.values.add(box.derived(found))
  return ALEA_OK
}

@c @implementation public func alea_value_arrays(_ value: OpaquePointer?) -> UnsafePointer<CChar>? {
  Library.values[value]?.text("arrays") { JSONValue.array($0.value.arrayNames.map { .string($0) }).text }
}

@c @implementation public func alea_value_array(
  _ value: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ array: UnsafeMutablePointer<alea_array>?
) -> alea_status {
  array?.pointee = alea_array()
  guard let array, let box = Library.values[value], let name = CText.read(name), let found = box.array(name) else {
    return ALEA_MISUSE
  }
  array.pointee = found
  return ALEA_OK
}

@c @implementation public func alea_free(_ value: OpaquePointer?) { Library.values.remove(value) }
