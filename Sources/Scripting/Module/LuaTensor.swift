import Checkpoints
import Denoising
import Foundation
import Tensors

/// Tensors as recipes hold them: arithmetic gives new ones, methods that end in `_` change the one in hand.
extension Tensor: LuaObject {
  package static var luaName: String { "Tensor" }
  package var luaBytes: Int { count * 4 }

  static var type: LuaType<Tensor> {
    products(compared(arithmetic(inPlace(shaped(statistics(LuaType<Tensor>("An array of 32-bit floats: latents, noise, embeddings.").later("fft", "ifft")))))))
      .property("shape", "integer[]", "The length of each axis.") { $0.shape }
      .method("totable", "All elements as nested lists.", returns: "table") { tensor, call in
        // Lua's limit is looked at once Swift has returned: too late for what no memory holds.
        guard tensor.count <= call.lua.limits.memory.bytes / NestedList.bytesPerNumber else {
          throw LuaError("\(tensor.count) numbers are more than --lua-memory \(call.lua.limits.memory.written) holds as a table")
        }
        return NestedList(tensor)
      }
      .method("clone", "A copy.", returns: "flux.Tensor") { tensor, _ in tensor }
      .text(describe)
  }

  private static func describe(_ tensor: Tensor) -> String {
    let odd = tensor.withFloats { $0.count { !$0.isFinite } }
    return "Tensor \(tensor.shape) mean \(short(tensor.mean)) std \(short(tensor.standardDeviation)) min \(short(Double(tensor.minimum))) max \(short(Double(tensor.maximum)))"
      + (odd > 0 ? ", \(odd) not finite" : "")
  }

  private static func short(_ value: Double) -> String { value.isNaN ? "nan" : String(format: "%.4g", value) }
}

// Arithmetic: NumPy's broadcasting, numbers on either side.

/// What may stand beside a tensor; a number is a tensor without axes.
enum Operand2 {
  case number(Float), tensor(Tensor)

  static var reader: Reader<Operand2> {
    Reader<Double>.number.map { Operand2.number(Float($0)) }.or(Reader<Tensor>.object.map { Operand2.tensor($0) })
      .described("a number or a Tensor", annotation: "number|flux.Tensor")
  }

  var tensor: Tensor { switch self { case .number(let number): Tensor([], [number]); case .tensor(let tensor): tensor } }
}

extension Tensor {
  typealias Operation = @Sendable (Tensor, Tensor) -> Tensor

  /// An operation on two shapes that meet, and whose result is not too large.
  static func combined(_ a: Operand2, _ b: Operand2, _ f: Operation) throws -> Tensor {
    let (a, b) = (a.tensor, b.tensor)
    guard let shape = broadcast(a.shape, b.shape) else { throw LuaError("tensors of shape \(a.shape) and \(b.shape) do not go together") }
    _ = try product(shape)
    return f(a, b)
  }

  private static let operations: [(name: String, verb: String, f: Operation)] = [
    ("add", "plus", { $0 + $1 }), ("sub", "minus", { $0 - $1 }), ("mul", "times", { $0 * $1 }), ("div", "over", { $0 / $1 }),
    ("pow", "to the power of", Tensor.power),
  ]

  fileprivate static func arithmetic(_ start: LuaType<Tensor>) -> LuaType<Tensor> {
    var type = start.unary("unm") { -$0 }.unary("len") { $0.shape.first ?? 0 }
      .metamethod("__eq", named: "tensor") { call in
        guard let a = call.lua.box(at: 1, of: Tensor.self)?.value, let b = call.lua.box(at: 2, of: Tensor.self)?.value else { return call.give(false) }
        return call.give(a.equals(b))
      }
    for (name, verb, f) in operations {
      type = type.binary(name, Operand2.reader, Operand2.reader) { try combined($0, $1, f) }
      type = type.method(name, "The tensor \(verb) a number or a tensor.",
              .required("x", Operand2.reader, "the other operand; shapes are matched as in NumPy"), returns: "flux.Tensor") { tensor, _, x in
        try combined(.tensor(tensor), x, f)
      }
    }
    return type
  }

  fileprivate static func inPlace(_ start: LuaType<Tensor>) -> LuaType<Tensor> {
    var type = start
    for (name, verb, f) in operations {
      type = type.mutating("\(name)_", "The same tensor \(verb) a number or a tensor, in place.",
              .required("x", Operand2.reader, "the other operand; shapes are matched as in NumPy")) { box, _, x in
        let made = try combined(.tensor(box.value), x, f)
        guard made.shape == box.value.shape else { throw LuaError("the result of shape \(made.shape) does not fit into \(box.value.shape)") }
        box.value = made
      }
    }
    for (name, summary, f) in functions {
      type = type.method(name, summary, returns: "flux.Tensor") { tensor, _ in f(tensor) }
        .mutating("\(name)_", "\(summary) In place.") { box, _ in box.value = f(box.value) }
    }
    return type
      .method("clamp", "No element below `low` or above `high`.",
              .required("low", .number, "the least"), .required("high", .number, "the greatest"), returns: "flux.Tensor") { tensor, _, low, high in
        try tensor.clamped(low, high)
      }
      .mutating("clamp_", "The same in place.", .required("low", .number, "the least"), .required("high", .number, "the greatest")) { box, _, low, high in
        box.value = try box.value.clamped(low, high)
      }
      .mutating("fill_", "Every element this number.", .required("value", .number, "the number")) { box, _, value in
        box.value = Tensor(repeating: Float(value), box.value.shape)
      }
  }

  private func clamped(_ low: Double, _ high: Double) throws -> Tensor {
    guard low <= high else { throw LuaError("'low' (\(LuaValue.text(of: low, integer: Int(exactly: low)))) must not be above 'high' (\(LuaValue.text(of: high, integer: Int(exactly: high))))") }
    let (least, most) = (Float(low), Float(high))
    return mapped { Swift.min(Swift.max($0, least), most) }
  }

  private static let functions: [(name: String, summary: String, f: @Sendable (Tensor) -> Tensor)] = [
    ("abs", "Each element without its sign.", { $0.mapped { Swift.abs($0) } }), ("exp", "e to the power of each element.", { $0.mapped { Foundation.exp($0) } }),
    ("log", "The natural logarithm of each element.", { $0.mapped { Foundation.log($0) } }), ("sqrt", "The square root of each element.", { $0.mapped { $0.squareRoot() } }),
    ("tanh", "The hyperbolic tangent of each element.", { $0.mapped { Foundation.tanh($0) } }),
    ("sigmoid", "1 / (1 + e^−x) of each element.", { $0.mapped { 1 / (1 + Foundation.exp(-$0)) } }),
    ("round", "Each element to the nearest whole number, halves to even.", { $0.mapped { $0.rounded(.toNearestOrEven) } }),
  ]
}
