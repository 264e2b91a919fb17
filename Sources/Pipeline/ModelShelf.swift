import Checkpoints
import Foundation

/// Weights of one part that were found somewhere, and the config.json beside them.
struct FoundPart {
  let part: ModelPart
  let checkpoint: Checkpoint
  let config: Settings?
  /// The file or folder, for people.
  let path: String
}

/// What one place holds: a folder of diffusers' layout, files of weights, or folders of both as ComfyUI keeps them.
struct ModelShelf {
  private(set) var parts: [FoundPart] = []
  /// Files that looked like weights and could not be opened.
  private(set) var complaints: [String] = []

  /// Where diffusers keeps a part, and the stem of its files.
  static func place(of part: ModelPart) -> (folder: String, stem: String) {
    switch part {
    case .transformer: ("transformer", "diffusion_pytorch_model")
    case .vae: ("vae", "diffusion_pytorch_model")
    case .t5: ("text_encoder_2", "model")
    case .clip: ("text_encoder", "model")
    }
  }

  /// What a single file holds.
  init(file path: String) throws {
    add(try ModelFile(path: path), path)
  }

  /// What a folder holds, and the folders in it down to `depth`. Files that cannot be opened are remembered.
  init(folder path: String, depth: Int = 0) {
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted().filter { !$0.hasPrefix(".") }
    for name in names where ModelFile.mayBe(name) && !Self.isShard(name) {
      do { add(try ModelFile(path: "\(path)/\(name)"), "\(path)/\(name)") } catch { complaints.append("\(error)") }
    }
    for name in names where Self.isFolder("\(path)/\(name)") {
      let inside = "\(path)/\(name)"
      if let part = ModelPart.allCases.first(where: { Self.place(of: $0).folder == name && Self.has($0, in: inside) }) {
        do { if let found = try Self.part(part, in: inside) { parts.append(found) } } catch { complaints.append("\(error)") }
      } else if depth > 0 {
        let inner = ModelShelf(folder: inside, depth: depth - 1)
        parts += inner.parts
        complaints += inner.complaints
      }
    }
  }

  /// A folder of diffusers' layout for one part; nil if it holds no such weights.
  static func part(_ part: ModelPart, in path: String) throws -> FoundPart? {
    let folder = try ModelFolder(path: path)
    guard has(part, in: path) else { return nil }
    return FoundPart(part: part, checkpoint: try Checkpoint(in: folder, stem: place(of: part).stem), config: try folder.file("config.json").map(Settings.init), path: path)
  }

  private static func has(_ part: ModelPart, in path: String) -> Bool {
    [".safetensors", ".safetensors.index.json"].contains { FileManager.default.fileExists(atPath: "\(path)/\(place(of: part).stem)\($0)") }
  }

  static func isFolder(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
  }

  /// One of several files of a sharded checkpoint, which only their index makes whole.
  private static func isShard(_ name: String) -> Bool { name.wholeMatch(of: /.*-\d{5}-of-\d{5}\..*/) != nil }

  private mutating func add(_ file: ModelFile, _ path: String) {
    let beside = (path as NSString).deletingLastPathComponent + "/config.json"
    let config = FileManager.default.fileExists(atPath: beside) ? try? Settings(FileBytes(mapping: beside)) : nil
    for (part, checkpoint) in file.parts { parts.append(FoundPart(part: part, checkpoint: checkpoint, config: config, path: path)) }
  }

  /// The largest first.
  func all(_ part: ModelPart) -> [FoundPart] {
    parts.filter { $0.part == part }.sorted { ($1.checkpoint.byteCount, $0.path) < ($0.checkpoint.byteCount, $1.path) }
  }
}
