import CLua
import Imaging

/// What `flux.pose` takes.
struct PoseOptions {
  var size: PixelSize?, people: [Pose] = [], stick: Double?

  static var options: Options<PoseOptions> {
    Options(PoseOptions(), [
      Field("size", .size, \.size, "pixels").required,
      Field("people", .list(of: Pose.reader, atLeast: 1), \.people,
            "each a table of joints in pixels: { nose = {x, y}, neck = {x, y}, … }, or a list of OpenPose's 18 points with false for what is hidden").required,
      Field("stick", .number(in: 0.5...100), \.stick, "half the width of limbs in pixels; 4 in a picture of 512 by default"),
    ])
  }
}

extension Pose {
  private static let expected = "a table of joints { nose = {x, y}, … }, or a list of OpenPose's 18 points with false for what is hidden"

  static var reader: Reader<Pose> {
    Reader<Pose>(expected, "table<string, number[]>|(number[]|false)[]") { argument in
      guard argument.isTable else { throw Mismatch(expected, argument) }
      let keys = argument.keys, names = Joint.allCases.map(\.name)
      var pose = Pose([:])
      if keys.names.isEmpty {
        guard argument.length == Joint.allCases.count, keys.others.count == argument.length else {
          throw Mismatch(predicate: "must be \(expected), got a list of \(argument.length)")
        }
        for joint in Joint.allCases { pose.joints[joint] = try argument.entry(joint.rawValue + 1) { try point($0, joint.name) } }
      } else {
        if let odd = keys.others.first { throw Mismatch(predicate: "must be \(expected), not both in one table: got [\(odd)]") }
        if let odd = keys.names.first(where: { !names.contains($0) }) { throw Mismatch(predicate: "has no joint '\(odd)'" + Suggestion.text(for: odd, among: names)) }
        for joint in Joint.allCases { pose.joints[joint] = try argument.field(joint.name) { $0.isAbsent ? nil : try point($0, joint.name) } }
      }
      return pose
    }
  }

  /// `{x, y}`, or false.
  private static func point(_ argument: Argument, _ name: String) throws -> (x: Double, y: Double)? {
    if case .boolean(false) = argument.value { return nil }
    let wrong = Mismatch(predicate: "has a joint '\(name)' that is no point {x, y}, but \(argument)")
    guard argument.isTable, argument.length == 2, argument.keys.names.isEmpty, let x = argument.entry(1, { $0.lua.number(at: $0.index) }),
          let y = argument.entry(2, { $0.lua.number(at: $0.index) }), abs(x) <= 1e6, abs(y) <= 1e6 else { throw wrong }
    return (x, y)
  }
}
