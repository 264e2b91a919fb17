import ArgumentParser

/// What is told of a run.
struct ReportOptions: ParsableArguments {
  @Flag(help: "Write one JSON object a line to stdout: loaded, step, saved, then done or error. What the recipe prints goes to stderr.")
  var json = false

  @Flag(name: .shortAndLong, help: "Say which model was loaded, how long each stage took, and all of the way to an error.")
  var verbose = false

  var style: RunReport.Style { RunReport.Style(json: json, verbose: verbose) }
}
