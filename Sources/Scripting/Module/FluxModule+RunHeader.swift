import Checkpoints
import Sweeps

extension FluxModule {
  /// What the ledger says of this run: the recipe with the Lua files that it required, its parameters, and the models that it loaded.
  func runHeader() -> RunHeader {
    let record = recipeRecord
    let models = loaded.map { RunHeader.Model(name: $0.defaults.name ?? $0.name, hash: $0.hash, precision: $0.precision.rawValue) }
    var header = RunHeader(recipe: record.name, sha256: sources(of: record.text, record.sha256), parameters: record.parameters, models: models)
    let files = loaded.flatMap(\.openedFiles).sorted { ($0.name, $0.hash) < ($1.name, $1.hash) }.map { FileRecord(name: $0.name, sha256: $0.hash) }
    header.files = files.isEmpty ? nil : files
    return header
  }

  /// The recipe's own hash where it is one file.
  private func sources(of text: String, _ sha256: String) -> String {
    guard let required = require?.sources, !required.isEmpty else { return sha256 }
    let digest = Digest()
    digest.update(text)
    for (place, text) in required.sorted(by: { $0.key < $1.key }) { digest.update("\n\(place)\n\(text)") }
    return digest.finish()
  }
}
