/// A dense, row-major array of 32-bit floats: latents, embeddings, activations, the residual stream.
///
/// ```swift
/// let x = Tensor([2, 3], [1, 2, 3, 4, 5, 6])
/// x[1].values                       // [4, 5, 6]
/// (x + 0.5 * x).shape               // [2, 3]
/// ```
/// A value: copies share their bytes until one of them is written. The only view is a slice of the first axis.
public struct Tensor: Sendable {
  public let shape: [Int]
  package private(set) var storage: Storage
  package private(set) var offset: Int          // floats from the start of the storage

  /// The number of elements.
  public var count: Int { shape.reduce(1, *) }

  /// A tensor whose elements are still to be written.
  package init(uninitialized shape: [Int]) {
    precondition(shape.allSatisfy { $0 >= 0 }, "negative axis in \(shape)")
    self.shape = shape
    self.storage = Storage(count: shape.reduce(1, *) * 4)
    self.offset = 0
  }

  package init(_ shape: [Int], storage: Storage, offset: Int) {
    precondition((offset + shape.reduce(1, *)) * 4 <= storage.count, "shape \(shape) reaches past its storage")
    self.shape = shape
    self.storage = storage
    self.offset = offset
  }

  /// Every element `value`.
  public init(repeating value: Float, _ shape: [Int]) {
    self.init(uninitialized: shape)
    withMutableFloats { $0.update(repeating: value) }
  }

  public static func zeros(_ shape: [Int]) -> Tensor { Tensor(repeating: 0, shape) }

  /// The elements of `values` in row-major order; there must be as many as `shape` holds.
  public init(_ shape: [Int], _ values: [Float]) {
    precondition(values.count == shape.reduce(1, *), "\(values.count) values for shape \(shape)")
    self.init(uninitialized: shape)
    withMutableFloats { floats in
      values.withUnsafeBufferPointer { if let from = $0.baseAddress { floats.baseAddress?.update(from: from, count: values.count) } }
    }
  }

  /// All elements in row-major order.
  public var values: [Float] { withFloats { Array($0) } }

  public func withFloats<R>(_ body: (UnsafeBufferPointer<Float>) throws -> R) rethrows -> R {
    try body(UnsafeBufferPointer(start: floats, count: count))
  }

  /// Writes in place, after copying the bytes if anybody else holds them.
  public mutating func withMutableFloats<R>(_ body: (UnsafeMutableBufferPointer<Float>) throws -> R) rethrows -> R {
    if !isKnownUniquelyReferenced(&storage) || !storage.isOwned {
      let copy = Storage(count: count * 4)
      copy.start.copyMemory(from: floats, byteCount: count * 4)
      storage = copy
      offset = 0
    }
    let start = storage.start.assumingMemoryBound(to: Float.self) + offset
    return try body(UnsafeMutableBufferPointer(start: start, count: count))
  }

  /// Valid while this tensor is; for the kernels, which never keep it.
  package var floats: UnsafePointer<Float> { UnsafePointer(storage.start.assumingMemoryBound(to: Float.self)) + offset }

  /// One slice of the first axis, sharing its bytes.
  public subscript(index: Int) -> Tensor {
    precondition(index >= 0 && index < (shape.first ?? 0), "index \(index) outside shape \(shape)")
    let rest = Array(shape.dropFirst())
    return Tensor(rest, storage: storage, offset: offset + index * rest.reduce(1, *))
  }

  /// A range of the first axis, sharing its bytes.
  public subscript(range: Range<Int>) -> Tensor {
    precondition(range.lowerBound >= 0 && range.upperBound <= (shape.first ?? 0), "range \(range) outside shape \(shape)")
    let rest = Array(shape.dropFirst())
    return Tensor([range.count] + rest, storage: storage, offset: offset + range.lowerBound * rest.reduce(1, *))
  }

  /// The same elements under another shape of equal size.
  public func reshaped(_ shape: [Int]) -> Tensor {
    precondition(shape.reduce(1, *) == count, "\(self.shape) cannot be read as \(shape)")
    return Tensor(shape, storage: storage, offset: offset)
  }

  /// Rows of everything but the last axis.
  package var rows: Int { shape.dropLast().reduce(1, *) }
  /// The last axis.
  package var width: Int { shape.last ?? 1 }

  /// `parts` one after the other along the first axis.
  public static func concatenated(_ parts: [Tensor]) -> Tensor {
    precondition(!parts.isEmpty && parts.allSatisfy { $0.shape.dropFirst() == parts[0].shape.dropFirst() },
                 "parts of unlike shape: \(parts.map(\.shape))")
    var whole = Tensor(uninitialized: [parts.reduce(0) { $0 + $1.shape[0] }] + parts[0].shape.dropFirst())
    whole.withMutableFloats { floats in
      var at = floats.baseAddress
      for part in parts { at?.update(from: part.floats, count: part.count); at = at.map { $0 + part.count } }
    }
    return whole
  }

  /// `parts`, all of one shape, along a new first axis.
  public static func stacked(_ parts: [Tensor]) -> Tensor {
    concatenated(parts.map { $0.reshaped([1] + $0.shape) })
  }

  /// Whether every element is a number.
  public var isFinite: Bool { withFloats { $0.allSatisfy(\.isFinite) } }
}
