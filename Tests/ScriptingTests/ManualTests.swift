import Foundation
import Scripting
import Testing

extension ScriptingTests {
/// The manual and the files for editors, both made from the schema.
@Suite struct ManualTests {
  private static let recipes = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Recipes").standardized

  /// Everything in the schema that has a summary, by its full name.
  private static var summaries: [(name: String, summary: String)] {
    let schema = Schema()
    var all: [(name: String, summary: String)] = []
    func add(_ function: LuaFunction, of owner: String) {
      all.append((owner + function.name, function.summary))
      for parameter in function.parameters { all.append(("\(owner)\(function.name): \(parameter.name)", parameter.summary)) }
    }
    for function in schema.functions { add(function, of: "flux.") }
    for type in schema.types {
      all.append((type.name, type.summary))
      for method in type.methods { add(method, of: "\(type.name):") }
      for property in type.properties { all.append(("\(type.name).\(property.name)", property.summary)) }
    }
    for option in schema.options {
      for field in option.table.fields { all.append(("\(option.table.name).\(field.name)", field.summary)) }
    }
    for constant in schema.constants { all.append(("flux.\(constant.name)", constant.summary)) }
    for alias in schema.aliases { all.append((alias.name, alias.summary)) }
    return all
  }

  @Test func everyPartOfTheSchemaHasASummary() {
    #expect(Self.summaries.count > 300)
    for (name, summary) in Self.summaries { #expect(summary.count > 2, "\(name) has none") }
  }

  @Test func everyTopicHasAPageThatFitsATerminal() throws {
    for width in [60, 80] {
      let manual = Manual(width: width)
      for topic in manual.topics {
        let page = try #require(manual.page(topic), "\(topic)")
        for line in page.split(separator: "\n") where !line.hasPrefix("---") {
          #expect(line.count <= max(width, 80), "\(topic): \(line)")
        }
      }
      for line in manual.contents.split(separator: "\n") { #expect(line.count <= width, "\(line)") }
    }
  }

  @Test(arguments: [
    ("generate", "model:generate(prompt, options?) -> Image | Image[]"), ("model:generate()", "model:generate(prompt, options?)"),
    ("Step", "Step: One interval of the schedule."), ("Step.denoised", "step.denoised: Tensor?"), ("flux.noise", "flux.noise(options?) -> Tensor"),
    ("samplers", "res_multistep"), ("exit codes", "3    a model or a file cannot be used"), ("strength", "An option of Model:generate, Model:sample, Model:steps."),
    ("cfg", "cfg.negative"), ("schedule", "Example"), ("BranchOptions", "options of Model:resume, Step:branch"), ("Tensor", "tensor * (number | Tensor) -> Tensor"),
  ]) func aPageIsFoundByItsName(_ topic: String, _ text: String) throws {
    let page = try #require(Manual().page(topic))
    #expect(page.contains(text), "\(page)")
  }

  @Test func anUnknownTopicIsAnsweredByTheNearest() {
    #expect(Manual().page("genrate") == nil)
    #expect(Manual().complaint(about: "genrate") == "no topic 'genrate'; did you mean 'generate'?")
    #expect(Manual().complaint(about: "qqqqqqqq") == "no topic 'qqqqqqqq'; 'fluxlua manual' lists them")
  }

  @Test(arguments: Example.all.keys.sorted()) func theExampleOfAPageRuns(_ name: String) throws {
    let out = FileManager.default.temporaryDirectory.appending(path: "fluxlua-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: out) }
    let settings = Recipe.Settings(session: Session(files: FileAccess(out: out.path, recipe: "example.lua")))
    if case .failure(let failure) = run(Example.all[name] ?? "", settings) { Issue.record("\(failure.report)") }
  }

  @Test func everyExampleIsOnAPage() {
    let manual = Manual()
    for (name, text) in Example.all {
      let topic = name.hasPrefix("option ") ? String(name.dropFirst(7)) : name
      #expect(manual.page(topic)?.contains(text.split(separator: "\n")[0]) == true, "\(name)")
    }
  }

  @Test(arguments: EditorFiles.all.map(\.path)) func theFilesForEditorsAreCurrent(_ path: String) throws {
    let text = try String(contentsOf: Self.recipes.appending(path: path), encoding: .utf8)
    #expect(EditorFiles.all.first { $0.path == path }?.text == text, "Recipes/\(path) is old: run 'fluxlua manual --write-editor-files Recipes'")
  }

  @Test func theAnnotationsAreLua() {
    if case .failure(let failure) = run(Annotations().text) { Issue.record("\(failure.report)") }
  }

  @Test func everyTypeInTheAnnotationsIsDeclared() throws {
    let text = Annotations().text
    let declared = Set(text.matches(of: /@(?:class|alias) (?:\(exact\) )?flux\.(\w+)/).map { String($0.1) })
    let used = Set(text.split(separator: "\n").filter { $0.hasPrefix("---@") }.flatMap { $0.matches(of: /flux\.([A-Z]\w+)/).map { String($0.1) } })
    #expect(used.subtracting(declared).isEmpty)
    #expect(declared.isSuperset(of: ["GenerateOptions", "CFGOptions", "LoadOptions", "Step", "SamplerName"]))
  }

  /// The language server is told of no more and no less than there is.
  @Test func theAnnotationsNameWhatARecipeSees() {
    let names = Schema().functions.map(\.name).filter { $0 != "require" }.map { "flux.\($0)" } + ["flux.version", "flux.host", "os.clock", "os.date", "os.difftime", "os.time", "debug.traceback"]
    let reads = names.map { "assert(\($0) ~= nil)" }
    let removed = ["io", "package", "dofile", "loadfile", "os.execute", "os.getenv", "debug.sethook", "string.dump"]
    let lost = removed.map { "do local ok, value = pcall(load('return \($0)')) assert(not ok or value == nil, '\($0)') end" }
    if case .failure(let failure) = run((reads + lost).joined(separator: "\n")) { Issue.record("\(failure.report)") }
  }
}
}
