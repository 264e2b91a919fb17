import Foundation
import TestSupport
import Testing

extension CommandTests {
/// Sweeps that are killed, run twice at once, out of disk, and spread over a cluster.
@Suite struct SweepProofTests {
  private static let path = ["PATH": "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"]
  private static let scripts = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Scripts").standardized.path

  private static func bash(_ command: String, in folder: URL, _ environment: [String: String] = [:]) throws -> ReleaseBinary.Outcome {
    try ReleaseBinary.run(URL(filePath: "/bin/bash"), ["-c", command], in: folder, environment: path.merging(environment) { $1 })
  }

  /// The long form is `Scripts/sweep-torture 100`.
  @Test func aSweepThatIsKilledAtRandomMomentsLosesNothing() throws {
    let shop = try Workshop()
    let outcome = try Self.bash("\(Self.scripts)/sweep-torture 6 42", in: shop.folder, ["FLUXLUA_BINARY": ReleaseBinary.url.path])
    #expect(outcome.status == 0 && outcome.output.contains("every byte is right"), "\(outcome.output)\(outcome.errors)")
  }

  private static let slow = """
    local model = flux.load()
    local sweep = flux.sweep { seed = flux.range(1, 12), guidance = { 1.5, 4 } }
    for cell in sweep:cells() do
      cell:save(model:generate("a fox", { size = 64, steps = 60, seed = cell.seed, guidance = cell.guidance, on_step = function() flux.log("step") end }))
    end
    sweep:sheet { columns = "seed", rows = "guidance" }:save "sheet.png"
    """

  /// Starts the command; the test ends it.
  private static func start(_ shop: Workshop, _ arguments: String...) throws -> Process {
    let process = Process()
    (process.executableURL, process.arguments, process.currentDirectoryURL, process.environment) = (ReleaseBinary.url, arguments, shop.folder, [:])
    (process.standardOutput, process.standardError) = (FileHandle.nullDevice, FileHandle.nullDevice)
    try process.run()
    return process
  }

  private static func wait(_ seconds: Double, until isSo: () throws -> Bool) throws {
    let patience = ContinuousClock.now + .seconds(seconds)
    while try !isSo(), ContinuousClock.now < patience { usleep(20_000) }
    #expect(try isSo())
  }

  @Test func aSecondProcessOnTheSameShardSaysSoAndStopsAndNothingIsDamaged() throws {
    let shop = try Workshop(["slow.lua": Self.slow])
    let first = try Self.start(shop, "run", "slow.lua")
    defer { first.terminate() }
    try Self.wait(60) { shop.has("out/slow/ledger-1-of-1.jsonl") }
    let second = try shop.fluxlua("run", "slow.lua", "--quiet")
    #expect(second.status == 1)
    #expect(second.errors.hasPrefix("fluxlua: slow.lua:3: cells: this sweep is being made by another process (process \(first.processIdentifier) on "), "\(second.errors)")
    let other = try shop.fluxlua("run", "slow.lua", "--quiet", "--shard", "1/2")
    #expect(other.status == 1 && other.errors.contains("out/slow is being filled in one piece"), "\(other.errors)")
    #expect(first.isRunning)
    let status = try shop.fluxlua("status", "out/slow")
    #expect(status.status == 0 && status.output.contains("of 24 cells done, 1 running") && status.output.contains("shard 1/1: process \(first.processIdentifier) on "), "\(status.output)")
  }

  @Test(arguments: [(SIGTERM, 143), (SIGINT, 130)] as [(Int32, Int32)]) func aSignalKeepsWhatIsMadeAndTheNextRunGoesOn(_ signal: Int32, _ code: Int32) throws {
    let shop = try Workshop(["slow.lua": Self.slow])
    let end = try shop.interrupted(signal, once: "cell 2 of 24", "run", "slow.lua")
    #expect(end.status == code && end.seconds < 10, "\(end.seconds) s")
    let made = try SweepRunTests.cells(shop, "out/slow").count
    #expect(made >= 1 && made < 24)
    #expect(try SweepRunTests.lines(shop, "out/slow").count == made)
    #expect(shop.files.allSatisfy { !$0.hasSuffix(".lock") && !$0.hasSuffix(".tmp") })
    let status = try shop.fluxlua("status", "out/slow")
    #expect(status.output.contains("\(made) of 24 cells done, \(24 - made) missing") && status.output.contains("nobody is at work"), "\(status.output)")
  }

  @Test(.enabled(if: getuid() == 0)) func aFullDiskIsOneSentenceAndTheNextRunMakesWhatIsMissing() throws {
    let shop = try Workshop(["a.lua": """
      local sweep = flux.sweep { seed = flux.range(1, 12) }
      for cell in sweep:cells() do cell:save(flux.image(flux.randn({3, 64, 64}, { seed = cell.seed }))) end
      print "done"
      """, "disk/x": ""])
    let disk = shop.folder.appending(path: "disk").path
    guard try Self.bash("mount -t tmpfs -o size=84k tmpfs '\(disk)'", in: shop.folder).status == 0 else { return }
    defer { _ = try? Self.bash("umount '\(disk)'", in: shop.folder) }
    let full = try shop.fluxlua("run", "a.lua", "--out", "disk/out", "--quiet")
    #expect(full.status == 1 && full.output == "")
    #expect(full.errors.contains("no space is left on the disk; free some, or choose another folder"), "\(full.errors)")
    let made = try SweepRunTests.cells(shop, "disk/out")
    #expect(made.count >= 2 && made.count < 12)
    #expect(try SweepRunTests.lines(shop, "disk/out").count <= made.count)
    #expect(try Self.bash("mount -o remount,size=4m '\(disk)'", in: shop.folder).status == 0)
    #expect(try shop.fluxlua("run", "a.lua", "--out", "disk/out", "--quiet").output == "done\n")
    try shop.fluxlua("run", "a.lua", "--out", "whole", "--quiet")
    #expect(try SweepRunTests.cells(shop, "disk/out") == SweepRunTests.cells(shop, "whole"))
    let readOnly = try Self.bash("mount -o remount,ro '\(disk)'", in: shop.folder)
    guard readOnly.status == 0 else { return }
    let refused = try shop.fluxlua("run", "a.lua", "--out", "disk/out", "--quiet")
    #expect(refused.status == 1 && refused.errors.contains("the disk can only be read"), "\(refused.errors)")
  }

