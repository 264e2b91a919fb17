import CLua

/// `require`: `flux`, and Lua files of the recipe's folder or its `lua` folder.
final class Require {
  private let folder: String
  private var loaded: [String: LuaValue]
  private var loading: Set<String> = []
  /// The texts of the files that were run, by their places in the recipe's folder.
  private(set) var sources: [String: String] = [:]

  init(folder: String, flux: LuaReference? = nil) {
    self.folder = folder
    loaded = flux.map { ["flux": .reference($0)] } ?? [:]
  }

  var function: LuaFunction {
    LuaFunction("require", "Runs a Lua file of the recipe's folder once, and gives what it returns.",
                .required("name", .string, "palettes is palettes.lua, looks.ink is looks/ink.lua"), returns: "any") { call, name in
      if let value = self.loaded[name] { return value }
      guard name.wholeMatch(of: /[A-Za-z0-9_][A-Za-z0-9_\-]*(\.[A-Za-z0-9_\-]+)*/) != nil else {
        throw LuaError("'\(name)' is no name of a module: \"palettes\" is palettes.lua, \"looks.ink\" is looks/ink.lua")
      }
      guard self.loading.insert(name).inserted else { throw LuaError("'\(name)' requires itself") }
      defer { self.loading.remove(name) }
      let value = try self.run(name, in: call.lua)
      self.loaded[name] = value
      return value
    }
  }

  private func run(_ name: String, in lua: Lua) throws -> LuaValue {
    let file = name.replacing(".", with: "/") + ".lua"
    let places = [file, "lua/" + file]
    for place in places {
      guard let path = TextFile.resolved(folder + "/" + place) else { continue }
      let root = TextFile.resolved(folder) ?? folder
      guard path.hasPrefix(root == "/" ? root : root + "/") else { throw LuaError("'\(place)' lies outside of the recipe's folder") }
      let text = try TextFile.read(path)
      sources[place] = text
      try lua.load(text, named: place)
      return try lua.call(arguments: 0, results: 1) { before in
        if case .nil = lua.value(at: before + 1) { return .boolean(true) }
        return lua.value(at: before + 1)
      }
    }
    throw LuaError("no module '\(name)': looked for \(places.joined(separator: " and ")) in the recipe's folder")
  }
}
