import Checkpoints
import Foundation
import Imaging
import Synchronization

/// The files that a recipe may touch: it reads in its own folder, in the output folder and where it is allowed to; it
/// writes to the output folder and where it is allowed to. Symbolic links and `..` do not lead out of there.
package final class FileAccess: Sendable {
  /// The name that written files carry.
  package let recipe: String
  private let recipeFolder: String, out: String
  /// The output folder.
  package var folder: String { out }
  private let readable: [String], writable: [String]
  private let done = Mutex<[String]>([])

  /// - Parameters:
  ///   - recipe: the name that written files carry
  ///   - readable: folders besides the recipe's and `out`
  ///   - writable: folders besides `out`
  package init(recipeFolder: String = ".", out: String = "out", recipe: String = "recipe", readable: [String] = [], writable: [String] = []) {
    (self.recipeFolder, self.out, self.readable, self.writable) = (recipeFolder, out, readable, writable)
    self.recipe = URL(filePath: recipe).lastPathComponent
  }

  /// What was written, in order, as the person would name it.
  package var saved: [String] { done.withLock { $0 } }

  /// A folder to read a model from; nil where there is none by this name.
  package func folder(_ path: String) throws -> String? { try found(path) }

  /// A file to read.
  package func file(_ path: String) throws -> String {
    guard let found = try found(path) else {
      throw LuaError("there is no file '\(path)' in the recipe's folder (\(recipeFolder)) or in the output folder (\(out))")
    }
    return found
  }

  /// Relative names are looked for beside the recipe, then in the output folder.
  private func found(_ path: String) throws -> String? {
    let candidates = path.hasPrefix("/") ? [path] : [Self.joined(recipeFolder, path), Self.joined(out, path), path]
    let roots = ([recipeFolder, out] + readable + writable).compactMap(Self.resolved)
    var outside = false
    for candidate in candidates {
      guard let real = Self.resolved(candidate) else { continue }
      if roots.contains(where: { Self.isInside(real, $0) }) { return candidate == path && path.hasPrefix("/") ? real : candidate }
      outside = true
    }
    if outside { throw LuaError("'\(path)' lies outside of what this recipe may read; allow it with --allow-read FOLDER") }
    return nil
  }

  /// Writes a file whole or not at all. Relative names go to the output folder. A file that is there already is replaced
  /// only if it says that this recipe made it.
  package func write(_ bytes: [UInt8], to path: String) throws {
    try write(to: path) { try AtomicFile.write(bytes, to: $0) }
  }

  /// The same, by whatever writes a file as a whole.
  package func write(to path: String, _ body: (_ place: String) throws -> Void) throws {
    let place = try check(path)
    try body(place)
    done.withLock { if $0.last != place { $0.append(place) } }
  }

  /// Where a file of this name would be written; an error when it must not be.
  @discardableResult
  package func check(_ path: String) throws -> String {
    let place = try self.place(forWriting: path)
    // A link that leads nowhere is there too.
    if (try? FileManager.default.attributesOfItem(atPath: place)) != nil, Mark.recipe(of: place) != recipe {
      throw LuaError("\(place) is there already and was not made by this recipe; move it away, or choose another name or --out")
    }
    return place
  }

  /// What every written file carries, so that it is known whose it is.
  enum Mark {
    /// The key of a PNG's text and of a safetensors file's metadata.
    static let key = "Recipe"

    /// The same at the end of an SVG file or a page.
    static func comment(_ recipe: String) -> [UInt8] { Array("<!-- \(key): \(recipe.replacing("--", with: "__")) -->\n".utf8) }

    static func recipe(of path: String) -> String? {
      if [".svg", ".html"].contains(where: path.lowercased().hasSuffix) {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8), let line = text.split(separator: "\n").last else { return nil }
        return line.wholeMatch(of: /<!-- Recipe: (.*) -->/).map { String($0.1) }
      }
      if !path.lowercased().hasSuffix(".safetensors") { return (try? Image(contentsOf: path))?.text[key] }
      return (try? FileBytes(mapping: path)).flatMap { try? Safetensors.metadata(of: $0)[key] }
    }
  }

  private func place(forWriting path: String) throws -> String {
    guard !path.isEmpty, !path.hasSuffix("/"), !path.contains("\0") else { throw LuaError("'\(path)' is no name of a file") }
    if path.split(separator: "/").contains("..") { throw LuaError("'\(path)' leads out of its folder with '..'; recipes write to \(out), and elsewhere with --allow-write FOLDER") }
    try makeFolder(out)
    let place = path.hasPrefix("/") ? path : Self.joined(out, path)
    let roots = ([out] + writable).compactMap(Self.resolved)
    guard let ancestor = deepestFolder(of: place), roots.contains(where: { Self.isInside(ancestor, $0) }) else {
      throw LuaError("'\(path)' lies outside of what this recipe may write to (\(out)); allow it with --allow-write FOLDER")
    }
    try makeFolder(parent(of: place))
    if let real = Self.resolved(place), !roots.contains(where: { Self.isInside(real, $0) }) {
      throw LuaError("'\(path)' is a link that leads outside of what this recipe may write to")
    }
    return place
  }

  /// The real path of the nearest folder above that exists.
  private func deepestFolder(of path: String) -> String? {
    var folder = parent(of: path)
    while Self.resolved(folder) == nil, folder != "/", folder != "." { folder = parent(of: folder) }
    return Self.resolved(folder)
  }

  private func parent(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  private func makeFolder(_ path: String) throws {
    do { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) } catch {
      var above = path
      while Self.resolved(above) == nil, above != "/", above != "." { above = parent(of: above) }
      var isFolder: ObjCBool = false
      _ = FileManager.default.fileExists(atPath: above, isDirectory: &isFolder)
      throw LuaError("cannot make the folder \(path): \(above) \(isFolder.boolValue ? "cannot be written to" : "is a file and not a folder"); choose another with --out")
    }
  }

  /// A name in a folder, as the person would write it.
  private static func joined(_ folder: String, _ path: String) -> String { folder == "." ? path : folder.hasSuffix("/") ? folder + path : folder + "/" + path }

  private static func resolved(_ path: String) -> String? { TextFile.resolved(path) }

  private static func isInside(_ path: String, _ root: String) -> Bool { path == root || path.hasPrefix(root == "/" ? root : root + "/") }
}
