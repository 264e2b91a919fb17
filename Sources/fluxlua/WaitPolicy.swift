import Foundation

/// How threads wait for each other. libgomp's spin for milliseconds by default, which is ruinous as soon as anybody else uses
/// the same cores (twenty times slower with two busy neighbours), and it reads its settings before `main`: so the
/// program starts itself once more with the right ones. Whoever sets them keeps them.
enum WaitPolicy {
  private static let spins = "500"        // about a microsecond: what two threads of one product are apart

  static func settle() {
    let environment = ProcessInfo.processInfo.environment
    guard environment["GOMP_SPINCOUNT"] == nil, environment["OMP_WAIT_POLICY"] == nil else { return }
    setenv("GOMP_SPINCOUNT", spins, 1)
    execv("/proc/self/exe", CommandLine.unsafeArgv)
    // Where /proc is not mounted, the program runs on as it is.
  }
}
