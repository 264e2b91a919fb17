import Tensors

// Comparisons, and what looks at more than one element at a time.

private struct Closeness {
  var relative = 1e-5, absolute = 1e-8
  static var options: Options<Closeness> {
    Options(Closeness(), [
      Field("rtol", .number(in: 0...1e30), \.relative, "of the other's size; 1e-5 by default"),
      Field("atol", .number(in: 0...1e30), \.absolute, "whatever the size; 1e-8 by default"),
    ])
  }
}

extension Tensor {
  private static let comparisons: [(Comparison, words: String)] = [
    (.lt, "less than"), (.le, "at most"), (.gt, "greater than"), (.ge, "at least"), (.eq, "equal to"), (.ne, "other than"),
  ]

  static func compared(_ start: LuaType<Tensor>) -> LuaType<Tensor> {
    comparisons.reduce(start) { type, one in
      type.method(one.0.rawValue, "1 where an element is \(one.words) a number or a tensor's, 0 elsewhere: for flux.where, or to be counted by :sum().",
              .required("x", Operand2.reader, "what it is compared with; shapes are matched as in NumPy"), returns: "flux.Tensor") { tensor, _, x in
        try combined(.tensor(tensor), x) { one.0($0, $1) }
      }
    }
    .method("allclose", "Whether all elements are near a number's or a tensor's: |a − b| ≤ atol + rtol·|b|, as NumPy's.",
            .required("x", Operand2.reader, "what it is compared with; shapes are matched as in NumPy"), .options(Closeness.options), returns: "boolean") { tensor, _, x, near in
      guard let shape = broadcast(tensor.shape, x.tensor.shape) else { throw LuaError("tensors of shape \(tensor.shape) and \(x.tensor.shape) do not go together") }
      _ = try product(shape)
      return isClose(tensor, x.tensor, relative: near.relative, absolute: near.absolute)
    }
  }

  static func products(_ start: LuaType<Tensor>) -> LuaType<Tensor> {
    start
      .method("matmul", "The matrix product over the last two axes, as NumPy's: the axes before them are broadcast, a vector is a row or a column.",
              .required("other", Reader<Tensor>.object, "[…, n, k] for […, m, n]"), returns: "flux.Tensor|number") { a, _, b in
        guard let shape = shapeOfProduct(a.shape, b.shape) else { throw LuaError("tensors of shape \(a.shape) and \(b.shape) do not go together: the last axis of the first must be as long as the second last of the other") }
        _ = try product(shape)
        // Two vectors: a number, as everything else that has no axis left.
        if shape.isEmpty { return Several(a.dot(b)) }
        return Several(try matmul(a, b))
      }
      .method("blur", "A Gaussian blur over the last two axes (over the only one of a list), up to the distance 4 sigma; beyond the borders the outermost element goes on. SciPy's gaussian_filter with mode=\"nearest\".",
              .required("sigma", .number(in: 0...widestBlur), "how far it reaches, in elements; 0 changes nothing"), returns: "flux.Tensor") { tensor, _, sigma in tensor.blurred(sigma: sigma) }
  }
}
