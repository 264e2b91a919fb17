import Foundation
import Imaging
import Synchronization

/// Who holds a shard, as its lock says.
public struct LockHolder: Codable, Sendable, CustomStringConvertible {
  public var host: String
  public var pid: Int32
  /// The boot and the process namespace that the number means something in.
  var place: String
  /// When the process began, in the system's ticks: numbers of processes are used again.
  var began: UInt64
  /// The task of a Slurm array, and how often it was started again.
  var slurm: String?, restarts: Int?
  /// The cell that is being made.
  public var cell: String?

  public var description: String { "process \(pid) on \(host)" }

  static var own: LockHolder {
    let environment = ProcessInfo.processInfo.environment
    let job = environment["SLURM_JOB_ID"].map { "\($0)_\(environment["SLURM_ARRAY_TASK_ID"] ?? "")" }
    return LockHolder(host: ProcessInfo.processInfo.hostName, pid: getpid(), place: namespace, began: beginning(of: getpid()) ?? 0, slurm: job,
                      restarts: job == nil ? nil : environment["SLURM_RESTART_COUNT"].flatMap { Int($0) } ?? 0)
  }

  /// Whether the process is certainly gone. Of other machines nothing is known, but that Slurm ends a task before it starts it again.
  var isGone: Bool {
    let own = LockHolder.own
    if let slurm, slurm == own.slurm, restarts != own.restarts { return true }
    guard place == own.place, host == own.host else { return false }
    return Self.beginning(of: pid) != began
  }

  private static var namespace: String {
    let boot = (try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8))?.prefix { $0 != "\n" } ?? ""
    return "\(boot) \((try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/pid")) ?? "")"
  }

  /// Field 22 of /proc/<pid>/stat; nil where there is no such process.
  private static func beginning(of pid: Int32) -> UInt64? {
    guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8), let name = text.lastIndex(of: ")") else { return nil }
    let fields = text[name...].split(separator: " ")
    // A process that has ended and that nobody has asked after yet is gone too.
    return fields.count > 20 && fields[1] != "Z" ? UInt64(fields[20]) : nil
  }
}

/// The lock of one shard: a file that exists while a process makes its cells, and whose time of change is that process's heartbeat.
///
/// Nothing else is locked: shards never wait for each other.
public final class ShardLock: @unchecked Sendable {
  /// A lock without a heartbeat for so many seconds is nobody's.
  static let patience = 300.0
  private static let pulse = 20.0

  private let path: String
  private let file: Int32
  private let holder: Mutex<LockHolder>
  private let timer: any DispatchSourceTimer

  /// - Throws: `SweepError.locked` where a living process holds it.
  init(folder: String, shard: Shard) throws {
    path = "\(folder)/ledger-\(shard.fileName).lock"
    file = try Self.taken(path, folder, shard)
    let own = LockHolder.own
    holder = Mutex(own)
    let timer = DispatchSource.makeTimerSource(queue: .global(qos: .utility))
    self.timer = timer
    try write(own)
    timer.setEventHandler { [file] in futimens(file, nil) }
    timer.schedule(deadline: .now() + Self.pulse, repeating: Self.pulse)
    timer.resume()
  }

  /// Says which cell is being made, for whoever looks.
  func note(_ cell: String?) {
    try? write(holder.withLock {
      $0.cell = cell
      return $0
    })
  }

  /// Whether the file is still this process's own: somebody may have taken a lock that was silent for too long.
  var isHeld: Bool {
    var own = stat(), there = stat()
    return fstat(file, &own) == 0 && stat(path, &there) == 0 && own.st_ino == there.st_ino && own.st_dev == there.st_dev
  }

  /// Whether there is a lock at all, whosever it is.
  var isThere: Bool { access(path, F_OK) == 0 }

  func release() {
    timer.cancel()
    if isHeld { unlink(path) }
    close(file)
  }

  private func write(_ holder: LockHolder) throws {
    var text = try JSONEncoder().encode(holder)
    text.append(UInt8(ascii: "\n"))
    let written = text.withUnsafeBytes { pwrite(file, $0.baseAddress, $0.count, 0) }
    guard written == text.count else { throw SweepError.ledger(path, FileProblem(errno)) }
    ftruncate(file, off_t(text.count))
  }

  private static func taken(_ path: String, _ folder: String, _ shard: Shard) throws -> Int32 {
    for _ in 0..<3 {
      let file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      if file >= 0 { return file }
      guard errno == EEXIST else { throw SweepError.ledger(path, FileProblem(errno)) }
      guard let found = LockFile(path) else { continue }               // gone meanwhile
      guard found.isStale(in: folder) else { throw SweepError.locked(folder: folder, shard: shard, found.holder) }
      try found.remove()
    }
    throw SweepError.ledger(path, FileProblem(EEXIST))
  }
}

/// A lock that somebody left, or holds.
struct LockFile {
  let path: String
  let holder: LockHolder
  /// Of the last heartbeat, by the clock of the file's disk.
  let beat: Double
  private let inode: ino_t

  /// nil where there is no such file.
  init?(_ path: String) {
    var there = stat()
    guard stat(path, &there) == 0 else { return nil }
    let data = FileManager.default.contents(atPath: path) ?? Data()
    // A lock that was taken this moment, or on a disk that was full, says nothing yet.
    holder = (try? JSONDecoder().decode(LockHolder.self, from: data)) ?? LockHolder(host: "an unknown host", pid: 0, place: "?", began: 0)
    (self.path, inode) = (path, there.st_ino)
    beat = Double(there.st_mtim.tv_sec) + Double(there.st_mtim.tv_nsec) / 1e9
  }

  func isStale(in folder: String) -> Bool {
    holder.isGone || (Self.now(in: folder) ?? beat) - beat > ShardLock.patience
  }

  /// Moves it away, unless another process was quicker: then the lock that is there is that one's, and is put back.
  func remove() throws {
    let aside = "\(path).\(getpid()).stale"
    guard rename(path, aside) == 0 else {
      if errno == ENOENT { return }
      throw SweepError.ledger(path, FileProblem(errno))
    }
    var moved = stat()
    if stat(aside, &moved) == 0, moved.st_ino != inode { link(aside, path) }
    unlink(aside)
  }

  /// The time on the disk's own clock, which need not be this machine's.
  static func now(in folder: String) -> Double? {
    let path = "\(folder)/.fluxlua-\(getpid())-clock.tmp"
    let file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o666)
    guard file >= 0 else { return nil }
    defer { close(file); unlink(path) }
    var made = stat()
    guard futimens(file, nil) == 0, fstat(file, &made) == 0 else { return nil }
    return Double(made.st_mtim.tv_sec) + Double(made.st_mtim.tv_nsec) / 1e9
  }
}
