import CLua

/// A Lua value that Swift keeps: a callback, a table, an error that passes through.
///
/// A strong reference keeps its value until it is let go. That must not be a callback of a Swift object which the
/// callback itself can see, or neither ever dies: such objects `anchor` the value in their own userdata, where Lua's
/// collector follows the circle.
package final class LuaReference: LuaPushable {
  private enum Place {
    case registry(Int32), anchored(Int32)
  }

  private let lua: BackReference<Lua>
  private var place: Place

  /// The value at `index`, which stays where it is.
  package init(_ lua: Lua, at index: Int32) {
    self.lua = lua.back
    clua_reserve(lua.current, 4)
    clua_push_copy(lua.current, index)
    place = .registry(clua_reference(lua.current))
  }

  /// A value that is not on the stack.
  package convenience init(pushing value: some LuaPushable, in lua: Lua) {
    value.push(onto: lua)
    self.init(lua, at: -1)
    lua.pop(1)
  }

  deinit { letGo() }

  package func push(onto lua: Lua) {
    clua_reserve(lua.current, 4)
    switch place {
    case .registry(let number): clua_push_reference(lua.current, number)
    case .anchored(let number): clua_push_anchored(lua.current, number)
    }
  }

  /// From here on the value lives exactly as long as the userdata at `index`.
  package func anchor(in index: Int32, of lua: Lua) {
    guard case .registry = place else { return }
    let index = index < 0 ? lua.top + index + 1 : index
    push(onto: lua)
    let number = clua_anchor(lua.current, index)
    letGo()
    place = .anchored(number)
  }

  private func letGo() {
    guard let lua = lua.value, case .registry(let number) = place else { return }
    clua_unreference(lua.current, number)
  }
}
