// What the schema says of its parts: for the manual, and for editors.

/// One entry of a table of options.
package struct FieldDescription {
  package var name: String
  /// In words, and in LuaLS annotations.
  package let expected: String, annotation: String
  package let summary: String
  package var isRequired = false
  /// What may stand in it, where it is a table of options itself.
  package let options: OptionsDescription?
}

/// A table of options, under the name that editors know it by.
package struct OptionsDescription {
  package let name: String
  /// `[1]` is what may stand first, without a name.
  package let fields: [FieldDescription]
}

/// One property of a type.
package struct PropertyDescription {
  package let name: String
  package let annotation: String
  package let summary: String
  package var isWritable: Bool
}

/// One operator of a type, as LuaLS knows it: `add(number): flux.Tensor`.
package struct OperatorDescription {
  /// Without underscores: `add`, `unm`, `len`.
  package let name: String
  /// Of the other operand, alternatives one by one; empty for operators of one operand.
  package let operands: [String]
  package let returns: String
}

/// One type, with everything that recipes can do with it.
package struct TypeDescription {
  package let name: String
  package let summary: String
  package let properties: [PropertyDescription]
  package let methods: [LuaFunction]
  package let operators: [OperatorDescription]
  /// What `object[i]` gives; nil where there are no entries.
  package let entries: String?
  /// How the object itself is called: its arguments and results in LuaLS annotations; nil where it is not.
  package let call: String?
}

/// A name for a kind of value that annotations use.
package struct AliasDescription {
  package let name: String
  package let summary: String
  /// The words that it may be, each with what it stands for; or another annotation.
  package let words: [(word: String, summary: String)]
  package var annotation = ""
}
