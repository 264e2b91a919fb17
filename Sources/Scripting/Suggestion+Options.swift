extension Suggestion {
  /// The same for an option, which a person may know by what another tool calls it: `; here it is 'size'`.
  static func option(for name: String, among known: [String]) -> String {
    if let here = namesHere[name], known.contains(where: { here == $0 || here.hasPrefix($0 + ".") }) { return "; here it is '\(here)'" }
    return text(for: name, among: known)
  }

  /// The same on a command line, where fields of an option stand alone: the one that is there, `negative` before `cfg`.
  package static func flag(for name: String, among known: [String]) -> String? {
    namesHere[name]?.split(separator: ".").reversed().map(String.init).first { known.contains($0) }
  }

  /// What diffusers, ComfyUI and the web interfaces call what is called otherwise here.
  private static let namesHere = [
    "width": "size", "height": "size", "resolution": "size",
    "num_inference_steps": "steps", "num_steps": "steps",
    "guidance_scale": "guidance", "distilled_cfg_scale": "guidance", "cfg_scale": "cfg.scale", "true_cfg_scale": "cfg.scale",
    "negative_prompt": "cfg.negative", "negative": "cfg.negative", "prompt_2": "t5", "max_sequence_length": "max_length",
    "num_images_per_prompt": "batch", "num_images": "batch", "batch_size": "batch", "batch_count": "batch",
    "sampler_name": "sampler", "scheduler": "schedule", "sigmas": "schedule",
    "noise_seed": "seed", "generator": "seed", "latents": "noise",
    "init_image": "image", "mask_image": "mask", "denoise": "strength", "denoising_strength": "strength", "inpaint_full_res_padding": "padding",
    "loras": "lora", "control_image": "control", "callback": "on_step", "callback_on_step_end": "on_step",
  ]
}
