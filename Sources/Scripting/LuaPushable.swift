import CLua

/// What can be handed to Lua as one value.
package protocol LuaPushable {
  func push(onto lua: Lua)
}

extension Bool: LuaPushable {
  package func push(onto lua: Lua) { clua_push_boolean(lua.current, self) }
}

extension Int: LuaPushable {
  package func push(onto lua: Lua) { clua_push_integer(lua.current, Int64(self)) }
}

// UInt64 is not pushable: Lua's integers are signed. Seeds are read as whole numbers from 0 up, and so fit an Int.

extension Double: LuaPushable {
  package func push(onto lua: Lua) { clua_push_number(lua.current, self) }
}

extension Float: LuaPushable {
  package func push(onto lua: Lua) { clua_push_number(lua.current, Double(self)) }
}

extension String: LuaPushable {
  package func push(onto lua: Lua) {
    var text = self
    text.withUTF8 { utf8 in
      utf8.withMemoryRebound(to: CChar.self) { clua_push_string(lua.current, $0.baseAddress, $0.count) }
    }
  }
}

extension Optional: LuaPushable where Wrapped: LuaPushable {
  package func push(onto lua: Lua) {
    if let value = self { value.push(onto: lua) } else { clua_push_nil(lua.current) }
  }
}

extension Array: LuaPushable where Element: LuaPushable {
  package func push(onto lua: Lua) {
    clua_reserve(lua.current, 4)
    clua_new_table(lua.current, Int32(clamping: count), 0)
    for (index, value) in enumerated() {
      value.push(onto: lua)
      clua_set_entry(lua.current, -2, Int64(index) + 1)
    }
  }
}

extension LuaFunction: LuaPushable {
  package func push(onto lua: Lua) { clua_push_function(lua.current, lua.number(of: self)) }
}

/// A table with named fields, in the order given.
package struct LuaTable: LuaPushable, ExpressibleByDictionaryLiteral {
  package var fields: [(name: String, value: any LuaPushable)]

  package init(dictionaryLiteral elements: (String, any LuaPushable)...) { fields = elements.map { ($0.0, $0.1) } }

  package init(_ fields: [(name: String, value: any LuaPushable)]) { self.fields = fields }

  package func push(onto lua: Lua) {
    clua_reserve(lua.current, 4)
    clua_new_table(lua.current, 0, Int32(fields.count))
    for field in fields {
      field.value.push(onto: lua)
      clua_set_field(lua.current, -2, field.name)
    }
  }
}

/// A value of whichever kind it turns out to be.
struct AnyPushable: LuaPushable {
  let value: any LuaPushable
  init(_ value: any LuaPushable) { self.value = value }
  func push(onto lua: Lua) { value.push(onto: lua) }
}

/// Several results of one function.
package struct Several {
  package let values: [any LuaPushable]
  package init(_ values: any LuaPushable...) { self.values = values }
  package init(all values: [any LuaPushable]) { self.values = values }
}
