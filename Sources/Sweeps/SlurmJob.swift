/// The job scripts of a sweep for Slurm: an array that makes the cells, and a job after it that writes sheets and reports.
public struct SlurmJob: Sendable {
  public var name: String
  public var tasks: Int
  /// Lines for `#SBATCH`, without dashes: `cpus-per-task=8`.
  public var resources: [String]
  /// The command with all its arguments, which does not depend on where a node stands.
  public var command: [String]
  /// Where what the jobs print goes.
  public var log: String

  public init(name: String, tasks: Int, resources: [String], command: [String], log: String) {
    (self.name, self.tasks, self.resources, self.command, self.log) = (name, tasks, resources, command, log)
  }

  /// Seconds before the time limit at which a task is told, so that it ends and is put back into the queue.
  private static let warning = 120

  public var array: String {
    script([
      "array=1-\(tasks)", "requeue", "open-mode=append", "signal=B:USR1@\(Self.warning)", "output=\(log)/slurm-%A_%a.log",
    ], body: """
      # The time limit is near, or the node is wanted: what is being made is given up, everything else is kept, and the task goes on later.
      again=false
      trap 'again=true; kill -TERM "$work"' USR1
      trap 'kill -TERM "$work"' TERM
      \(line(command)) &
      work=$!
      wait "$work"
      # A trap ends `wait` before the program has ended; bash keeps its status for whoever asks again.
      while kill -0 "$work" 2>/dev/null; do wait "$work"; done
      wait "$work"
      status=$?
      if $again && (( status == 143 )); then
        scontrol requeue "$SLURM_JOB_ID"
      fi
      exit "$status"
      """)
  }

  /// Runs after the array, whatever became of it.
  public var collection: String {
    script(["output=\(log)/slurm-%j.log"], body: "exec " + line(command + ["--collect"]))
  }

  private func script(_ options: [String], body: String) -> String {
    """
    #!/bin/bash
    \((["job-name=\(name)"] + resources + options).map { "#SBATCH --\($0)" }.joined(separator: "\n"))
    set -u
    \(body)

    """
  }

  private func line(_ words: [String]) -> String { words.map(Self.quoted).joined(separator: " ") }

  private static func quoted(_ word: String) -> String {
    word.wholeMatch(of: /[A-Za-z0-9_\/.,:=+@%\-]+/) != nil ? word : "'" + word.replacing("'", with: "'\\''") + "'"
  }
}
