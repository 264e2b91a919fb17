import Foundation
import Imaging
import Pipeline
import Tensors

/// The record of one shard: a file that only grows, one line for each cell once its picture is safe, and the lock that keeps others off it.
public final class Ledger: @unchecked Sendable {
  public let folder: String
  public let shard: Shard
  let fingerprint: String
  private let path: String
  private let file: Int32
  private let lock: ShardLock

  /// Opens the ledger of a shard to go on with it, and gives it with what all ledgers of the folder say.
  /// - Throws: `SweepError.changed` where cells are there that another state of the recipe made, `SweepError.locked` where somebody makes this shard.
  public static func open(in folder: String, _ header: RunHeader, _ settings: SweepSettings) throws -> (Ledger, Ledgers) {
    do { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) } catch {
      throw SweepError.ledger(folder, FileProblem(errno))
    }
    let lock = try ShardLock(folder: folder, shard: settings.shard)
    do {
      // Only now: of two that begin at once, one at least sees the other's lock.
      try refuseOtherShards(folder, settings.shard)
      if settings.others == .discard { try discard(folder) }
      removeLeftovers(folder, olderThan: settings.shard.isWhole ? 0 : oldPiece)
      let ledgers = try Ledgers(in: folder)
      var header = header
      let differences = ledgers.differences(from: header)
      if settings.others != .keep, !differences.isEmpty { throw SweepError.changed(folder: folder, differences) }
      let others = ledgers.fingerprints.subtracting([header.fingerprint])
      header.keeps = others.isEmpty ? nil : others.sorted()
      return (try Ledger(folder, settings.shard, header, lock), ledgers)
    } catch {
      lock.release()
      throw error
    }
  }

  private init(_ folder: String, _ shard: Shard, _ header: RunHeader, _ lock: ShardLock) throws {
    (self.folder, self.shard, self.lock, fingerprint) = (folder, shard, lock, header.fingerprint)
    path = "\(folder)/ledger-\(shard.fileName).jsonl"
    file = Glibc.open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0o666)
    guard file >= 0 else { throw SweepError.ledger(path, FileProblem(errno)) }
    var header = header
    (header.shard, header.host, header.pid, header.started) = (shard.description, LockHolder.own.host, getpid(), Date().timeIntervalSince1970)
    (header.fluxlua, header.isa) = (Version.number, InstructionSet.full)
    do {
      try endTornLine()
      try append(LedgerLine.data(header))
      syncFolder()
    } catch {
      Glibc.close(file)
      throw error
    }
  }

  /// Says what a sweep consists of.
  public func record(_ definition: SweepDefinition) throws { try append(LedgerLine.data(definition)) }
  public func record(_ sheet: SheetRecord) throws { try append(LedgerLine.data(sheet)) }
  public func record(_ file: FileRecord) throws { try append(LedgerLine.data(file)) }

  /// Says what became of a cell; safe on the disk when it returns. What is said here of the machine is added.
  @discardableResult
  public func record(_ cell: CellRecord) throws -> CellRecord {
    var cell = cell
    (cell.shard, cell.host, cell.time) = (shard.description, LockHolder.own.host, Date().timeIntervalSince1970)
    (cell.fluxlua, cell.isa) = (Version.number, InstructionSet.full)
    try append(LedgerLine.data(cell))
    return cell
  }

  /// Says which cell is being made, for `status`.
  public func working(on cell: String?) { lock.note(cell) }

  /// Throws when another process took this shard over, or the folder is gone.
  public func checkLock() throws {
    if lock.isHeld { return }
    throw lock.isThere ? SweepError.takenOver(folder: folder, shard: shard) : .vanished(folder)
  }

  public func close() {
    lock.release()
    Glibc.close(file)
  }

  /// One line, whole or not at all.
  private func append(_ line: Data) throws {
    try checkLock()
    var status = stat()
    guard fstat(file, &status) == 0 else { throw SweepError.ledger(path, FileProblem(errno)) }
    let written = line.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
    guard written == line.count, fdatasync(file) == 0 else {
      let problem = FileProblem(written >= 0 && written < line.count ? ENOSPC : errno)
      ftruncate(file, status.st_size)
      throw SweepError.ledger(path, problem)
    }
  }

  /// Makes a new ledger's name survive a power cut, where the file system can do that.
  private func syncFolder() {
    let opened = Glibc.open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard opened >= 0 else { return }
    fsync(opened)
    Glibc.close(opened)
  }

  /// A process that was killed may have left half a line: what comes next begins on its own.
  private func endTornLine() throws {
    let end = lseek(file, 0, SEEK_END)
    var last: UInt8 = 0
    guard end > 0, pread(file, &last, 1, end - 1) == 1, last != UInt8(ascii: "\n") else { return }
    try append(Data("\n".utf8))
  }

  /// Two runs that cut the same cells into different numbers of shards would make some of them twice.
  private static func refuseOtherShards(_ folder: String, _ shard: Shard) throws {
    for lock in locks(in: folder) where lock.shard.count != shard.count && !lock.file.isStale(in: folder) {
      throw SweepError.otherShards(folder: folder, shard: lock.shard, lock.file.holder)
    }
  }

  /// The locks that are in a folder.
  static func locks(in folder: String) -> [(shard: Shard, file: LockFile)] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.sorted().compactMap { name in
      guard let match = name.wholeMatch(of: /ledger-(\d+)-of-(\d+)\.lock/), let index = Int(match.1), let count = Int(match.2),
            let shard = try? Shard(index, of: count), let file = LockFile("\(folder)/\(name)") else { return nil }
      return (shard, file)
    }
  }

  /// Throws away every cell and ledger of a folder that nobody is filling.
  public static func clear(_ folder: String) throws {
    for lock in locks(in: folder) where !lock.file.isStale(in: folder) { throw SweepError.locked(folder: folder, shard: lock.shard, lock.file.holder) }
    try discard(folder)
  }

  /// Throws away the cells that ledgers know of, then the ledgers.
  private static func discard(_ folder: String) throws {
    let ledgers = try Ledgers(in: folder)
    for file in ledgers.records.values.compactMap(\.file) where unlink("\(folder)/\(file)") != 0 && errno != ENOENT {
      throw SweepError.ledger("\(folder)/\(file)", FileProblem(errno))
    }
    for path in try Ledgers.files(in: folder) where unlink(path) != 0 { throw SweepError.ledger(path, FileProblem(errno)) }
  }

  /// Where others write too, pieces of pictures older than this, in seconds, belong to nobody who still does.
  private static let oldPiece = 3600.0

  /// Pieces of pictures that processes left when they were killed.
  private static func removeLeftovers(_ folder: String, olderThan age: Double) {
    guard let now = LockFile.now(in: folder) else { return }
    for name in (try? FileManager.default.contentsOfDirectory(atPath: "\(folder)/cells")) ?? [] where name.hasPrefix(".fluxlua-") && name.hasSuffix(".tmp") {
      var status = stat()
      let path = "\(folder)/cells/\(name)"
      guard stat(path, &status) == 0, now - Double(status.st_mtim.tv_sec) >= age else { continue }
      unlink(path)
    }
  }
}
