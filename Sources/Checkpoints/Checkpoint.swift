import Tensors

/// Named tensors of one or several files, read where they lie.
package final class Checkpoint: Sendable {
  /// One tensor: its type as the file names it, its shape, and where its bytes are.
  package struct Entry: Sendable {
    /// Its name in the file, which a `KeyMap` may call otherwise.
    package let origin: String
    package let type: String
    package internal(set) var shape: [Int]
    let file: FileBytes
    var first: Int        // bytes from the start of the file
    var count: Int
    /// What its numbers are multiplied by.
    var scale: Float = 1
    /// What the numbers of each slice of the first axis are multiplied by, of int8 weights.
    var scales: Tensor?
    /// Whether the first axis is to be read second half first.
    var swapsHalves = false

    package init(_ origin: String, type: String, shape: [Int], file: FileBytes, first: Int, count: Int) {
      (self.origin, self.type, self.shape, self.file, self.first, self.count) = (origin, type, shape, file, first, count)
    }

    func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
      defer { withExtendedLifetime(file) {} }
      return try body(UnsafeRawBufferPointer(rebasing: file.bytes[first..<first + count]))
    }
    package var array: [UInt8] { withBytes { Array($0) } }
    package var byteCount: Int { count }
    package var parameterCount: Int { shape.reduce(1, *) }

    /// How its numbers are encoded, if they are a weight's.
    package var encoding: Encoding? { type == "I8" && scales != nil ? .int8 : Encoding(rawValue: type.lowercased()).flatMap { $0 == .int8 ? nil : $0 } }

    /// Some of the slices of its first axis.
    func slices(_ range: Range<Int>) -> Entry {
      var part = self
      let each = count / max(shape[0], 1)
      (part.first, part.count, part.shape[0]) = (first + range.lowerBound * each, range.count * each, range.count)
      part.scales = scales.map { $0[range] }
      return part
    }
  }

  /// How messages call it: the file, or the index of a sharded one.
  package let name: String
  package let entries: [String: Entry]

  /// What the file itself calls a tensor that is not in it.
  private let original: @Sendable (String) -> String

  package init(name: String, entries: [String: Entry], original: @escaping @Sendable (String) -> String = { $0 }) {
    (self.name, self.entries, self.original) = (name, entries, original)
  }

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

  /// The same under the names that a map gives.
  package func renamed(by map: KeyMap) throws -> Checkpoint {
    Checkpoint(name: name, entries: try map.mapped(entries, name), original: map.original)
  }

  /// Gives the pages of a mapped file that hold these tensors back to the system, until somebody looks at them again.
  package func letGo() {
    for entry in entries.values {
      let start = entry.file.range.lowerBound + entry.first
      entry.file.storage.letGo(start..<start + entry.count)
    }
  }

  /// The bytes of all tensors together.
  package var byteCount: Int { entries.values.reduce(0) { $0 + $1.count } }
  /// The number of parameters.
  package var parameterCount: Int { entries.values.reduce(0) { $0 + $1.shape.reduce(1, *) } }

  /// The numbers of a tensor, however they are encoded, as rows: [first axis, all others].
  package func rows(_ name: String) throws -> Rows {
    let entry = try entry(name)
    guard let encoding = entry.encoding else { throw CheckpointError.encoding(self.name, entry.origin, entry.type) }
    var count = entry.shape.first ?? 1, width = entry.shape.dropFirst().reduce(1, *)
    if width % encoding.block.numbers != 0 { (count, width) = (1, count * width) }       // a vector in blocks
    let start = entry.file.range.lowerBound + entry.first, alignment = encoding.alignment
    if !entry.swapsHalves, start % alignment == 0, UInt(bitPattern: entry.file.storage.start) % UInt(alignment) == 0 {
      return Rows(count: count, width: width, encoding: encoding, storage: entry.file.storage, first: start, scale: entry.scale, scales: entry.scales)
    }
    let copy = Storage(count: entry.count)      // out of order, or written by an old tool with a header of odd length
    let half = entry.swapsHalves ? entry.count / 2 : 0
    copy.start.copyMemory(from: entry.file.storage.start + start + half, byteCount: entry.count - half)
    (copy.start + entry.count - half).copyMemory(from: entry.file.storage.start + start, byteCount: half)
    let scales = entry.swapsHalves ? entry.scales.map { Tensor.concatenated([$0[count / 2..<count], $0[0..<count / 2]]) } : entry.scales
    return Rows(count: count, width: width, encoding: encoding, storage: copy, scale: entry.scale, scales: scales)
  }

  /// The numbers of a tensor in f32.
  package func tensor(_ name: String) throws -> Tensor {
    try rows(name).tensor().reshaped(entry(name).shape)
  }

  package func entry(_ name: String) throws -> Entry {
    guard let entry = entries[name] else {
      let wanted = original(name)
      throw CheckpointError.missingTensor(self.name, wanted, near: nearest(to: wanted))
    }
    return entry
  }

  /// Up to three names of this checkpoint that look like `name`: most of its parts are the same, the rest nearly.
  private func nearest(to name: String) -> [String] {
    func parts(_ name: String) -> Set<Substring> { Set(name.split(separator: ".")) }
    let wanted = parts(name)
    return Set(entries.values.map(\.origin))
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

extension Checkpoint {
  /// The shape of a tensor that must have so many axes.
  package func shape(of name: String, axes: Int) throws -> [Int] {
    let entry = try entry(name)
    guard entry.shape.count == axes, entry.shape.allSatisfy({ $0 > 0 }) else {
      throw CheckpointError.malformed(self.name, "tensor '\(entry.origin)' has shape \(entry.shape), but \(axes) axes are expected; is this the file of another model?")
    }
    return entry.shape
  }

  /// How many different `name.0`, `name.1`, … there are.
  package func count(of name: String) -> Int {
    let start = name + "."
    return Set(entries.keys.filter { $0.hasPrefix(start) }.map { $0.dropFirst(start.count).prefix { $0 != "." } }).count
  }
}
