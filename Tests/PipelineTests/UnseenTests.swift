import Foundation
import Pipeline
import TestSupport
import Testing

/// Models and requests that nobody has tuned for: folders made by `Scripts/make_unseen.py`, named by FLUX_UNSEEN (several
/// with a colon between them).
@Suite struct UnseenTests {
  static let folders = (ProcessInfo.processInfo.environment["FLUX_UNSEEN"] ?? "").split(separator: ":").map(String.init)
  static let cases = folders.flatMap { Fixtures.cases(in: $0) }

  @Test(.enabled(if: !folders.isEmpty, "FLUX_UNSEEN names no folder made by Scripts/make_unseen.py"))
  func everyFolderHasCases() { for folder in Self.folders { #expect(!Fixtures.cases(in: folder).isEmpty, "\(folder) has no cases.json") } }

  @Test(.enabled(if: !cases.isEmpty, "FLUX_UNSEEN names no folder made by Scripts/make_unseen.py"), arguments: cases)
  func latentsAndPicturesAreThoseOfDiffusers(_ c: Case) throws {
    let pipeline = try c.pipeline()
    var trajectory = try pipeline.trajectory(c.request(pipeline))
    try c.check("in.noise", trajectory.latents)
    while try trajectory.next() != nil {}
    try c.check("latents", trajectory.latents)
    try c.checkPictures(pipeline.decode(trajectory.latents))
  }
}
