import Conditioning
import Denoising
import Models
import Tensors

/// What the transformer sees beside the latents of one picture, its text and its guidance.
struct Aside {
  /// Further channels at the places of the latents, [channels, height/8, width/8].
  var channels: Tensor?
  /// Pictures to look at, as latents.
  var references: [Tensor] = []
  /// What ControlNets add.
  var residuals: [Residuals] = []
}

/// What the pictures of a run are painted with besides text and noise, as latents.
struct Companions {
  /// Of a control model its control picture, of a Fill model the picture to fill and its mask; [n, channels, height/8, width/8].
  var channels: Tensor?
  /// [16, height/8, width/8] each.
  var references: [Tensor] = []
  /// What each control's network looks at, [n, 16, height/8, width/8]; nil for the model's own control.
  var controls: [Tensor?] = []

  /// By the names under which a saved run keeps them.
  var named: [String: Tensor] {
    var all: [String: Tensor] = [:]
    all["channels"] = channels
    for (index, one) in references.enumerated() { all["reference.\(index)"] = one }
    for (index, one) in controls.enumerated() { all["control.\(index)"] = one }
    return all
  }
}

/// How a request turns latents into velocities: one pass or two for each picture, with all that it was given beside them.
struct Evaluation {
  let pipeline: FluxPipeline
  let request: Request
  let companions: Companions
  /// What is not wanted, one for all pictures or one each.
  let negative: [Conditioning]?

  func callAsFunction(_ x: Tensor, _ sigma: Float, _ step: Step, _ memory: inout EvaluationMemory) throws -> Tensor {
    let shares = zip(request.adapters, step.scales).map { (lora: $0.lora, scale: $1, isMerged: $0.isMerged) }
    var second: (cfg: CFG, scale: Float, negative: [Conditioning])?
    if let negative, let cfg = request.cfg, let scale = step.cfg, scale != 1 || !cfg.isIdleAtOne, step.isWithin(cfg.window) { second = (cfg, scale, negative) }
    var positives: [Tensor] = [], negatives: [Tensor] = []
    for n in 0..<x.shape[0] {
      func velocity(_ name: String, _ conditioning: [Conditioning], _ aside: Aside) throws -> Tensor {
        let pass = Pass(name, request.cache, at: step)
        var cache = pass.opened(n, memory)
        defer { pass.close(cache, n, &memory) }
        return try pipeline.velocity(of: x[n], sigma, conditioning[conditioning.count == 1 ? 0 : n], guidance: step.guidance, aside: aside, adapters: shares, cache: &cache)
      }
      // What ControlNets say to the prompt is used in both passes, as in diffusers.
      let aside = try aside(of: n, x[n], sigma, step)
      positives.append(try velocity("positive", step.conditioning, aside))
      if let second { negatives.append(try velocity("negative", second.negative, aside)) }
    }
    guard let second else { return Tensor.stacked(positives) }
    return try second.cfg.combination(Tensor.stacked(positives), Tensor.stacked(negatives), scale: second.scale, step: step)
  }

  private func aside(of n: Int, _ x: Tensor, _ sigma: Float, _ step: Step) throws -> Aside {
    var aside = Aside(channels: companions.channels?[n], references: companions.references)
    let conditioning = step.conditioning[step.conditioning.count == 1 ? 0 : n]
    for (index, control) in request.controls.enumerated() {
      aside.residuals += try pipeline.residuals(control, companions.controls[index], n, x, sigma, conditioning, guidance: step.guidance, scale: step.controls[index])
    }
    return aside
  }
}

/// What a ControlNet is shown for one picture, besides the latents on their way and the text.
struct ControlView {
  let net: ControlNetFile
  /// [16, height/8, width/8]
  let latents: Tensor
  let mode: Int?
  /// Distilled guidance, of a network that has it.
  let guidance: Float?
}
