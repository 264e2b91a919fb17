/// Where a model's parts come from.
public enum ModelSource: Sendable, Equatable {
  /// The trained miniature inside the program.
  case embedded
  /// A folder, a single file, or a name of the Hugging Face hub that is in its cache or in `$FLUXLUA_MODELS`.
  case named(String)
  /// A base that gives what is not named, and folders or files of single parts.
  case parts(base: String?, [Part: String])

  /// A part that can come from a place of its own.
  public enum Part: String, Sendable, CaseIterable {
    case transformer, t5, clip, vae, tokenizers, scheduler
  }

  /// A folder.
  public static func folder(_ path: String) -> ModelSource { .named(path) }
}
