import Tensors

/// Named tensors of one or several files, read where they lie.
package final class Checkpoint: Sendable {
  /// One tensor: its type as the file names it, its shape, and where its bytes are.
  package struct Entry: Sendable {
    package let type: String
    package let shape: [Int]
    let file: FileBytes
    let first: Int        // bytes from the start of the file
    let count: Int

    func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
      defer { withExtendedLifetime(file) {} }
      return try body(UnsafeRawBufferPointer(rebasing: file.bytes[first..<first + count]))
    }
    package var array: [UInt8] { withBytes { Array($0) } }

    /// How its numbers are encoded, if they are a weight's.
    package var encoding: Encoding? {
      switch type { case "F32": .f32; case "BF16": .bf16; case "F16": .f16; default: nil }
    }
  }

  /// How messages call it: the file, or the index of a sharded one.
  package let name: String
  package let entries: [String: Entry]

  package init(name: String, entries: [String: Entry]) { (self.name, self.entries) = (name, entries) }

  /// One safetensors file.
  package convenience init(safetensors file: FileBytes) throws {
    self.init(name: file.name, entries: try Safetensors.entries(of: file))
  }

  /// The weights in a folder of a diffusers layout: `<stem>.safetensors` whole, or sharded by `<stem>.safetensors.index.json`.
  package convenience init(in folder: ModelFolder, stem: String) throws {
    if let file = try folder.file("\(stem).safetensors") {
      try self.init(safetensors: file)
      return
    }
    guard let index = try folder.file("\(stem).safetensors.index.json") else {
      throw CheckpointError.missingFile(folder.name, "\(stem).safetensors", hint: ["\(stem).bin", "pytorch_\(stem).bin"].contains(where: folder.has)
        ? "the .bin beside it is a pickle, which is never opened; download the safetensors form"
        : "nor is there a \(stem).safetensors.index.json; was the download complete?")
    }
    try self.init(sharded: index, in: folder)
  }

  private convenience init(sharded index: FileBytes, in folder: ModelFolder) throws {
    let map = try Settings(index).texts("weight_map")
    var entries: [String: Entry] = [:]
    for shard in Set(map.values).sorted() {
      guard !shard.contains("/"), shard != ".." else { throw CheckpointError.setting(index.name, "weight_map", "names '\(shard)', which is outside the folder") }
      let file = try folder.required(shard, hint: "\(index.name) names it; was the download complete?")
      for (name, entry) in try Safetensors.entries(of: file) where map[name] == shard { entries[name] = entry }
    }
    if let lost = map.keys.sorted().first(where: { entries[$0] == nil }) {
      throw CheckpointError.malformed(index.name, "says that '\(lost)' is in \(map[lost] ?? "?"), but it is not")
    }
    self.init(name: index.name, entries: entries)
  }

  /// The bytes of all tensors together.
  package var byteCount: Int { entries.values.reduce(0) { $0 + $1.count } }
  /// The number of parameters.
  package var parameterCount: Int { entries.values.reduce(0) { $0 + $1.shape.reduce(1, *) } }

  /// The numbers of a tensor, whatever float type they are stored in, as rows: [first axis, all others].
  package func rows(_ name: String) throws -> Rows {
    let entry = try entry(name)
    guard let encoding = entry.encoding else { throw CheckpointError.encoding(self.name, name, entry.type) }
    let count = entry.shape.first ?? 1, width = entry.shape.dropFirst().reduce(1, *)
    let start = entry.file.range.lowerBound + entry.first
    if start % encoding.width == 0, UInt(bitPattern: entry.file.storage.start) % UInt(encoding.width) == 0 {
      return Rows(count: count, width: width, encoding: encoding, storage: entry.file.storage, first: start)
    }
    let aligned = Storage(count: entry.count)      // written by an old tool, with a header of odd length
    aligned.start.copyMemory(from: entry.file.storage.start + start, byteCount: entry.count)
    return Rows(count: count, width: width, encoding: encoding, storage: aligned)
  }

  /// The numbers of a tensor in f32.
  package func tensor(_ name: String) throws -> Tensor {
    try rows(name).tensor().reshaped(entry(name).shape)
  }

  package func entry(_ name: String) throws -> Entry {
    guard let entry = entries[name] else { throw CheckpointError.missingTensor(self.name, name, near: nearest(to: name)) }
    return entry
  }

  /// Up to three names of this checkpoint that look like `name`: most of its parts are the same, the rest nearly.
  private func nearest(to name: String) -> [String] {
    func parts(_ name: String) -> Set<Substring> { Set(name.split(separator: ".")) }
    let wanted = parts(name)
    return entries.keys
      .filter { parts($0).intersection(wanted).count * 2 > wanted.count }
      .map { (name: $0, distance: editDistance($0, name)) }
      .sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }
      .prefix(3).map(\.name)
  }

  /// How many letters must be put in, left out or changed. Levenshtein 1966.
  private func editDistance(_ a: String, _ b: String) -> Int {
    let (a, b) = (Array(a.utf8), Array(b.utf8))
    var row = Array(0...b.count)
    for (i, x) in a.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, y) in b.enumerated() {
        let changed = diagonal + (x == y ? 0 : 1)
        diagonal = row[j + 1]
        row[j + 1] = min(changed, row[j] + 1, diagonal + 1)
      }
    }
    return row[b.count]
  }
}
