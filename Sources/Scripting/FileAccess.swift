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
  private let mostFiles: Int
  private let done = Mutex<[String]>([])
  private let rehearsal: Rehearsal?
  /// What a rehearsal would spend on pictures.
  package let paperwork = Paperwork()
  private let whenSaved: @Sendable (String) -> Void

  /// - Parameters:
  ///   - recipe: the name that written files carry
  ///   - readable: folders besides the recipe's and `out`
  ///   - writable: folders besides `out`
  ///   - mostFiles: that one run may write
  ///   - rehearses: whether everything is checked as usual, but nothing is written
  ///   - whenSaved: told of each file that was written
  package init(recipeFolder: String = ".", out: String = "out", recipe: String = "recipe", readable: [String] = [], writable: [String] = [],
               mostFiles: Int = 100_000, rehearses: Bool = false, whenSaved: @escaping @Sendable (String) -> Void = { _ in }) {
    (self.recipeFolder, self.out, self.writable, self.mostFiles, self.whenSaved) = (recipeFolder, out, writable, mostFiles, whenSaved)
    rehearsal = rehearses ? Rehearsal() : nil
    self.readable = readable + (rehearsal.map { [$0.folder] } ?? [])
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
    // A pipe may never end, and a device has no end.
    guard Self.isPlain(found) else { throw LuaError("'\(path)' is \(Self.isFolder(found) ? "a folder" : "a device, a pipe or a socket") and no file") }
    return found
  }

  /// Whether it is a file, and not a folder, a pipe or a device.
  private static func isPlain(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
  }

  private static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// Relative names are looked for beside the recipe, then in the output folder.
  private func found(_ path: String) throws -> String? {
    guard !path.utf8.contains(0) else { throw LuaError("'\(Self.shown(path))' is no name of a file") }
    let candidates = path.hasPrefix("/") ? [path] : [Self.joined(recipeFolder, path), Self.joined(out, path), path]
    for candidate in candidates { if let made = try rehearsal?.file(candidate) { return made } }
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
  package func write(_ bytes: @autoclosure @escaping @Sendable () throws -> [UInt8], to path: String) throws {
    let place = try check(path)
    if let rehearsal { rehearsal.remember(bytes, as: place) } else { try AtomicFile.write(bytes(), to: place) }
    wrote(place)
  }

  /// The same, by whatever writes a file as a whole.
  package func write(to path: String, _ body: (_ place: String) throws -> Void) throws {
    let place = try check(path)
    if rehearsal == nil { try body(place) }
    wrote(place)
  }

  /// Takes note of what is not done in a rehearsal.
  func note(_ task: Paperwork.Task, pixels: Int) {
    if rehearsal != nil { paperwork.count(task, pixels: pixels) }
  }

  private func wrote(_ place: String) {
    done.withLock { if $0.last != place { $0.append(place) } }
    whenSaved(place)
  }

  /// A file of this recipe in the output folder; nil where there is none.
  func own(_ path: String) throws -> String? {
    let place = Self.joined(out, path)
    guard FileManager.default.fileExists(atPath: place) else { return nil }
    return try check(path)
  }

  /// Writes a file that the person need not hear of, since it will be gone again.
  func keep(_ bytes: [UInt8], at path: String) throws {
    let place = try check(path)
    if rehearsal == nil { try AtomicFile.write(bytes, to: place) }
  }

  /// Takes such a file away, and its folder with the last one.
  func forget(_ path: String) {
    let place = Self.joined(out, path)
    guard rehearsal == nil, Mark.names(recipe, in: place) else { return }
    unlink(place)
    rmdir(parent(of: place))
  }

  /// Where a file of this name would be written; an error when it must not be.
  @discardableResult
  package func check(_ path: String) throws -> String {
    let place = try self.place(forWriting: path)
    // A link that leads nowhere is there too.
    if (try? FileManager.default.attributesOfItem(atPath: place)) != nil, !Mark.names(recipe, in: place) {
      throw LuaError("\(place) is there already and was not made by this recipe; move it away, or choose another name or --out")
    }
    return place
  }

  /// What every written file carries, so that it is known whose it is.
  enum Mark {
    /// The key of a PNG's text and of a safetensors file's metadata.
    static let key = "Recipe"

    /// The same in the header of a .npy file.
    static func text(_ recipe: String) -> String { "\(key): \(recipe)" }

    /// The same at the end of an SVG file or a page.
    static func comment(_ recipe: String) -> [UInt8] { Array("<!-- \(key): \(inComment(recipe)) -->\n".utf8) }

    /// XML has no place for `--` in a comment.
    static func inComment(_ recipe: String) -> String { recipe.replacing("--", with: "__") }

    static func names(_ recipe: String, in path: String) -> Bool {
      Self.recipe(of: path) == (isMarkup(path) ? inComment(recipe) : recipe)
    }

    private static func isMarkup(_ path: String) -> Bool { [".svg", ".html"].contains(where: path.lowercased().hasSuffix) }

    private static func recipe(of path: String) -> String? {
      guard FileAccess.isPlain(path) else { return nil }
      if isMarkup(path) {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8), let line = text.split(separator: "\n").last else { return nil }
        return line.wholeMatch(of: /<!-- Recipe: (.*) -->/).map { String($0.1) }
      }
      if path.lowercased().hasSuffix(".npy") {
        guard let comment = (try? FileBytes(mapping: path)).flatMap({ try? NPY.comment(of: $0) }), comment.hasPrefix("\(key): ") else { return nil }
        return String(comment.dropFirst(key.count + 2)).removingPercentEncoding
      }
      if !path.lowercased().hasSuffix(".safetensors") { return (try? Image(contentsOf: path))?.text[key] }
      return (try? FileBytes(mapping: path)).flatMap { try? Safetensors.metadata(of: $0)[key] }
    }
  }

  /// A name with its control characters in letters.
  private static func shown(_ path: String) -> String {
    String(path.unicodeScalars.map { $0.value < 32 || $0.value == 127 ? ($0.value < 16 ? "\\x0" : "\\x") + String($0.value, radix: 16) : String($0) }.joined())
  }

  private func place(forWriting path: String) throws -> String {
    // Lines of a name would pass for lines of ours.
    guard !path.isEmpty, !path.hasSuffix("/"), path.utf8.allSatisfy({ $0 >= 32 && $0 != 127 }) else { throw LuaError("'\(Self.shown(path))' is no name of a file") }
    guard saved.count < mostFiles else { throw LuaError("this run has written \(mostFiles) files, and may not write more") }
    if path.split(separator: "/").contains("..") { throw LuaError("'\(path)' leads out of its folder with '..'; recipes write to \(out), and elsewhere with --allow-write FOLDER") }
    let place = path.hasPrefix("/") ? path : Self.joined(out, path)
    let roots = ([out] + writable).map(real)
    guard roots.contains(where: { Self.isInside(real(parent(of: place)), $0) }) else {
      throw LuaError("'\(path)' lies outside of what this recipe may write to (\(out)); allow it with --allow-write FOLDER")
    }
    if rehearsal == nil { try makeFolder(parent(of: place)) }
    if let real = Self.resolved(place), !roots.contains(where: { Self.isInside(real, $0) }) {
      throw LuaError("'\(path)' is a link that leads outside of what this recipe may write to")
    }
    return place
  }

  /// The real path of what may not be there yet: that of the nearest folder above which is, and the rest as it is written.
  private func real(_ path: String) -> String {
    var folder = path, rest = ""
    while Self.resolved(folder) == nil, folder != "/", folder != "." {
      rest = "/\(folder.split(separator: "/").last ?? "")" + rest
      folder = parent(of: folder)
    }
    let base = Self.resolved(folder) ?? folder
    return (base == "/" && !rest.isEmpty ? "" : base) + rest
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
