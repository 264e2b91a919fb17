import CLua

/// A Swift type whose values can be handed to Lua as objects, under this name.
package protocol LuaObject: LuaPushable {
  static var luaName: String { get }
  /// What a value weighs outside of Lua's memory, so that Lua's collector knows what it would free.
  var luaBytes: Int { get }
}

extension LuaObject {
  package var luaBytes: Int { 0 }
  package func push(onto lua: Lua) { lua.pushObject(self) }
}

/// What Lua holds of a Swift value.
package class Held {
  /// Its weight when it was handed over.
  let bytes: Int
  init(bytes: Int) { self.bytes = bytes }
}

package final class Box<Value>: Held {
  package var value: Value
  init(_ value: Value, bytes: Int) {
    self.value = value
    super.init(bytes: bytes)
  }
}

/// The face of a Swift type in Lua: properties, methods and metamethods, declared one after the other.
///
/// ```swift
/// lua.register(LuaType<Counter>("A thing that counts.")
///   .property("count", "integer", "How far it has come.") { $0.count }
///   .method("add", "Counts on.", .required("n", .integer)) { counter, call, n in counter.count += n })
/// ```
package struct LuaType<Value: LuaObject> {
  package let summary: String
  package private(set) var properties: [PropertyDescription] = []
  package private(set) var methods: [LuaFunction] = []
  private(set) var getters: [(name: String, function: LuaFunction)] = []
  private(set) var setters: [(name: String, function: LuaFunction)] = []
  private(set) var metamethods: [(name: String, function: LuaFunction)] = []
  private(set) var operators: [OperatorDescription] = []
  private(set) var entryAnnotation: String?, callAnnotation: String?
  private(set) var laterNames: [String] = []
  private(set) var entry: ((Value, Call, LuaValue) throws -> (any LuaPushable)?)?
  private(set) var setEntry: ((Box<Value>, Call) throws -> Void)?
  var name: String { Value.luaName }

  package init(_ summary: String) { self.summary = summary }

  package func property(_ name: String, _ annotation: String, _ summary: String,
                        get: @escaping (Value) throws -> some LuaPushable) -> LuaType {
    var type = self
    type.properties.append(PropertyDescription(name: name, annotation: annotation, summary: summary, isWritable: false))
    type.getters.append((name, function("\(name)") { $0.give(try get($1.value)) }))
    return type
  }

  package func property<New>(_ name: String, _ reader: Reader<New>, _ summary: String, get: @escaping (Value) throws -> some LuaPushable,
                             set: @escaping (Box<Value>, Call, New) throws -> Void) -> LuaType {
    var type = property(name, reader.annotation, summary, get: get)
    type.properties[type.properties.count - 1].isWritable = true
    type.setters.append((name, function("\(name)") { call, box in
      do { try set(box, call, try reader.read(call.argument(2))) } catch let mismatch as Mismatch {
        throw LuaError(mismatch.predicate)
      }
      return 0
    }))
    return type
  }

  package func method<each P, R: LuaPushable>(
    _ name: String, _ summary: String, _ parameters: repeat Parameter<each P>, returns: String,
    body: @escaping (Value, Call, repeat each P) throws -> R
  ) -> LuaType {
    let reading = Reading(repeat each parameters)
    return adding(name, summary, reading.descriptions, returns) { call, box in
      call.give(try body(box.value, call, repeat each reading.values(of: call, from: 2)))
    }
  }

  package func method<each P>(
    _ name: String, _ summary: String, _ parameters: repeat Parameter<each P>,
    body: @escaping (Value, Call, repeat each P) throws -> Void
  ) -> LuaType {
    let reading = Reading(repeat each parameters)
    return adding(name, summary, reading.descriptions, "") { call, box in
      try body(box.value, call, repeat each reading.values(of: call, from: 2))
      return 0
    }
  }

  package func method<each P>(
    _ name: String, _ summary: String, _ parameters: repeat Parameter<each P>, returns: String,
    body: @escaping (Value, Call, repeat each P) throws -> Several
  ) -> LuaType {
    let reading = Reading(repeat each parameters)
    return adding(name, summary, reading.descriptions, returns) { call, box in
      call.give(try body(box.value, call, repeat each reading.values(of: call, from: 2)))
    }
  }

  /// A method that changes the value in its box, and returns the object itself.
  package func mutating<each P>(
    _ name: String, _ summary: String, _ parameters: repeat Parameter<each P>,
    body: @escaping (Box<Value>, Call, repeat each P) throws -> Void
  ) -> LuaType {
    let reading = Reading(repeat each parameters)
    return adding(name, summary, reading.descriptions, "flux.\(self.name)") { call, box in
      try body(box, call, repeat each reading.values(of: call, from: 2))
      clua_push_copy(call.lua.current, 1)
      return 1
    }
  }

  /// `__tostring`: one informative line.
  package func text(_ body: @escaping (Value) -> String) -> LuaType {
    metamethod("__tostring", named: "tostring") { call in
      guard let box = call.lua.box(at: 1, of: Value.self) else { return call.give("\(Value.luaName) (closed)") }
      return call.give(body(box.value))
    }
  }

  /// A metamethod of two operands, either of which may be something else.
  package func binary<A, B, R: LuaPushable>(_ name: String, _ left: Reader<A>, _ right: Reader<B>,
                                            body: @escaping (A, B) throws -> R) -> LuaType {
    stating(name, left.annotation == "flux.\(self.name)" ? right.annotation : left.annotation, R.self).metamethod("__\(name)", named: name) { call in
      func operand<T>(_ reader: Reader<T>, _ position: Int32) throws -> T {
        do { return try reader.read(call.argument(position)) } catch is Mismatch {
          throw LuaError("\(call.argument(1)) and \(call.argument(2)) do not go together")
        }
      }
      return call.give(try body(operand(left, 1), operand(right, 2)))
    }
  }

  package func unary<R: LuaPushable>(_ name: String, body: @escaping (Value) throws -> R) -> LuaType {
    stating(name, "", R.self).metamethod("__\(name)", named: name) { call in
      call.give(try body(try call.lua.opened(at: 1, as: Value.self, for: nil).value))
    }
  }

  private func stating<R>(_ name: String, _ operands: String, _ result: R.Type) -> LuaType {
    var type = self
    let returns = (result as? any LuaObject.Type).map { "flux.\($0.luaName)" } ?? (result == Int.self ? "integer" : "any")
    type.operators.append(OperatorDescription(name: name, operands: operands.split(separator: "|").map(String.init), returns: returns))
    return type
  }

  /// What is called like a function, with its arguments and results in LuaLS annotations: `(x: number): number`.
  func callable(_ annotation: String, _ run: @escaping (Call) throws -> Int32) -> LuaType {
    var type = metamethod("__call", named: name.lowercased(), run)
    type.callAnnotation = annotation
    return type
  }

  /// Any metamethod, by hand.
  func metamethod(_ metamethod: String, named name: String, _ run: @escaping (Call) throws -> Int32) -> LuaType {
    var type = self
    type.metamethods.append((metamethod, LuaFunction(name: name, summary: "", parameters: [], returns: "", run: run)))
    return type
  }

  /// Names that belong to the product, but not to this version.
  package func later(_ names: String...) -> LuaType {
    var type = self
    type.laterNames += names
    return type
  }

  /// What `object[key]` gives when the key is no name of a property or method; nil for an unknown one.
  package func entries(_ annotation: String = "any", _ get: @escaping (Value, Call, LuaValue) throws -> (any LuaPushable)?) -> LuaType {
    var type = self
    (type.entry, type.entryAnnotation) = (get, annotation)
    return type
  }

  /// What `object[key] = value` does when the key is no name.
  func settingEntries<New>(_ reader: Reader<New>, _ set: @escaping (Box<Value>, Argument, New) throws -> Void) -> LuaType {
    var type = self
    type.setEntry = { box, call in
      let key = call.argument(2)
      do { try set(box, key, try reader.read(call.argument(3))) } catch let mismatch as Mismatch { throw LuaError("entry [\(key)] \(mismatch.predicate)") }
    }
    return type
  }

  private func adding(_ name: String, _ summary: String, _ parameters: [ParameterDescription], _ returns: String,
                      _ run: @escaping (Call, Box<Value>) throws -> Int32) -> LuaType {
    var type = self
    type.methods.append(LuaFunction(name: name, summary: summary, parameters: parameters, returns: returns) { call in
      try run(call, try call.lua.opened(at: 1, as: Value.self, for: name))
    })
    return type
  }

  private func function(_ name: String, _ run: @escaping (Call, Box<Value>) throws -> Int32) -> LuaFunction {
    let name = "\(Value.luaName.lowercased()).\(name)"
    return LuaFunction(name: name, summary: "", parameters: [], returns: "") { call in
      try run(call, try call.lua.opened(at: 1, as: Value.self, for: nil))
    }
  }
}
