import Checkpoints
import Foundation

// flux.lines, flux.csv, flux.json and flux.wildcards.

private struct WildcardOptions {
  var seed = 0, all = false, count: Int?
  static var options: Options<WildcardOptions> {
    Options(WildcardOptions(), [
      Field("seed", .integer, \.seed, "of the choices"),
      Field("count", .integer(in: 1...WildcardExpansion.most), \.count, "how many prompts to draw, as a list; one, as a text, by default"),
      Field("all", .boolean, \.all, "every prompt, as a list in the order written"),
    ])
  }
}

extension FluxModule {
  func promptFunctions() -> [LuaFunction] { [linesFunction(), csvFunction(), jsonFunction(), wildcardsFunction()] }

  private func text(_ path: String) throws -> String { try TextFile.read(session.files.file(path)) }

  private func linesFunction() -> LuaFunction {
    LuaFunction("lines", "The lines of a text file as a list; empty ones and those that begin with # are left out.", .required("path", .string, "a text file"),
                returns: "string[]") { _, path in PromptFiles.lines(try self.text(path)) }
  }

  private func csvFunction() -> LuaFunction {
    LuaFunction("csv", "The rows of a CSV file as a list of tables; the first row holds the names.",
                .required("path", .string, "a CSV file"), returns: "table[]") { _, path in
      try PromptFiles.rows(self.text(path), path).map { LuaTable($0.map { ($0.name, $0.value) }) }
    }
  }

  private func jsonFunction() -> LuaFunction {
    LuaFunction("json", "What a JSON file holds.", .required("path", .string, "a JSON file"), returns: "any") { _, path in
      guard let json = JSON(Data(try self.text(path).utf8)) else { throw LuaError("\(path): is not valid JSON") }
      return JSONTable(json: json)
    }
  }

  private func wildcardsFunction() -> LuaFunction {
    LuaFunction("wildcards", "Prompts from a template such as \"a {red|blue|3::green} __animal__\"; lists come from wildcards/<name>.txt beside the recipe.",
                .required("template", .string, "choices in braces, lists between double underscores"),
                .options(WildcardOptions.options), returns: "string|string[]") { _, template, options -> Several in
      let root = try WildcardTemplate(template).root
      var expansion = WildcardExpansion(seed: Int64(options.seed)) { try self.wildcard($0) }
      if options.all, options.count != nil { throw LuaError("'all' and 'count' both say how many prompts there are; give one of them") }
      if options.all { return Several(try expansion.all(root)) }
      guard let count = options.count else { return Several(try expansion.one(root)) }
      return Several(try (0..<count).map { _ in try expansion.one(root) })
    }
  }

  /// The lines of every list that a name, with its stars, stands for.
  private func wildcard(_ name: String) throws -> [String] {
    let names = name.contains("*") ? try listed(name) : [name]
    let lines = try names.flatMap { PromptFiles.lines(try text("wildcards/\($0).txt")) }
    guard !lines.isEmpty else { throw LuaError("the wildcard __\(name)__ has no lines: looked for wildcards/\(name).txt beside the recipe") }
    return lines
  }

  private func listed(_ pattern: String) throws -> [String] {
    guard let root = try session.files.folder("wildcards") else { return [] }
    let all = (FileManager.default.enumerator(atPath: root)?.allObjects as? [String]) ?? []
    let parts = pattern.split(separator: "*", omittingEmptySubsequences: false).map(String.init)
    return all.filter { $0.hasSuffix(".txt") }.map { String($0.dropLast(4)) }.filter { Self.fits($0, parts) }.sorted()
  }

  /// Whether a name is the parts with anything between them.
  private static func fits(_ name: String, _ parts: [String]) -> Bool {
    guard let first = parts.first, let last = parts.last, name.hasPrefix(first), name.hasSuffix(last), name.count >= first.count + last.count else { return false }
    var rest = name.dropFirst(first.count).dropLast(last.count)
    for part in parts.dropFirst().dropLast() {
      guard part.isEmpty || rest.contains(part) else { return false }
      if let range = rest.firstRange(of: part) { rest = rest[range.upperBound...] }
    }
    return true
  }
}
