import Checkpoints
import Tensors

/// Where an engine finds weights that were laid out before; nowhere, unless it is told.
final class Shelf {
  var store: PackedStore?
  var say: (String) -> Void = { _ in }

  /// The matrices of a part, under a name for everything that they depend on.
  func weights(_ part: ModelPart, _ footprint: Footprint) -> PackedWeights? {
    guard let store else { return nil }
    let files = footprint.files, precision = footprint.precision, checkpoint = part == .t5 ? files.t5 : files.transformer
    let digest = Digest()
    digest.update("\(part.rawValue) \(precision.rawValue) \(Matrix.packing) \(Version.number) \(Version.oneDNN) \(OneDNNVersion.instructionSet) \(InstructionSet.name)\n\(checkpoint.fileIdentity)\n")
    checkpoint.addFingerprint(to: digest)
    return store.weights(digest.finish(), bytes: files.bytes(of: part, precision) - files.mappedBytes(of: part, precision), say: say)
  }
}
