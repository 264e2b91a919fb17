import Conditioning
import Denoising
import Tensors

/// Pixels.
public struct Size: Sendable, Hashable, CustomStringConvertible {
  public var width: Int, height: Int
  public init(width: Int, height: Int) { (self.width, self.height) = (width, height) }
  public init(_ side: Int) { self.init(width: side, height: side) }
  public var description: String { "\(width)x\(height)" }
}

/// What the pictures are of.
public enum Prompt: Sendable, ExpressibleByStringLiteral {
  case text(PromptText)
  /// Already encoded: one for all pictures, or one each.
  case conditioning([Conditioning])
  public init(stringLiteral text: String) { self = .text(PromptText(text)) }
}

/// Where a picture's noise comes from.
public enum Seeds: Sendable, Equatable {
  /// One generator draws on for all pictures, as diffusers does.
  case one(Int64)
  /// A generator each.
  case each([Int64])

  var all: [Int64] { switch self { case .one(let seed): [seed]; case .each(let seeds): seeds } }
}

/// Which sigmas are visited.
public enum Sigmas: Sendable {
  /// This many, as the model spaces them.
  public static func count(_ steps: Int) -> Sigmas { .named(.flux, steps) }
  /// This many, spaced by a named schedule with the model's shift.
  case named(NamedSchedule, Int)
  /// Just these.
  case given(Schedule)
}

/// What is done to the sigmas before they are used.
public enum Shift: Sendable, Equatable {
  /// The model's own, for counts and names only.
  case auto
  /// By this factor, whatever the sigmas.
  case factor(Float)
  /// None.
  case off
}

/// Whether a picture is decoded in tiles: that takes less memory and more time, and is a little off all over the picture.
public enum Tile: Sendable, Equatable {
  /// Where the memory is too small for the whole.
  case auto
  case whole
  /// Of so many pixels along each side.
  case side(Int)
}

/// Two-pass guidance: `scale` times away from the negative.
public struct CFG {
  public var scale: PerStep<Float>
  public var negative: Prompt
  /// The share of the steps, from 0 to 1, in which it is in force. Reference: diffusers' `control_guidance_start` and `_end`.
  public var window: ClosedRange<Double> = 0...1
  public var combination = Guidance.Combination.plain
  public init(scale: PerStep<Float>, negative: Prompt = "") { (self.scale, self.negative) = (scale, negative) }

  /// Whether a scale of 1 leaves just the prompt's velocity, so that the second pass can be spared.
  var isIdleAtOne: Bool { switch combination { case .plain, .apg, .rescale: true; case .cfgZero, .function: false } }
}

/// Everything that a run may be asked for. What is not said is the model's own.
///
/// ```swift
/// var request = Request("a red fox", size: Size(512), seed: 7)
/// request.sigmas = .count(20)
/// let images = try pipeline.generate(request)
/// ```
public struct Request {
  public var prompt: Prompt
  /// Multiples of 16; the model's default where nil.
  public var size: Size?
  public var seeds: Seeds
  /// Pictures at once, from one generator or one each.
  public var batch = 1
  public var sigmas: Sigmas?
  public var shift = Shift.auto
  public var sampler: any Sampler = Euler()
  /// Distilled guidance; the model's default where nil.
  public var guidance: PerStep<Float>?
  public var cfg: CFG?
  /// Adapters beside the weights, in the order in which they are applied.
  public var adapters: [Adaptation] = []
  /// Pictures that steer what is painted.
  public var controls: [Control] = []
  /// Pictures that the model looks at.
  public var references: [Reference] = []
  /// Of a Fill run that goes on: what the model sees beside the latents, [n, channels, height/8, width/8].
  public var channels: Tensor?
  /// Pictures behind the words of the prompt.
  public var redux: Redux?
  /// Start from this instead of drawn noise: [n, 16, height/8, width/8].
  public var noise: Tensor?
  /// Whose random numbers the seeds mean.
  public var noiseKind = NoiseKind.torch
  /// Noise, or a picture.
  public var start = Start.noise
  /// Whether pictures are decoded in tiles.
  public var tile = Tile.auto
  /// Spares evaluations that would say what the last one said; nil makes all of them.
  public var cache: StepCache?
  /// Sees each step before it is made, and may change it.
  public var before: ((inout Step) throws -> Void)?

  public init(_ prompt: Prompt, size: Size? = nil, seed: Int64 = 0) {
    (self.prompt, self.size, seeds) = (prompt, size, .one(seed))
  }

  /// Whether a function of the caller has a hand in the loop, so that the values alone do not repeat it.
  public var isScripted: Bool {
    func isFunction(_ value: PerStep<Float>?) -> Bool { if case .function? = value { true } else { false } }
    if case .function? = cfg?.combination { return true }
    if adapters.contains(where: { isFunction($0.scale) }) || controls.contains(where: { isFunction($0.scale) }) { return true }
    return before != nil || isFunction(guidance) || isFunction(cfg?.scale) || NamedSampler(rawValue: sampler.name) == nil
  }
}
