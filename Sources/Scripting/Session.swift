import Pipeline
import Sweeps

/// What a recipe's run works with: the model that was chosen for it, the files that it may touch, and who watches.
package struct Session: Sendable {
  /// What `flux.load()` loads when the recipe names nothing.
  package var model: ModelSource
  package var precision: Precision
  /// Bytes that a model's weights may take; nil for as many as there are.
  package var memoryLimit: Int?
  package var files: FileAccess
  /// What the command line says of sweeps.
  package var sweeps: SweepSettings
  /// The one picture that the recipe is run for, where that is so.
  package var wanted: WantedPicture?
  /// Told what the engine is busy with.
  package var observer: @Sendable (Activity) -> Void

  package init(model: ModelSource = .embedded, precision: Precision = .auto, memoryLimit: Int? = nil, files: FileAccess = FileAccess(),
               sweeps: SweepSettings = SweepSettings(), observer: @escaping @Sendable (Activity) -> Void = { _ in }) {
    (self.model, self.precision, self.memoryLimit, self.files, self.sweeps, self.observer) = (model, precision, memoryLimit, files, sweeps, observer)
  }
}
