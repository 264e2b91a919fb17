/// An error of a host function, in words for the recipe's author: the border adds the position and the function's name.
package struct LuaError: Error, CustomStringConvertible {
  package let description: String
  package init(_ description: String) { self.description = description }
}

/// An error that Lua code raised, with whatever value it raised: it passes through Swift unchanged.
package struct LuaFailure: Error, CustomStringConvertible {
  package enum Kind { case error, memory }

  package let kind: Kind
  package nonisolated(unsafe) let value: LuaReference   // never leaves the thread of its Lua
  /// The value when it is a string; else what it says of itself.
  package let message: String
  /// The recipe's frames, innermost first: `hello.lua:7: in local 'f'`.
  package let frames: [String]
  package var description: String { message }
}

/// The Lua code was told to stop. Whoever asked knows why (`Cancellation.requested`).
package struct LuaStopped: Error {}
