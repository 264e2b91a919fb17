/// A part of a model that has weights.
package enum ModelPart: String, Sendable, CaseIterable {
  case transformer, t5, clip, vae
}
