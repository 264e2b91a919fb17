import Sweeps

// Files that cells depend on besides the model.

extension SweepWork {
  /// Takes note of a file that cells depend on: who goes on with them must have the same one.
  func use(_ file: FileRecord, _ flux: FluxModule) throws {
    guard settings.mode == .make, let ledger, used.insert("\(file.name)\n\(file.sha256)").inserted else { return }
    let known = known?.files[file.name]
    guard known != file.sha256 else { return }
    try guarded {
      guard let known, settings.others != .keep else { return try ledger.record(file) }
      let error = SweepError.changed(folder: files.folder, [file.difference(from: known)])
      flux.misuse.append("\(error)")
      throw error
    }
  }
}
