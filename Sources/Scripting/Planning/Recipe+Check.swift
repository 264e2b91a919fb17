import CLua
import Tensors

extension Recipe {
  /// What is wrong with the recipe, without a model: its syntax, names that nobody has set (in functions that are never called, too),
  /// then whatever running it against a stand-in brings up. Empty when nothing was found.
  package func findings(_ settings: Settings) -> [RecipeFailure] {
    var settings = settings
    settings.session.purpose = .check
    settings.session.observer = { [observer = settings.session.observer] activity in if case .notice = activity { observer(activity) } }
    let unknown: [RecipeFailure]
    switch undefinedNames(settings) {
    case .success(let found): unknown = found
    case .failure(let failure): return [failure]
    }
    if case .failure(let failure) = run(settings), !unknown.contains(where: { $0.message == failure.message }) { return unknown + [failure] }
    return unknown
  }

  /// Globals that are read but neither there nor set anywhere in the file.
  private func undefinedNames(_ settings: Settings) -> Result<[RecipeFailure], RecipeFailure> {
    do {
      let lua = try Lua(limits: settings.limits, cancellation: settings.cancellation, output: settings.output)
      defer { lua.close() }
      do {
        FluxModule(recipe: self, settings: settings).install(in: lua)
        let uses = try lua.globalUses(of: source, named: chunkName)
        let known = lua.globalNames + uses.filter(\.isSet).map(\.name)
        return .success(uses.filter { !$0.isSet && !known.contains($0.name) }.map { use in
          RecipeFailure(kind: .failed, message: "\(chunkName):\(use.line): \(Lua.undefined(use.name, among: known))", line: use.line).quoting(source)
        })
      } catch {
        return .failure(RecipeFailure(error, of: chunkName, in: lua).quoting(source))
      }
    } catch {
      return .failure(RecipeFailure(kind: .failed, message: "\(name): \(error)"))
    }
  }
}

extension Lua {
  /// The names that every recipe finds.
  var globalNames: [String] {
    balanced {
      clua_reserve(current, 8)
      clua_push_globals(current)
      return Argument(lua: self, index: top).keys.names
    }
  }

  /// Where a text reads and sets globals, in the order of its lines; nothing of it is run.
  func globalUses(of text: String, named name: String) throws -> [Bytecode.GlobalUse] {
    try load(text, named: name)
    defer { pop(1) }
    let collected = Collected()
    clua_dump(current, { context, bytes, count in
      guard let context, let bytes else { return }
      Unmanaged<Collected>.fromOpaque(context).takeUnretainedValue().bytes += UnsafeRawBufferPointer(start: bytes, count: count)
    }, Unmanaged.passUnretained(collected).toOpaque())
    return Bytecode(collected.bytes)?.globalUses.sorted { $0.line < $1.line } ?? []
  }

  private final class Collected { var bytes: [UInt8] = [] }
}
