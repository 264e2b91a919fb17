/// A compiled Lua 5.4 function and those inside it, as far as it takes to find the globals that they name.
///
/// It is only ever made from what this process compiled a moment before. Reference: Lua 5.4, ldump.c and lopcodes.h.
struct Bytecode {
  /// A place where a global is read or set.
  struct GlobalUse: Equatable {
    let name: String
    let line: Int
    let isSet: Bool
  }

  private(set) var globalUses: [GlobalUse] = []
  private let bytes: [UInt8]
  private var at = 0

  /// What is not laid out as Lua 5.4 does it.
  private struct Unreadable: Error {}

  /// nil for another version of Lua, whose code is otherwise.
  init?(_ dump: [UInt8]) {
    bytes = dump
    do {
      guard try take(Self.header.count).elementsEqual(Self.header) else { return nil }
      _ = try take(17)                        // 0x5678, 370.5, and the number of upvalues
      try function()
    } catch { return nil }
  }

  /// Signature, version 5.4, format 0, a line of data that transfers damage, and the sizes of an instruction and of numbers.
  private static let header: [UInt8] = [0x1B, 0x4C, 0x75, 0x61, 0x54, 0, 0x19, 0x93, 0x0D, 0x0A, 0x1A, 0x0A, 4, 8, 8]

  private mutating func function() throws {
    _ = try string()                                                      // source
    let first = try number()
    _ = try number()                                                      // last line
    _ = try take(3)                                                       // parameters, varargs, stack
    let code = try list { try $0.take(4).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) } }
    let constants = try list { try $0.constant() }
    _ = try list { try $0.take(3) }                                       // upvalues
    _ = try list { try $0.function() }
    let lines = try lines(from: first)
    _ = try list { (try $0.string(), try $0.number(), try $0.number()) }  // locals
    let upvalues = try list { try $0.string() }

    var registers = Registers()
    for (index, instruction) in code.enumerated() where lines.indices.contains(index) {
      let found = registers.globals(instruction, isEnvironment: { upvalues.indices.contains($0) && upvalues[$0] == "_ENV" },
                                    constant: { constants.indices.contains($0) ? constants[$0] : nil })
      if let found { globalUses.append(GlobalUse(name: found.name, line: lines[index], isSet: found.isSet)) }
    }
  }

  /// A string constant; nil for any other.
  private mutating func constant() throws -> String? {
    switch try take(1).first {
    case 4, 20: return try string()                                       // short and long strings
    case 3, 19: _ = try take(8)                                           // integers and floats
    default: break                                                        // nil, true, false
    }
    return nil
  }

  /// The line of each instruction: differences, and now and then the line itself.
  private mutating func lines(from first: Int) throws -> [Int] {
    let differences = try list { Int(Int8(bitPattern: try $0.take(1).first ?? 0)) }
    let anchors = Dictionary(try list { (try $0.number(), try $0.number()) }) { $1 }
    var line = first
    return differences.enumerated().map { index, difference in
      line = difference == -128 ? anchors[index] ?? line : line + difference
      return line
    }
  }

  /// A number, and so many of what follows it.
  private mutating func list<Element>(_ element: (inout Bytecode) throws -> Element) throws -> [Element] {
    let count = try number()
    guard count <= bytes.count - at else { throw Unreadable() }           // each takes a byte at least
    var all: [Element] = []
    for _ in 0..<count { all.append(try element(&self)) }
    return all
  }

  private mutating func take(_ count: Int) throws -> ArraySlice<UInt8> {
    guard count <= bytes.count - at else { throw Unreadable() }
    defer { at += count }
    return bytes[at..<at + count]
  }

  /// Seven bits at a time, the highest first; the last byte is marked.
  private mutating func number() throws -> Int {
    var value = 0
    while true {
      guard let byte = try take(1).first, value < 1 << 48 else { throw Unreadable() }
      value = value << 7 | Int(byte & 0x7F)
      if byte & 0x80 != 0 { return value }
    }
  }

  private mutating func string() throws -> String? {
    let size = try number()
    return size == 0 ? nil : String(decoding: try take(size - 1), as: UTF8.self)
  }
}

/// Which registers hold the table of globals or a string constant: functions with many constants reach globals by them.
private struct Registers {
  private enum Value { case environment, text(String) }
  private var values: [Int: Value] = [:]

  private enum Operation {
    static let loadK: UInt32 = 3, getUpvalue: UInt32 = 9, getTabUp: UInt32 = 11, getTable: UInt32 = 12, setTabUp: UInt32 = 15, setTable: UInt32 = 16
  }

  /// The global that an instruction reads or sets, if it does.
  mutating func globals(_ instruction: UInt32, isEnvironment: (Int) -> Bool, constant: (Int) -> String?) -> (name: String, isSet: Bool)? {
    let (a, b, c) = (Int(instruction >> 7 & 0xFF), Int(instruction >> 16 & 0xFF), Int(instruction >> 24 & 0xFF))
    func named(_ table: Int, _ key: Int) -> String? {
      if case .environment? = values[table], case .text(let name)? = values[key] { name } else { nil }
    }
    var result: (String, Bool)?
    switch instruction & 0x7F {
    case Operation.getTabUp where isEnvironment(b): result = constant(c).map { ($0, false) }
    case Operation.setTabUp where isEnvironment(a): return constant(b).map { ($0, true) }
    case Operation.getTable: result = named(b, c).map { ($0, false) }
    case Operation.setTable: return named(a, b).map { ($0, true) }
    default: break
    }
    // Registers are a stack: what writes to one is done with those above.
    values = values.filter { $0.key < a }
    switch instruction & 0x7F {
    case Operation.getUpvalue where isEnvironment(b): values[a] = .environment
    case Operation.loadK: values[a] = constant(Int(instruction >> 15)).map { .text($0) }
    default: break
    }
    return result
  }
}
