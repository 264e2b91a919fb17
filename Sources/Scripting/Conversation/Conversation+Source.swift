import CLua

extension Conversation {
  /// The unfinished text before the cursor: what the words in it stand for, by the values that are there and by the declarations
  /// that make the manual.
  struct Source {
    enum Meaning {
      /// A table that is there.
      case value(LuaReference)
      /// An object of this type.
      case object(TypeDescription)
      case text
      case function(LuaFunction)
    }

    let tokens: [LuaToken]
    let conversation: Conversation

    private enum Link {
      case name(String), member(String), call, text
    }

    /// The innermost bracket that is open before a word; nil where a block is opened later.
    func openBracket(before end: Int) -> Int? {
      var open: [Int] = []
      for index in 0..<end {
        let token = tokens[index]
        if token.opensBracket || token.opensBlock { open.append(index) }
        if token.closesBracket || token.closesBlock { _ = open.popLast() }
      }
      return open.last.flatMap { tokens[$0].opensBracket ? $0 : nil }
    }

    /// The keys that a table which opens here has already.
    func keys(from brace: Int) -> Set<String> {
      var depth = 0, keys: Set<String> = []
      for index in brace..<tokens.count {
        if tokens[index].opensBracket || tokens[index].opensBlock { depth += 1 }
        if tokens[index].closesBracket || tokens[index].closesBlock { depth -= 1 }
        if depth == 1, tokens[index].isSymbol("="), index > brace { keys.insert(tokens[index - 1].text) }
      }
      return keys
    }

    /// What may stand in the table that opens here.
    func options(ofTableAt brace: Int) -> OptionsDescription? {
      guard brace > 0 else { return nil }
      if let field = field(before: brace) { return field.options }
      return parameter(at: brace)?.options
    }

    /// What may stand at a word, in LuaLS annotations.
    func annotation(at index: Int) -> String? {
      guard index > 0 else { return nil }
      return field(before: index)?.annotation ?? parameter(at: index)?.annotation
    }

    /// The field whose value begins at a word.
    private func field(before index: Int) -> FieldDescription? {
      guard index > 1, tokens[index - 1].isSymbol("="), tokens[index - 2].kind == .name, let outer = openBracket(before: index - 2),
            tokens[outer].isSymbol("{") else { return nil }
      return options(ofTableAt: outer)?.fields.first { $0.name == tokens[index - 2].text }
    }

    /// The parameter whose argument begins at a word.
    private func parameter(at index: Int) -> ParameterDescription? {
      var callee = index, position = 0
      if tokens[index - 1].isSymbol("(") || tokens[index - 1].isSymbol(",") {
        guard let open = openBracket(before: index), tokens[open].isSymbol("(") else { return nil }
        var depth = 0
        for place in open..<index {
          if tokens[place].opensBracket || tokens[place].opensBlock { depth += 1 }
          if tokens[place].closesBracket || tokens[place].closesBlock { depth -= 1 }
          if depth == 1, tokens[place].isSymbol(",") { position += 1 }
        }
        callee = open
      }
      guard case .function(let function)? = meaning(before: callee), position < function.parameters.count else { return nil }
      return function.parameters[position]
    }

    /// What the expression means that ends before a word.
    func meaning(before end: Int) -> Meaning? {
      guard let links = links(before: end) else { return nil }
      var meaning: Meaning?
      for (index, link) in links.enumerated() {
        switch link {
        case .name(let name): meaning = index == 0 ? global(name) : nil
        case .text: meaning = .text
        case .member(let name): meaning = meaning.flatMap { member(name, of: $0) }
        case .call: meaning = meaning.flatMap(result)
        }
        if meaning == nil { return nil }
      }
      return meaning
    }

