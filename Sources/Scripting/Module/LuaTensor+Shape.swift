import Tensors

// Elements, slices, shapes and what a tensor amounts to. Axes and indices count from 1.

extension Tensor {
  static func shaped(_ start: LuaType<Tensor>) -> LuaType<Tensor> {
    start
      .entries("number|flux.Tensor") { tensor, _, key in
        guard case .integer(let index) = key else { return nil }
        // One past the end is nil, so that ipairs ends.
        if let first = tensor.shape.first, index == first + 1 { return LuaValue.nil }
        guard let first = tensor.shape.first, first > 0, (1...first).contains(index) else {
          throw LuaError("index \(index) is outside of the first axis, which has \(tensor.shape.first ?? 0)")
        }
        return tensor.shape.count == 1 ? tensor.values[index - 1] : tensor[index - 1]
      }
      .method("get", "One element.", .rest("index", Reader<Int>.integer, "a place on each axis, from 1"), returns: "number") { tensor, _, index in
        try tensor.element(at: index)
      }
      .mutating("set", "Sets one element: set(i, j, …, value).",
              .rest("index and value", Reader<Double>.number, "a place on each axis, from 1, then the new value")) { box, _, arguments in
        let index = arguments.dropLast().map { Int($0) }
        guard let value = arguments.last, arguments.dropLast().allSatisfy({ $0 == $0.rounded() }) else { throw LuaError("takes whole indices, then a value") }
        let at = try box.value.place(of: index)
        box.value.withMutableFloats { $0[at] = Float(value) }
      }
      .method("narrow", "`length` entries of axis `dim` from entry `from` on, as a copy.", .required("dim", .integer(in: 1...), "the axis, from 1"),
              .required("from", .integer(in: 1...), "the first entry, from 1"),
              .required("length", .integer(in: 1...), "how many entries"), returns: "flux.Tensor") { tensor, _, dim, from, length in
        try tensor.narrowed(axis: dim, from: from, length: length)
      }
      .method("reshape", "The same elements in another shape.",
              .rest("shape", Reader<Int>.integer(in: 1...), "the length of each axis"), returns: "flux.Tensor") { tensor, _, shape in
        guard try product(shape) == tensor.count else { throw LuaError("\(tensor.count) elements do not fill the shape \(shape)") }
        return tensor.reshaped(shape)
      }
      .method("expand", "Axes of 1 repeated to this shape.",
              .rest("shape", Reader<Int>.integer(in: 1...), "the length of each axis"), returns: "flux.Tensor") { tensor, _, shape in
        guard shape.count >= tensor.shape.count, broadcast(tensor.shape, shape) == shape, try product(shape) <= mostElements else {
          throw LuaError("the shape \(tensor.shape) does not expand to \(shape)")
        }
        return tensor.expanded(to: shape)
      }
      .method("permute", "The axes in another order.",
              .rest("axes", Reader<Int>.integer(in: 1...), "every axis once, in the new order"), returns: "flux.Tensor") { tensor, _, axes in
        guard axes.sorted() == Array(1...Swift.max(tensor.shape.count, 1)) else { throw LuaError("takes each of the \(tensor.shape.count) axes once, got \(axes)") }
        return tensor.permuted(axes.map { $0 - 1 })
      }
      .method("dot", "The sum of the products of all elements.",
              .required("other", Reader<Tensor>.object, "as many elements"), returns: "number") { tensor, _, other in
        guard tensor.count == other.count else { throw LuaError("\(tensor.count) and \(other.count) elements do not go together") }
        return tensor.dot(other)
      }
      .method("map", "A function of each element; slow beside the methods above.",
              .required("f", .function.described("a function", annotation: "fun(x: number): number"), "gives the new value of each"), returns: "flux.Tensor") { tensor, call, f in
        try tensor.mapped { try Float(call.lua.call(f, $0, result: .number, of: "map")) }
      }
  }

  /// The most elements that a recipe may ask for: 4 GiB.
  static let mostElements = 1 << 30

  /// The number of elements of a shape, or an error for one that no machine holds.
  static func product(_ shape: [Int]) throws -> Int {
    var count = 1
    for axis in shape {
      let (next, overflow) = count.multipliedReportingOverflow(by: axis)
      guard !overflow, next <= mostElements else { throw LuaError("the shape \(shape) has too many elements; the most is \(mostElements)") }
      count = next
    }
    return count
  }

