import CCodecs

/// A box by its top left corner and its size, in pixels and parts of them.
public struct Box: Equatable, Sendable {
  public var x: Double, y: Double, width: Double, height: Double

  public init(x: Double, y: Double, width: Double, height: Double) {
    (self.x, self.y, self.width, self.height) = (x, y, width, height)
  }

  var inC: canvas_box { canvas_box(x: x, y: y, width: width, height: height) }
}
