import ArgumentParser
import Denoising
import Foundation
import Imaging
import Scripting

/// `fluxlua paint "a red fox"`: one picture, by a recipe that the program carries.
struct Paint: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Paint one picture, by a bundled recipe.",
    discussion: #"fluxlua paint "a red fox" -o fox.png --steps 8. The recipe itself: fluxlua inspect --recipe fox.png"#)

  @ArgumentParser.Argument(help: "What to paint.") var prompt: String
  @Option(name: .shortAndLong, help: ArgumentHelp("The picture's file: .png, .jpg or .webp.", valueName: "file")) var output = "picture.png"
  @Option(help: "Denoising steps; the model's own number by default.") var steps: Int?
  @Option(help: "Of the noise.") var seed = 0
  @Option(help: ArgumentHelp("Pixels, such as 512 or 768x512, in multiples of 16; the model's own by default.", valueName: "size")) var size: String?
  @Option(help: "Distilled guidance, for models that have it.") var guidance: Double?
  @Option(help: "What is not wanted; takes two passes a step.") var negative: String?
  @Option(help: "How far away from the negative.") var cfg: Double?
  @Option(help: "The integrator; euler by default.") var sampler: NamedSampler?
  @OptionGroup(title: "Engine") var engine: EngineOptions

  func validate() throws {
    guard (try? PictureFormat(endingOf: output)) != nil else { throw ValidationError("--output must end in .png, .jpg, .jpeg or .webp, got '\(output)'.") }
    if let steps, !(1...1000).contains(steps) { throw ValidationError("--steps must be from 1 to 1000, got \(steps).") }
    if let guidance, !(0...1000).contains(guidance) { throw ValidationError("--guidance must be from 0 to 1000, got \(guidance).") }
    if let cfg, !(0...1000).contains(cfg) { throw ValidationError("--cfg must be from 0 to 1000, got \(cfg).") }
    guard let size else { return }
    guard let sides = Self.sides(size) else { throw ValidationError("--size must be such as 512 or 768x512, got '\(size)'.") }
    if let side = sides.first(where: { $0 % 16 != 0 || !(16...16384).contains($0) }) {
      throw ValidationError("--size must be in multiples of 16, from 16 to 16384; got \(side).")
    }
  }

  private static func sides(_ text: String) -> [Int]? {
    let parts = text.split(separator: "x").map { Int($0) }
    guard 1...2 ~= parts.count, case let sides = parts.compactMap({ $0 }), sides.count == parts.count else { return nil }
    return sides
  }

  func run() throws {
    let file = URL(filePath: output), folder = file.deletingLastPathComponent().relativePath
    let recipe = Recipe(name: "paint", folder: folder, source: Self.recipe, isBundled: true)
    var options = try RecipeOptions.parse([])
    options.parameters = ["prompt=\(prompt)", "file=\(file.lastPathComponent)", "seed=\(seed)"]
    let sides = size.flatMap(Self.sides) ?? []
    for (name, value) in [("steps", steps.map { "\($0)" }), ("width", sides.first.map { "\($0)" }), ("height", sides.last.map { "\($0)" }),
                          ("guidance", guidance.map { "\($0)" }), ("negative", negative), ("cfg", cfg.map { "\($0)" }), ("sampler", sampler?.rawValue)] {
      if let value { options.parameters.append("\(name)=\(value)") }
    }
    throw try Job(recipe, out: folder, options, engine).run(writing: file.lastPathComponent)
  }

  /// What `paint` runs.
  static let recipe = """
    -- One picture from the command line; 0 and "" leave a value to the model.
    local p = flux.params {
      prompt = "a red fox", file = "picture.png", seed = 0, steps = 0, width = 0, height = 0,
      guidance = -1.0, negative = "", cfg = 0.0, sampler = "euler",
    }
    local model = flux.load()
    local image = model:generate(p.prompt, {
      seed = p.seed, sampler = p.sampler,
      steps = p.steps ~= 0 and p.steps or nil,
      size = p.width ~= 0 and { p.width, p.height } or nil,
      guidance = p.guidance >= 0 and p.guidance or nil,
      cfg = (p.cfg ~= 0 or p.negative ~= "") and { scale = p.cfg ~= 0 and p.cfg or 3, negative = p.negative } or nil,
    })
    image:save(p.file)

    """
}

extension NamedSampler: ExpressibleByArgument {}
