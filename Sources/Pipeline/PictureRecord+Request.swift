import Conditioning
import Denoising

extension PictureRecord {
  /// The request that makes this picture again, at the place `picture` of its batch; nil where values alone do not say it: functions of a
  /// recipe had a hand in it, it began from a picture or from given noise, two passes were combined,
  /// adapters changed the weights, or pictures steered, which are files of the recipe.
  public func request() throws -> Request? {
    guard !scripted, strength == nil, cfg == nil, adapters == nil, controls == nil, references == nil, redux == nil, let prompt, let named = NamedSampler(rawValue: sampler), let kind = NoiseKind(noise), sigmas.count > 1 else { return nil }
    var request = Request(.text(promptText ?? PromptText(prompt)), size: Size(width: width, height: height), seed: seed)
    request.batch = batch
    request.sigmas = .given(try Schedule(part: sigmas))
    request.sampler = named.sampler(eta: eta.map { .constant($0) }, sNoise: .constant(sNoise ?? 1), noise: NoiseSource(kind))
    request.noiseKind = kind
    request.tile = tile.map { .side($0) } ?? .whole
    request.cache = cache.map { StepCache(threshold: $0.threshold, start: $0.start, stop: $0.stop) }
    let guidance = guidance.compactMap { $0 }
    if !guidance.isEmpty { request.guidance = .list(guidance) }
    return request
  }

  /// Whether both say the same of what was asked for and of what the loop did, whatever made them.
  public func asksTheSame(as other: PictureRecord) -> Bool {
    var other = other
    (other.fluxlua, other.isa, other.oneDNN, other.model, other.recipe) = (fluxlua, isa, oneDNN, model, recipe)
    other.tile = tile
    // What is spared may differ from processor to processor.
    other.cache?.blocks = cache?.blocks ?? 0
    other.cache?.spared = cache?.spared ?? 0
    return self == other
  }

  /// What was otherwise when the other was made, in words.
  public func differences(from other: PictureRecord) -> [String] {
    func line(_ what: String, _ was: String, _ now: String) -> String? { was == now ? nil : "\(what) was \(was), it is \(now)" }
    return [line("the model", "\(other.model.name) (sha256 \(other.model.hash.prefix(10))…)", "\(model.name) (sha256 \(model.hash.prefix(10))…)"),
            line("the precision", other.model.precision, model.precision), line("fluxlua", other.fluxlua, fluxlua), line("oneDNN", other.oneDNN, oneDNN),
            line("the instruction set", other.isa, isa)].compactMap { $0 }
  }
}
