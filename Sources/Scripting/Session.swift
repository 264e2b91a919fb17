import Checkpoints
import Conditioning
import Pipeline
import Sweeps

/// What a recipe's run works with: the model that was chosen for it, the files that it may touch, and who watches.
package struct Session: Sendable {
  /// What a recipe is run for.
  package enum Purpose: Sendable {
    case pictures
    /// To know what it would take; nothing is computed or written.
    case plan
    /// To find mistakes; neither is anything read of a model, which need not even be there.
    case check
  }

  /// What `flux.load()` loads when the recipe names nothing.
  package var model: ModelSource
  package var precision: Precision
  /// Bytes that a model's weights may take; nil for as many as there are.
  package var memoryLimit: Int?
  package var files: FileAccess
  /// What prompts came to.
  package var embeddings: EmbeddingCache
  /// Where weights are kept as they are multiplied.
  package var packed: PackedStore?
  package var purpose: Purpose
  /// What the command line says of sweeps.
  package var sweeps: SweepSettings
  /// The one picture that the recipe is run for, where that is so.
  package var wanted: WantedPicture?
  /// Told what the engine is busy with.
  package var observer: @Sendable (Activity) -> Void
  /// Told of each model that was loaded.
  package var whenLoaded: @Sendable (LoadedModel) -> Void = { _ in }

  package init(model: ModelSource = .embedded, precision: Precision = .auto, memoryLimit: Int? = nil, files: FileAccess = FileAccess(),
               embeddings: EmbeddingCache = EmbeddingCache(), sweeps: SweepSettings = SweepSettings(), purpose: Purpose = .pictures,
               observer: @escaping @Sendable (Activity) -> Void = { _ in }) {
    (self.model, self.precision, self.memoryLimit, self.files, self.observer) = (model, precision, memoryLimit, files, observer)
    (self.embeddings, self.sweeps, self.purpose) = (embeddings, sweeps, purpose)
  }
}

/// What is worth saying of a model that was loaded.
package struct LoadedModel: Sendable {
  package let name: String, kind: String, precision: String
  package let parameters: Int
}
