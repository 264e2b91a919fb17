import Dispatch
import Synchronization
import Tensors

/// A Lua file that somebody wants run: its text, the name that messages give it, and the folder that it may read.
///
/// ```swift
/// let recipe = try Recipe(contentsOf: "harbour.lua")
/// switch recipe.run(Recipe.Settings(parameters: [("steps", "8")])) {
/// case .success: exit(0)
/// case .failure(let failure): print(failure.report)
/// }
/// ```
/// `run` takes the calling thread until the recipe ends. Lua and the engine nest on its stack: give it 8 MB.
package struct Recipe: Sendable {
  /// As the person typed it: it stands at the head of every message.
  package let name: String
  package let folder: String
  package let source: String
  /// Whether the program carries it: then its lines say nothing to the person.
  package let isBundled: Bool

  package init(name: String, folder: String, source: String, isBundled: Bool = false) {
    self.name = name
    self.folder = folder
    self.source = source
    self.isBundled = isBundled
  }

  package init(contentsOf path: String) throws {
    let parent = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    self.init(name: path, folder: parent, source: try TextFile.read(path, pipes: true))
  }

  /// What a run is given from outside.
  package struct Settings: Sendable {
    /// `--set name=value`, in order; the last of a name counts.
    package var parameters: [(name: String, value: String)]
    package var limits: Limits
    package var cancellation: Cancellation
    package var output: Output
    package var session: Session
    /// Whether errors tell hundreds of the recipe's frames, instead of the first and last few.
    package var keepsFrames = false

    package init(parameters: [(name: String, value: String)] = [], limits: Limits = Limits(),
                 cancellation: Cancellation = Cancellation(), output: Output = Output(), session: Session = Session()) {
      self.parameters = parameters
      self.limits = limits
      self.cancellation = cancellation
      self.output = output
      self.session = session
    }
  }

  /// Runs the recipe in a state of its own, and once more in a fresh one for each cell of a sweep that fails, until every cell had its
  /// turn. `install` adds to what it finds there, before it starts.
  package func run(_ settings: Settings, install: (Lua) throws -> Void = { _ in }) -> Result<Void, RecipeFailure> {
    run(settings, install: install) { _, _ in }
  }

  /// The same; `finish` sees what was there at the end.
  func run<R>(_ settings: Settings, install: (Lua) throws -> Void = { _ in }, finish: (FluxModule, Lua) throws -> R) -> Result<R, RecipeFailure> {
    let deadline = settings.limits.time.map { Deadline(after: $0.seconds, settings.cancellation) }
    defer { deadline?.disarm() }
    let work = SweepWork(settings.session)
    while true {
      let outcome = tried(settings, work, install, finish)
      if case .failure(let failure) = outcome, work.goesOn(after: failure) { continue }
      return work.concluded(outcome)
    }
  }

  private func tried<R>(_ settings: Settings, _ work: SweepWork, _ install: (Lua) throws -> Void, _ finish: (FluxModule, Lua) throws -> R) -> Result<R, RecipeFailure> {
    do {
      work.begin()
      let lua = try Lua(limits: settings.limits, cancellation: settings.cancellation, output: settings.output)
      defer { lua.close() }
      lua.keepsFrames = settings.keepsFrames
      let flux = FluxModule(recipe: self, settings: settings, work: work)
      do {
        flux.install(in: lua)
        try install(lua)
        try lua.run(source, named: chunkName)
        flux.warnOfUnusedParameters()
        return .success(try finish(flux, lua))
      } catch {
        let failure = RecipeFailure(error, of: chunkName, in: lua).classified(unusable: flux.unusable, usage: flux.misuse)
        return .failure(isBundled ? failure : failure.quoting(source))
      }
    } catch {
      return .failure(RecipeFailure(kind: .failed, message: "\(name): \(error)"))
    }
  }

  /// The parameters that the recipe declares, found by running it up to `flux.params`; empty when it declares none
  /// before it loads a model.
  package func declaredParameters() -> Result<[DeclaredParameter], RecipeFailure> {
    do {
      let settings = Settings()
      let lua = try Lua(limits: settings.limits, cancellation: settings.cancellation, output: settings.output)
      defer { lua.close() }
      let deadline = Deadline(after: 10, settings.cancellation)
      defer { deadline.disarm() }
      let flux = FluxModule(recipe: self, settings: settings, declaresOnly: true)
      flux.install(in: lua)
      do { try lua.run(source, named: chunkName) } catch {
        guard error is LuaStopped, settings.cancellation.requested == nil else {
          return .failure(RecipeFailure(error, of: chunkName, in: lua).quoting(source))
        }
      }
      return .success(flux.declared)
    } catch {
      return .failure(RecipeFailure(kind: .failed, message: "\(name): \(error)"))
    }
  }

  /// The comment that the recipe begins with.
  package var summary: String {
    source.split(separator: "\n", omittingEmptySubsequences: false)
      .drop { $0.hasPrefix("#!") }
      .prefix { $0.hasPrefix("--") }
      .map { String($0.drop { $0 == "-" }.drop { $0 == " " }) }
      .joined(separator: "\n")
  }

  // Lua cuts longer names in the middle of a path.
  var chunkName: String {
    name.utf8.count < 56 ? name : String(name.split(separator: "/").last ?? "recipe")
  }
}

/// Cancels when its time is up, unless it was disarmed before.
final class Deadline: Sendable {
  private let isArmed = Mutex(true)

  init(after seconds: Double, _ cancellation: Cancellation) {
    DispatchQueue.global(qos: .userInteractive).asyncAfter(deadline: .now() + seconds) { [weak self] in
      self?.isArmed.withLock { if $0 { cancellation.cancel(.timeLimit) } }
    }
  }

  /// When it returns, the cancellation is not asked for any more.
  func disarm() { isArmed.withLock { $0 = false } }
}
