/// Files beside recipes by which editors know what there is.
package enum EditorFiles {
  /// Each with its path in a folder of recipes.
  package static var all: [(path: String, text: String)] {
    let schema = Schema()
    return [("library/flux.lua", Annotations(schema).text), (".luarc.json", languageServer), (".luacheckrc", luacheck(schema))]
  }

  /// Settings of the Lua language server. Libraries that the sandbox keeps only in part are declared in library/flux.lua.
  private static let languageServer = """
    {
      "$schema": "https://raw.githubusercontent.com/LuaLS/vscode-lua/master/setting/schema.json",
      "runtime.version": "Lua 5.4",
      "runtime.path": ["?.lua", "lua/?.lua"],
      "runtime.builtin": { "io": "disable", "os": "disable", "package": "disable", "debug": "disable" },
      "workspace.library": ["library"],
      "workspace.checkThirdParty": false
    }

    """

  private static func luacheck(_ schema: Schema) -> String {
    let names = schema.functions.map(\.name).filter { $0 != "require" } + schema.constants.map(\.name)
    let fields = names.sorted().map { "      \($0) = { other_fields = true }," }.joined(separator: "\n")
    return """
      -- Made from the program's own declarations by: fluxlua manual --write-editor-files FOLDER
      std = "lua54+flux"
      stds.flux = {
        read_globals = { flux = { fields = {
      \(fields)
        } } },
      }
      not_globals = {
        "io", "package", "dofile", "loadfile", "debug.debug", "debug.gethook", "debug.getinfo", "debug.getlocal", "debug.getmetatable", "debug.getregistry",
        "debug.getupvalue", "debug.getuservalue", "debug.sethook", "debug.setlocal", "debug.setmetatable", "debug.setupvalue", "debug.setuservalue",
        "debug.upvalueid", "debug.upvaluejoin", "os.execute", "os.exit", "os.getenv", "os.remove", "os.rename", "os.setlocale", "os.tmpname", "string.dump",
      }
      max_line_length = 160
      exclude_files = { "library" }

      """
  }
}