    /// `flux.load():encode("x")` as its parts, from the left.
    private func links(before end: Int) -> [Link]? {
      var index = end, links: [Link] = []
      while index > 0 {
        let token = tokens[index - 1]
        if token.kind == .name {
          index -= 1
          guard index > 0, tokens[index - 1].isSymbol(".") || tokens[index - 1].isSymbol(":") else { return [.name(token.text)] + links }
          links.insert(.member(token.text), at: 0)
          index -= 1
        } else if token.kind == .string {
          index -= 1
          guard index > 0, [.name, .string].contains(tokens[index - 1].kind) || tokens[index - 1].isSymbol(")") else { return [.text] + links }
          links.insert(.call, at: 0)
        } else if token.isSymbol(")") || token.isSymbol("}"), let open = open(of: index - 1), open > 0 {
          if token.isSymbol(")"), index - open == 3, tokens[open + 1].kind == .string, tokens[open - 1].kind != .name { return [.text] + links }
          links.insert(.call, at: 0)
          index = open
        } else if token.isSymbol(")"), open(of: index - 1) == 0, index == 3, tokens[1].kind == .string {
          return [.text] + links
        } else {
          return nil
        }
      }
      return nil
    }

    private func open(of close: Int) -> Int? {
      var depth = 0
      for index in stride(from: close, through: 0, by: -1) {
        if tokens[index].closesBracket { depth += 1 }
        if tokens[index].opensBracket { depth -= 1 }
        if depth == 0 { return index }
      }
      return nil
    }

    /// A global, or what a callback's parameter is commonly called after: its type.
    private func global(_ name: String) -> Meaning? {
      conversation.meaning(ofGlobal: name) ?? conversation.schema.types.first { $0.name.lowercased() == name }.map(Meaning.object)
    }

    private func member(_ name: String, of meaning: Meaning) -> Meaning? {
      switch meaning {
      case .value(let table): conversation.meaning(of: name, in: table)
      case .object(let type):
        type.methods.first { $0.name == name }.map(Meaning.function)
          ?? type.properties.first { $0.name == name }.flatMap { conversation.meaning(ofAnnotation: $0.annotation) }
      case .text, .function: nil
      }
    }

    private func result(of meaning: Meaning) -> Meaning? {
      switch meaning {
      case .function(let function): conversation.meaning(ofAnnotation: function.returns)
      case .object(let type): type.call.flatMap { $0.split(separator: "): ").last }.flatMap { conversation.meaning(ofAnnotation: String($0)) }
      case .value, .text: nil
      }
    }
  }

  /// The first of the kinds that an annotation names.
  func meaning(ofAnnotation annotation: String) -> Source.Meaning? {
    let first = annotation.prefix { $0 != "|" && $0 != "?" && $0 != "[" }
    if first == "string" { return .text }
    return schema.types.first { "flux.\($0.name)" == first }.map(Source.Meaning.object)
  }

  func meaning(ofGlobal name: String) -> Source.Meaning? {
    if name == "require" { return schema.functions.first { $0.name == name }.map(Source.Meaning.function) }
    return lua.balanced {
      clua_reserve(lua.current, 8)
      clua_push_globals(lua.current)
      clua_get_field(lua.current, -1, name)
      return meaning(at: lua.top)
    }
  }

  func meaning(of name: String, in table: LuaReference) -> Source.Meaning? {
    lua.balanced {
      clua_reserve(lua.current, 8)
      table.push(onto: lua)
      let isFlux = clua_has_metatable(lua.current, lua.top)
      clua_get_field(lua.current, -1, name)
      if isFlux, clua_type(lua.current, lua.top) == CLUA_FUNCTION { return schema.functions.first { $0.name == name }.map(Source.Meaning.function) }
      return meaning(at: lua.top)
    }
  }

  private func meaning(at index: Int32) -> Source.Meaning? {
    switch clua_type(lua.current, index) {
    case CLUA_TABLE: .value(LuaReference(lua, at: index))
    case CLUA_STRING: .text
    case CLUA_USERDATA: lua.objectName(at: index).flatMap { name in schema.types.first { $0.name == name } }.map(Source.Meaning.object)
    default: nil
    }
  }

  func fields(of table: LuaReference) -> [String] {
    lua.balanced {
      table.push(onto: lua)
      return Argument(lua: lua, index: lua.top).keys.names.filter { $0.wholeMatch(of: /[A-Za-z_][A-Za-z0-9_]*/) != nil }
    }
  }

  func fieldNames(ofGlobal name: String) -> [String] {
    guard case .value(let table)? = meaning(ofGlobal: name) else { return [] }
    return fields(of: table)
  }

  var globalNames: [String] {
    lua.balanced {
      clua_reserve(lua.current, 8)
      clua_push_globals(lua.current)
      return Argument(lua: lua, index: lua.top).keys.names.filter { $0 != "_" && $0 != "_G" }
    }
  }
}