  private static let hasSlurm = getuid() == 0 && ["/usr/sbin/slurmctld", "/usr/sbin/slurmd", "/usr/sbin/munged", "/usr/bin/sbatch"].allSatisfy { FileManager.default.isExecutableFile(atPath: $0) }

  @Test(.enabled(if: hasSlurm, "no Slurm, or not root: Scripts/setup-ci installs it")) func aSlurmArrayOfWhichATaskIsRequeuedMakesWhatASingleRunMakes() throws {
    let shop = try Workshop(["slow.lua": Self.slow])
    #expect(try shop.fluxlua("run", "slow.lua", "--quiet", "--out", "one").status == 0)
    let cluster = shop.folder.appending(path: "slurm").path
    let started = try Self.bash("\(Self.scripts)/slurm-local start '\(cluster)'", in: shop.folder)
    defer { _ = try? Self.bash("\(Self.scripts)/slurm-local stop '\(cluster)'", in: shop.folder) }
    try #require(started.status == 0, "\(started.errors)")
    let conf = ["SLURM_CONF": cluster + "/slurm.conf"]
    let submitted = try Self.bash("'\(ReleaseBinary.url.path)' slurm slow.lua --tasks 4 --cpus 1 --submit", in: shop.folder, conf)
    let array = try #require(submitted.output.firstMatch(of: /submitted array (\d+) with 4 tasks/)?.1, "\(submitted.output)\(submitted.errors)")
    // Once every task has its first cell, one is sent back into the queue, and started again without the pause that Slurm makes.
    try Self.wait(120) { (1...4).allSatisfy { shop.has("out/slow/ledger-\($0)-of-4.jsonl") } }
    #expect(try Self.bash("scontrol requeue \(array)_2", in: shop.folder, conf).status == 0)
    // Not before its first run is over: Slurm's pause is there so that the end of one is not taken for the end of the next.
    try Self.wait(60) { String(decoding: (try? shop.bytes("out/slow/slurm-\(array)_2.log")) ?? Data(), as: UTF8.self).contains("REQUEUE") }
    sleep(2)
    let release = "for job in $(squeue -h -t PD -o '%A %r' | grep -E 'Begin|held' | cut -d ' ' -f 1); do scontrol update JobId=$job StartTime=now; done"
    var queues: [String] = []
    try Self.wait(300) {
      _ = try Self.bash(release, in: shop.folder, conf)
      usleep(500_000)
      // A controller that does not answer leaves the output empty, too.
      let queue = try Self.bash("squeue -h", in: shop.folder, conf)
      queues.append(queue.output + queue.errors)
      return queue.status == 0 && queue.output.isEmpty
    }
    let log = String(decoding: (try? shop.bytes("out/slow/slurm-\(array)_2.log")) ?? Data(), as: UTF8.self)
    #expect(log.contains("REQUEUE"), "\(log)")
    #expect(try SweepRunTests.cells(shop, "out/slow") == SweepRunTests.cells(shop, "one"), "\(log)\(queues.suffix(4))")
    #expect(try shop.bytes("out/slow/sheet.png") == shop.bytes("one/sheet.png"))
    #expect(try SweepRunTests.lines(shop, "out/slow").count == 24)
  }

  @Test func theScriptForACluster() throws {
    let shop = try Workshop(["a b.lua": "flux.params { steps = 1 }"])
    let outcome = try shop.fluxlua("slurm", "a b.lua", "--tasks", "3", "--cpus", "16", "--mem", "40G", "--time", "4:00:00", "--partition", "cpu", "--sbatch", "account=art", "--set", "steps=8", "--out", "o")
    #expect(outcome.status == 0, "\(outcome.errors)")
    let array = String(decoding: try shop.bytes("o/array.slurm"), as: UTF8.self), collection = String(decoding: try shop.bytes("o/collect.slurm"), as: UTF8.self)
    for line in ["array=1-3", "cpus-per-task=16", "mem=40G", "time=4:00:00", "partition=cpu", "account=art", "requeue"] { #expect(array.contains("#SBATCH --\(line)\n"), "\(line)") }
    let command = "run '\(shop.folder.path)/a b.lua' --out \(shop.folder.path)/o --set steps=8"
    #expect(array.contains(command + " &\n") && collection.contains(command + " --collect\n"), "\(array)")
    #expect(try Self.bash("bash -n o/array.slurm && bash -n o/collect.slurm", in: shop.folder).status == 0)
    // What is not said comes from a plan.
    #expect(try shop.fluxlua("slurm", "a b.lua", "--tasks", "3", "--set", "steps=8", "--out", "p").status == 0)
    let planned = String(decoding: try shop.bytes("p/array.slurm"), as: UTF8.self)
    #expect(planned.contains(/#SBATCH --mem=\d+M\n/) && planned.contains(/#SBATCH --time=0:\d\d:00\n/) && planned.contains("#SBATCH --cpus-per-task=8\n"))
    #expect(try shop.fluxlua("slurm", "a b.lua", "--tasks", "0").status == 2)
    #expect(try shop.fluxlua("slurm", "nix.lua", "--tasks", "1").status == 2)
  }
}
}
