import CLua

/// A Swift function that Lua can call: name, summary, parameters and body in one expression.
///
/// ```swift
/// LuaFunction("hypot", "The long side of a right triangle.",
///             .required("a", .number), .required("b", .number), returns: "number") { call, a, b in (a * a + b * b).squareRoot() }
/// ```
package final class LuaFunction {
  package let name: String
  package let summary: String
  package let parameters: [ParameterDescription]
  /// The result in LuaLS annotations; empty when there is none.
  package let returns: String
  /// Answers with the number of results on the stack.
  let run: (Call) throws -> Int32

  init(name: String, summary: String, parameters: [ParameterDescription], returns: String, run: @escaping (Call) throws -> Int32) {
    self.name = name
    self.summary = summary
    self.parameters = parameters
    self.returns = returns
    self.run = run
  }

  package convenience init<each P, R: LuaPushable>(
    _ name: String, _ summary: String, _ parameters: repeat Parameter<each P>, returns: String,
    body: @escaping (Call, repeat each P) throws -> R
  ) {
    let reading = Reading(repeat each parameters)
    self.init(name: name, summary: summary, parameters: reading.descriptions, returns: returns) { call in
      let result = try body(call, repeat each reading.values(of: call, from: 1))
      return call.give(result)
    }
  }

  package convenience init<each P>(
    _ name: String, _ summary: String, _ parameters: repeat Parameter<each P>,
    body: @escaping (Call, repeat each P) throws -> Void
  ) {
    let reading = Reading(repeat each parameters)
    self.init(name: name, summary: summary, parameters: reading.descriptions, returns: "") { call in
      try body(call, repeat each reading.values(of: call, from: 1))
      return 0
    }
  }

  package convenience init<each P>(
    _ name: String, _ summary: String, _ parameters: repeat Parameter<each P>, returns: String,
    body: @escaping (Call, repeat each P) throws -> Several
  ) {
    let reading = Reading(repeat each parameters)
    self.init(name: name, summary: summary, parameters: reading.descriptions, returns: returns) { call in
      call.give(try body(call, repeat each reading.values(of: call, from: 1)))
    }
  }
}

/// The arguments of a function, as a tuple of their values.
struct Reading<each P> {
  private let parameters: (repeat Parameter<each P>)
  let descriptions: [ParameterDescription]

  init(_ parameters: repeat Parameter<each P>) {
    var descriptions: [ParameterDescription] = []
    for parameter in repeat each parameters { descriptions.append(parameter.description) }
    self.descriptions = descriptions
    self.parameters = (repeat each parameters)
  }

  func values(of call: Call, from first: Int32) throws -> (repeat each P) {
    var position = first
    let values = (repeat try (each parameters).read(call, &position))
    guard call.count < position else {
      let most = position - first, got = call.count - first + 1
      throw LuaError("takes \(most == 0 ? "no arguments" : most == 1 ? "one argument" : "at most \(most) arguments"), got \(got)")
    }
    return values
  }
}

extension Call {
  func give(_ result: some LuaPushable) -> Int32 {
    clua_reserve(lua.current, 8)
    result.push(onto: lua)
    return 1
  }

  func give(_ results: Several) -> Int32 {
    clua_reserve(lua.current, Int32(results.values.count) + 8)
    for value in results.values { value.push(onto: lua) }
    return Int32(results.values.count)
  }
}

extension Lua {
  /// Where the function stands among those that C may ask for.
  func number(of function: LuaFunction) -> Int32 {
    if let known = functions.lastIndex(where: { $0 === function }) { return Int32(known) }
    functions.append(function)
    return Int32(functions.count - 1)
  }
}
