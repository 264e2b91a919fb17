import Tensors

/// A part of a model that is read when it is first asked for, and may be let go.
final class Lazy<Part> {
  private let make: () throws -> Part
  private var part: Part?
  /// Called before the part is read: where something else has to go first.
  var makesRoom: (() -> Void)?

  init(_ make: @escaping () throws -> Part) { self.make = make }

  func callAsFunction() throws -> Part {
    if let part { return part }
    makesRoom?()
    let made = try make()
    // What lay ready for reading is of no use to the steps.
    BufferPool.shared.drain()
    part = made
    return made
  }

  /// Lets the part go; it is read again when it is next asked for.
  func release() {
    guard part != nil else { return }
    part = nil
    BufferPool.shared.drain()
  }
}
