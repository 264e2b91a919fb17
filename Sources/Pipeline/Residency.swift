/// A part of a model that is read when it is first asked for, and may be let go.
final class Lazy<Part> {
  private let make: () throws -> Part
  private var part: Part?

  init(_ make: @escaping () throws -> Part) { self.make = make }

  func callAsFunction() throws -> Part {
    if let part { return part }
    let made = try make()
    part = made
    return made
  }
}
