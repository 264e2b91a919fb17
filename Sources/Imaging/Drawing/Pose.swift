import Glibc

/// A person's joints, drawn as the skeletons that pose ControlNets were trained on. Reference: OpenPose's 18 points (COCO),
/// colours and shapes as in its `draw_bodypose`.
///
/// ```swift
/// let map = try Pose.drawing([Pose([.neck: (256, 120), .nose: (256, 70)])], width: 512, height: 512)
/// ```
public struct Pose: Sendable {
  public enum Joint: Int, CaseIterable, Sendable {
    case nose, neck, rightShoulder, rightElbow, rightWrist, leftShoulder, leftElbow, leftWrist, rightHip, rightKnee, rightAnkle,
         leftHip, leftKnee, leftAnkle, rightEye, leftEye, rightEar, leftEar

    /// `right_shoulder`
    public var name: String { "\(self)".reduce(into: "") { $0 += $1.isUppercase ? "_\($1.lowercased())" : "\($1)" } }
  }

  /// In pixels from the top left; what is hidden is not there.
  public var joints: [Joint: (x: Double, y: Double)]

  public init(_ joints: [Joint: (x: Double, y: Double)]) { self.joints = joints }

  /// Limbs in the order in which they are drawn, each in the colour of its place.
  static let limbs: [(Joint, Joint)] = [
    (.neck, .rightShoulder), (.neck, .leftShoulder), (.rightShoulder, .rightElbow), (.rightElbow, .rightWrist), (.leftShoulder, .leftElbow),
    (.leftElbow, .leftWrist), (.neck, .rightHip), (.rightHip, .rightKnee), (.rightKnee, .rightAnkle), (.neck, .leftHip), (.leftHip, .leftKnee),
    (.leftKnee, .leftAnkle), (.neck, .nose), (.nose, .rightEye), (.rightEye, .rightEar), (.nose, .leftEye), (.leftEye, .leftEar),
  ]

  /// Once around the circle of colours: of limbs by their place, and of joints by theirs.
  static let colours = [(255, 0, 0), (255, 85, 0), (255, 170, 0), (255, 255, 0), (170, 255, 0), (85, 255, 0), (0, 255, 0), (0, 255, 85), (0, 255, 170), (0, 255, 255),
                        (0, 170, 255), (0, 85, 255), (0, 0, 255), (85, 0, 255), (170, 0, 255), (255, 0, 255), (255, 0, 170), (255, 0, 85)]

  /// Limbs are this much darker than joints.
  private static let limbLight = 0.6
  /// Half the width of a limb, and the radius of a joint, in a picture of 512 pixels.
  private static let stick = 4.0 / 512

  private static func colour(_ index: Int, light: Double) -> Colour {
    let (red, green, blue) = colours[index]
    return Colour(red: UInt8(Double(red) * light), green: UInt8(Double(green) * light), blue: UInt8(Double(blue) * light))
  }

  /// Skeletons on black.
  /// - Parameter stick: half the width of a limb in pixels; by the picture's shorter side where nil
  public static func drawing(_ people: [Pose], width: Int, height: Int, stick: Double? = nil) throws(ImagingError) -> Image {
    let canvas = try Canvas(.colour, width: width, height: height), half = stick ?? max(Self.stick * Double(min(width, height)), 1)
    canvas.fill(Box(x: 0, y: 0, width: Double(width), height: Double(height)), .black)
    for (index, limb) in limbs.enumerated() {
      for person in people {
        guard let a = person.joints[limb.0], let b = person.joints[limb.1] else { continue }
        canvas.fillEllipse(from: a, to: b, halfWidth: half, colour(index, light: limbLight))
      }
    }
    for joint in Joint.allCases {
      for person in people {
        guard let (x, y) = person.joints[joint] else { continue }
        canvas.fillEllipse(Box(x: x - half, y: y - half, width: 2 * half, height: 2 * half), colour(joint.rawValue, light: 1))
      }
    }
    return try canvas.image()
  }
}

extension Canvas {
  /// An ellipse that reaches from one point to another.
  func fillEllipse(from a: (x: Double, y: Double), to b: (x: Double, y: Double), halfWidth: Double, _ colour: Colour) {
    let along = (x: (b.x - a.x) / 2, y: (b.y - a.y) / 2), length = max(hypot(along.x, along.y), 1e-6)
    let across = (x: -along.y / length * halfWidth, y: along.x / length * halfWidth), middle = (x: (a.x + b.x) / 2, y: (a.y + b.y) / 2)
    fill(polygon: (0..<72).map { step in
      let angle = Double(step) * .pi / 36
      return (middle.x + along.x * cos(angle) + across.x * sin(angle), middle.y + along.y * cos(angle) + across.y * sin(angle))
    }, colour)
  }
}
