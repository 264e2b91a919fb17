import Tensors

// Elements, slices, shapes and what a tensor amounts to. Axes and indices count from 1.

extension Tensor {
  static func shaped(_ start: LuaType<Tensor>) -> LuaType<Tensor> {
    start
      .entries("number|flux.Tensor") { tensor, _, key in
        guard let index = key.whole else { return nil }
        // One past the end is nil, so that ipairs ends.
        if let first = tensor.shape.first, index == first + 1 { return LuaValue.nil }
        let slice = try tensor.slice(at: index)
        return slice.shape.isEmpty ? slice.withFloats { $0[0] } : slice
      }
      .settingEntries(Operand2.reader) { box, key, value in
        guard let index = key.value.whole else { throw LuaError("a Tensor has no entry [\(key)] to set") }
        let slice = try box.value.slice(at: index), new = value.tensor
        guard broadcast(slice.shape, new.shape) == slice.shape else { throw LuaError("entry \(index) of shape \(slice.shape) cannot be a Tensor of shape \(new.shape)") }
        let place = (index - 1) * slice.count, spread = new.expanded(to: slice.shape)
        spread.withFloats { from in box.value.withMutableFloats { to in for i in from.indices { to[place + i] = from[i] } } }
      }
      .method("get", "One element.", .rest("index", Reader<Int>.integer, "a place on each axis, from 1"), returns: "number") { tensor, _, index in
        try tensor.element(at: index)
      }
      .mutating("set", "Sets one element: set(i, j, …, value).",
              .rest("index and value", Reader<Double>.number, "a place on each axis, from 1, then the new value")) { box, _, arguments in
        let index = arguments.dropLast().compactMap { Int(exactly: $0) }
        guard let value = arguments.last, index.count == arguments.count - 1 else { throw LuaError("takes whole indices, then a value") }
        let at = try box.value.place(of: index)
        box.value.withMutableFloats { $0[at] = Float(value) }
      }
      .method("narrow", "`length` entries of axis `dim` from entry `from` on, as a copy.", .required("dim", .integer(in: 1...), "the axis, from 1"),
              .required("from", .integer(in: 1...), "the first entry, from 1"),
              .required("length", .integer(in: 1...), "how many entries"), returns: "flux.Tensor") { tensor, _, dim, from, length in
        guard dim <= tensor.shape.count else { throw LuaError("'dim' must be from 1 to \(tensor.shape.count), got \(dim)") }
        guard from <= tensor.shape[dim - 1], length <= tensor.shape[dim - 1] - from + 1 else {
          throw LuaError("\(length) entries from \(from) on are outside of axis \(dim), which has \(tensor.shape[dim - 1])")
        }
        return tensor.narrowed(axis: dim - 1, from - 1..<from - 1 + length)
      }
      .method("reshape", "The same elements in another shape; one axis may be -1, and is as long as the elements make it.",
              .rest("shape", length, "the length of each axis"), returns: "flux.Tensor") { tensor, _, shape in
        tensor.reshaped(try tensor.filled(shape))
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

  /// Entry `index` of the first axis, from 1.
  private func slice(at index: Int) throws -> Tensor {
    guard let first = shape.first, 1...Swift.max(first, 1) ~= index, first > 0 else {
      throw LuaError("index \(index) is outside of the first axis, which has \(shape.first ?? 0)")
    }
    return self[index - 1]
  }

  private static var length: Reader<Int> {
    Reader<Int>("a whole number of at least 1, or -1", "integer") { argument in
      guard let length = argument.lua.integer(at: argument.index), length >= 1 || length == -1 else { throw Mismatch("a whole number of at least 1, or -1", argument) }
      return length
    }
  }

  /// A shape for these elements, with its -1 in numbers.
  private func filled(_ shape: [Int]) throws -> [Int] {
    let known = try Self.product(shape.filter { $0 != -1 }), open = shape.count { $0 == -1 }
    guard open <= 1 else { throw LuaError("only one axis can be -1, got \(shape)") }
    guard open == 0 ? known == count : count % known == 0 else { throw LuaError("\(count) elements do not fill the shape \(shape)") }
    return shape.map { $0 == -1 ? count / known : $0 }
  }

  private static let summaries: [(Reduction, String)] = [
    (.sum, "The sum of all elements, or along an axis."), (.mean, "The mean, or along an axis."), (.std, "The sample standard deviation, or along an axis."),
    (.min, "The least element, or along an axis."), (.max, "The greatest element, or along an axis."), (.norm, "The Euclidean norm, or along an axis."),
  ]

  static func statistics(_ start: LuaType<Tensor>) -> LuaType<Tensor> {
    summaries.reduce(start) { type, one in
      type.method(one.0.rawValue, one.1,
              .optional("dim", Reader<Int>.integer(in: 1...), "the axis, from 1; all elements without it"), returns: "number|flux.Tensor") { tensor, _, axis in
        guard let axis else { return Several(one.0(tensor)) }
        guard axis <= tensor.shape.count else { throw LuaError("'dim' must be from 1 to \(tensor.shape.count), got \(axis)") }
        let made = tensor.reduced(one.0, axis: axis - 1)
        return Several(made.shape.isEmpty ? made.reshaped([1]) : made)
      }
    }
  }
}

extension LuaValue {
  /// As an index: Lua's tables take 2.0 for 2 too.
  var whole: Int? {
    switch self { case .integer(let whole): whole; case .number(let number): Int(exactly: number); default: nil }
  }
}

/// A tensor as lists in lists.
struct NestedList: LuaPushable {
  /// What an entry of a Lua table takes.
  static let bytesPerNumber = 16

  let tensor: Tensor
  init(_ tensor: Tensor) { self.tensor = tensor }

  func push(onto lua: Lua) {
    if tensor.shape.count <= 1 { tensor.values.push(onto: lua) } else { (0..<tensor.shape[0]).map { NestedList(tensor[$0]) }.push(onto: lua) }
  }
}