  private func place(of index: [Int]) throws -> Int {
    guard index.count == shape.count else { throw LuaError("takes \(shape.count) indices for the shape \(shape), got \(index.count)") }
    var at = 0
    for (axis, i) in index.enumerated() {
      guard (1...Swift.max(shape[axis], 1)).contains(i), shape[axis] > 0 else { throw LuaError("index \(i) is outside of axis \(axis + 1), which has \(shape[axis])") }
      at = at * shape[axis] + i - 1
    }
    return at
  }

  private func element(at index: [Int]) throws -> Float {
    let at = try place(of: index)
    return withFloats { $0[at] }
  }

  private func narrowed(axis: Int, from: Int, length: Int) throws -> Tensor {
    guard axis <= shape.count else { throw LuaError("'dim' must be from 1 to \(shape.count), got \(axis)") }
    guard from - 1 + length <= shape[axis - 1] else { throw LuaError("entries \(from) to \(from + length - 1) are outside of axis \(axis), which has \(shape[axis - 1])") }
    let inner = shape[axis...].reduce(1, *), outer = shape[..<(axis - 1)].reduce(1, *)
    var result = shape
    result[axis - 1] = length
    let values = values
    var kept: [Float] = []
    for block in 0..<outer {
      let first = (block * shape[axis - 1] + from - 1) * inner
      kept += values[first..<first + length * inner]
    }
    return Tensor(result, kept)
  }

  private func permuted(_ axes: [Int]) -> Tensor {
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in stride(from: shape.count - 2, through: 0, by: -1) { strides[axis] = strides[axis + 1] * shape[axis + 1] }
    let target = axes.map { shape[$0] }, steps = axes.map { strides[$0] }, values = values
    return Tensor(target, (0..<count).map { flat in
      var rest = flat, at = 0
      for axis in stride(from: target.count - 1, through: 0, by: -1) {
        at += rest % target[axis] * steps[axis]
        rest /= target[axis]
      }
      return values[at]
    })
  }

  static func statistics(_ start: LuaType<Tensor>) -> LuaType<Tensor> {
    let all: [(name: String, summary: String, of: (Tensor) -> Double)] = [
      ("sum", "The sum of all elements, or along an axis.", { $0.sum }), ("mean", "The mean, or along an axis.", { $0.mean }),
      ("std", "The sample standard deviation, or along an axis.", { $0.standardDeviation }),
      ("min", "The least element, or along an axis.", { Double($0.minimum) }), ("max", "The greatest element, or along an axis.", { Double($0.maximum) }),
      ("norm", "The Euclidean norm, or along an axis.", { $0.norm }),
    ]
    return all.reduce(start) { type, one in
      type.method(one.name, one.summary,
              .optional("dim", Reader<Int>.integer(in: 1...), "the axis, from 1; all elements without it"), returns: "number|flux.Tensor") { tensor, _, axis in
        guard let axis else { return Several(one.of(tensor)) }
        guard axis <= tensor.shape.count else { throw LuaError("'dim' must be from 1 to \(tensor.shape.count), got \(axis)") }
        return Several(tensor.reduced(axis: axis - 1, one.of))
      }
    }
  }

  private func reduced(axis: Int, _ f: (Tensor) -> Double) -> Tensor {
    let length = shape[axis], inner = shape[(axis + 1)...].reduce(1, *), outer = shape[..<axis].reduce(1, *), values = values
    let made = (0..<outer * inner).map { index in
      let (o, i) = (index / inner, index % inner)
      return Float(f(Tensor([length], (0..<length).map { values[(o * length + $0) * inner + i] })))
    }
    let rest = Array(shape[..<axis] + shape[(axis + 1)...])
    return Tensor(rest.isEmpty ? [1] : rest, made)
  }
}

/// A tensor as lists in lists.
struct NestedList: LuaPushable {
  let tensor: Tensor
  init(_ tensor: Tensor) { self.tensor = tensor }

  func push(onto lua: Lua) {
    if tensor.shape.count <= 1 { tensor.values.push(onto: lua) } else { (0..<tensor.shape[0]).map { NestedList(tensor[$0]) }.push(onto: lua) }
  }
}
