/// Where a model's parts come from.
public enum ModelSource: Sendable, Equatable {
  /// The trained miniature inside the program.
  case embedded
  /// A folder in the diffusers layout.
  case folder(String)
  /// A folder that gives what is not named, and folders of single parts.
  case parts(base: String?, [Part: String])

  /// A part that can come from a folder of its own.
  public enum Part: String, Sendable, CaseIterable {
    case transformer, t5, clip, vae, tokenizers, scheduler
  }
}

/// How weights are kept and multiplied.
public enum Precision: String, Sendable, CaseIterable {
  /// f32 while that takes less than a quarter of the memory, else bf16.
  case auto
  case f32, bf16
}
