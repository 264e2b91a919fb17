import Checkpoints
import Denoising
import Models

/// What a model is run with where a request says nothing.
public struct ModelDefaults: Sendable, Equatable {
  public var steps: Int
  /// Distilled guidance; nil for a model without.
  public var guidance: Float?
  /// Pixels along each side.
  public var size: Int
  /// How people call the model, where its files say so.
  public var name: String?

  /// What the models' cards give.
  private static func guidance(of kind: String) -> Float { switch kind { case "fill": 30; case "control": 10; default: 3.5 } }

  /// FLUX.1's own (dev: 28 steps, guidance 3.5; schnell: 4 steps), unless a `fluxlua.json` in the folder knows better.
  init(_ folder: ModelFolder?, _ configuration: FluxConfiguration, sampleSize: Int) throws {
    (steps, guidance, size) = configuration.hasGuidance ? (28, Self.guidance(of: configuration.kind), sampleSize) : (4, nil, sampleSize)
    guard let file = try folder?.file("fluxlua.json") else { return }
    let settings = try Settings(file)
    steps = try settings.whole("steps", 1...Schedule.mostSteps, standard: steps)
    size = try settings.whole("size", 16...65536, standard: size)
    name = settings.has("name") ? try settings.text("name") : nil
    if let standard = guidance { guidance = Float(try settings.real("guidance", standard: Double(standard))) }
  }
}

extension ModelSchedule {
  /// FLUX.1's own, for single files that come without a scheduler_config.json: dev's shift grows with the picture, schnell has none.
  static func published(hasGuidance: Bool) -> ModelSchedule {
    ModelSchedule(shift: hasGuidance ? .tokens(Line(), exponential: true) : .factor(1))
  }

  /// What a scheduler_config.json says. Reference: diffusers `FlowMatchEulerDiscreteScheduler`.
  init(_ settings: Settings) throws {
    try settings.expect("_class_name", "FlowMatchEulerDiscreteScheduler", standard: "FlowMatchEulerDiscreteScheduler")
    for key in ["use_beta_sigmas", "invert_sigmas", "stochastic_sampling"] where try settings.flag(key, standard: false) {
      throw CheckpointError.setting(settings.file, key, "is true, which this version does not compute")
    }
    let shift: Shift
    if try settings.flag("use_dynamic_shifting", standard: false) {
      let line = Line(few: try settings.whole("base_image_seq_len", 1...1_000_000, standard: 256), low: try settings.real("base_shift", standard: 0.5),
                      many: try settings.whole("max_image_seq_len", 2...1_000_000, standard: 4096), high: try settings.real("max_shift", standard: 1.15))
      guard line.many > line.few else { throw CheckpointError.setting(settings.file, "max_image_seq_len", "must be above base_image_seq_len (\(line.few)), got \(line.many)") }
      let form = try settings.text("time_shift_type", standard: "exponential")
      guard ["exponential", "linear"].contains(form) else {
        throw CheckpointError.setting(settings.file, "time_shift_type", "is \"\(form)\", but only \"exponential\" and \"linear\" are known")
      }
      shift = .tokens(line, exponential: form == "exponential")
    } else {
      shift = .factor(Float(try settings.real("shift", standard: 1)))
    }
    let spacing: Spacing = try settings.flag("use_karras_sigmas", standard: false) ? .karras
      : try settings.flag("use_exponential_sigmas", standard: false) ? .exponential : .even
    self.init(shift: shift, terminal: settings.has("shift_terminal") ? try settings.real("shift_terminal") : nil, spacing: spacing)
  }
}
