/// The way back to an object from what the object owns, or what may outlive it: nil once the object is gone.
///
/// The object clears it in its `deinit`. A weak reference needs no such care, but makes every retain of its object take
/// the slow path, and `Lua` and a run are retained at every call over the border.
final class BackReference<Value: AnyObject> {
  private(set) unowned(unsafe) var value: Value?

  func set(_ value: Value) { self.value = value }
  func clear() { value = nil }
}
