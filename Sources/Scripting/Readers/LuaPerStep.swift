import CLua

/// A value for each step as a recipe writes it: a number, a list or a function of the step.
package enum LuaPerStep<Value> {
  case constant(Value)
  /// Holds its last value.
  case list([Value])
  case function(LuaReference, result: Reader<Value>, name: String)

  var isFunction: Bool { if case .function = self { true } else { false } }

  /// The value at the step with this index, from 1.
  package func value(at index: Int, of step: @autoclosure () -> any LuaPushable, in lua: Lua) throws -> Value? {
    switch self {
    case .constant(let value): value
    case .list(let values): index <= values.count ? values[index - 1] : values.last
    case .function(let function, let result, let name): try lua.call(function, step(), result: result, of: name)
    }
  }
}

extension LuaPerStep {
  /// The one value of all steps; nil where they differ.
  var number: Value? { if case .constant(let value) = self { value } else { nil } }
}

extension Reader {
  /// `name` is the option, for errors of the function's result.
  package static func perStep<Element>(_ element: Reader<Element>, named name: String) -> Reader
  where Value == LuaPerStep<Element> {
    let expected = "\(element.expected), a list of them, or a function of the step"
    let annotation = "\(element.annotation)|\(element.annotation)[]|fun(step: flux.Step): \(element.annotation)"
    let list = Reader<[Element]>.list(of: element, atLeast: 1)
    return Reader(expected, annotation) { argument in
      switch argument.type {
      case CLUA_FUNCTION: return .function(LuaReference(argument.lua, at: argument.index), result: element, name: name)
      case CLUA_TABLE: return .list(try list.read(argument))
      default:
        do { return .constant(try element.read(argument)) } catch let mismatch as Mismatch { throw mismatch.isTelling ? mismatch : Mismatch(expected, argument) }
      }
    }
  }
}
