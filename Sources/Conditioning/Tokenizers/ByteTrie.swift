/// A prefix tree over byte strings: the edges of all nodes in one open-addressed hash table.
struct ByteTrie: Sendable {
  static let root = 0

  private var edges: [UInt64]       // parent << 8 | byte, plus 1; 0 is a free slot
  private var children: [Int32]     // the child of the edge in the same slot
  private var values: [Int32] = [-1]
  private let shift: Int

  /// Room for strings of `totalBytes` together; twice as many slots keep the probes short.
  init(totalBytes: Int) {
    var bits = 4
    while 1 << bits < 2 * (totalBytes + 1) { bits += 1 }
    edges = Array(repeating: 0, count: 1 << bits)
    children = Array(repeating: 0, count: 1 << bits)
    shift = 64 - bits
  }

  init(_ strings: [(key: [UInt8], value: Int)]) {
    self.init(totalBytes: strings.reduce(0) { $0 + $1.key.count })
    for (key, value) in strings { insert(key, value: value) }
  }

  /// Puts the value at the key; gives back what stood there before.
  @discardableResult
  mutating func insert(_ key: [UInt8], value: Int) -> Int? {
    var node = Self.root
    for byte in key {
      let slot = slot(of: node, byte)
      if edges[slot] == 0 {
        edges[slot] = Self.edge(node, byte)
        children[slot] = Int32(values.count)
        values.append(-1)
      }
      node = Int(children[slot])
    }
    defer { values[node] = Int32(value) }
    return self.value(at: node)
  }

  func value(at node: Int) -> Int? { values[node] < 0 ? nil : Int(values[node]) }

  func child(of node: Int, _ byte: UInt8) -> Int? {
    let slot = slot(of: node, byte)
    return edges[slot] == 0 ? nil : Int(children[slot])
  }

  subscript(key: some Sequence<UInt8>) -> Int? {
    var node = Self.root
    for byte in key {
      guard let child = child(of: node, byte) else { return nil }
      node = child
    }
    return value(at: node)
  }

  /// The longest string of the tree that `bytes` continues with at `start`.
  func longestMatch(in bytes: [UInt8], at start: Int) -> (value: Int, end: Int)? {
    var node = Self.root, end = start
    var longest: (value: Int, end: Int)?
    while end < bytes.count, let child = child(of: node, bytes[end]) {
      node = child
      end += 1
      if let value = value(at: node) { longest = (value, end) }
    }
    return longest
  }

  private static func edge(_ node: Int, _ byte: UInt8) -> UInt64 { (UInt64(node) << 8 | UInt64(byte)) + 1 }

  /// The slot of that edge, or the free one where it would go.
  private func slot(of node: Int, _ byte: UInt8) -> Int {
    let edge = Self.edge(node, byte)
    var slot = Int((edge &* 0x9E37_79B9_7F4A_7C15) >> UInt64(shift))  // 2^64 / golden ratio: Fibonacci hashing
    while edges[slot] != 0, edges[slot] != edge { slot = (slot + 1) & (edges.count - 1) }
    return slot
  }
}
