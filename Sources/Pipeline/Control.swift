import Checkpoints
import Denoising
import Imaging
import Models
import Tensors

/// A picture that steers what is painted: edges, a depth map, a pose; through a ControlNet, or as the model's own (Canny and Depth).
///
/// ```swift
/// var request = Request("a lighthouse")
/// request.controls = [Control(edges, by: try pipeline.controlNet("union"), mode: ControlMode.canny.rawValue)]
/// ```
public struct Control {
  public var picture: Exhibit
  /// nil for a model that takes a control picture by itself.
  public var net: ControlNetFile?
  /// How much of what the network says, step by step.
  public var scale: PerStep<Float> = .constant(1)
  /// The share of the steps, from 0 to 1, in which it is in force. Reference: diffusers' `control_guidance_start` and `_end`.
  public var window: ClosedRange<Double> = 0...1
  /// Which kind of picture it is, for a network that knows several.
  public var mode: Int?

  public init(_ picture: Exhibit, by net: ControlNetFile? = nil, scale: PerStep<Float> = .constant(1), mode: Int? = nil) {
    (self.picture, self.net, self.scale, self.mode) = (picture, net, scale, mode)
  }

  /// The scale where it is in force, 0 elsewhere.
  var effect: PerStep<Float> {
    if window == 0...1 { return scale }
    return .function { step in step.isWithin(window) ? try scale(step) : 0 }
  }
}

/// A picture that a model is shown: as it is, or as what the autoencoder made of it, [16, height/8, width/8] or one for each picture
/// of the batch.
public enum Exhibit: Sendable {
  case image(Image)
  case latents(Tensor)

  /// SHA-256 of the pixels, or of the numbers.
  var digest: String {
    switch self {
    case .image(let image): image.digest
    case .latents(let latents):
      latents.withFloats { floats in
        let digest = Digest()
        digest.update(UnsafeRawBufferPointer(floats))
        return digest.finish()
      }
    }
  }

  public var image: Image? { if case .image(let image) = self { image } else { nil } }
}

/// The kinds of pictures that Union ControlNets tell apart. Reference: InstantX and Shakker Labs, FLUX.1-dev-ControlNet-Union(-Pro).
public enum ControlMode: Int, CaseIterable, Sendable {
  case canny, tile, depth, blur, pose, gray
  /// Low quality, to be mended.
  case lq

  public var name: String { "\(self)" }
  /// What the picture shows.
  public var summary: String {
    switch self {
    case .canny: "edges, white on black"
    case .tile: "the picture itself, coarse: details are made anew"
    case .depth: "a depth map, near is light"
    case .blur: "the picture, blurred"
    case .pose: "skeletons, as OpenPose draws them"
    case .gray: "the picture without colour"
    case .lq: "the picture in low quality, to be mended"
    }
  }

  public init?(name: String) {
    guard let found = Self.allCases.first(where: { $0.name == name }) else { return nil }
    self = found
  }
}

extension Image {
  /// SHA-256 of the size and the pixels.
  var digest: String {
    let digest = Digest()
    digest.update("\(width)x\(height)x\(channels)\n")
    pixels.withUnsafeBytes(digest.update)
    return digest.finish()
  }
}

extension Step {
  /// Whether all of it lies within a share of the steps.
  func isWithin(_ window: ClosedRange<Double>) -> Bool { isWithin(window.lowerBound, window.upperBound) }

  /// The same of two shares that a file may have in any order.
  func isWithin(_ start: Double, _ stop: Double) -> Bool { Double(index - 1) / Double(count) >= start && Double(index) / Double(count) <= stop }
}

extension FluxPipeline {
  /// Whether the controls of a request are such as this model and their networks take.
  func check(_ controls: [Control], beside adapters: [LoRA]) throws {
    let own = controls.filter { $0.net == nil }
    guard configuration.kind == "control" || adapters.contains(where: reads) else {
      if !own.isEmpty {
        throw PipelineError.option("control", "has a picture without 'model': this model (\(kind)) takes none by itself; name a ControlNet, or load FLUX.1-Canny-dev or FLUX.1-Depth-dev")
      }
      for control in controls { try check(control) }
      return
    }
    guard own.count == 1 else {
      throw PipelineError.option("control", own.isEmpty ? "is missing, and this model was made to be shown one (Canny or Depth): control = { { image = … } }"
        : "has \(own.count) pictures without 'model', but this model takes one by itself")
    }
    for control in controls { try check(control) }
  }

  private func check(_ control: Control) throws {
    if case .list(let scales) = control.scale, scales.isEmpty { throw PipelineError.option("control", "has an empty list of scales") }
    guard let net = control.net else {
      guard case .constant(1) = control.scale, control.window == 0...1, control.mode == nil else {
        throw PipelineError.option("control", "has 'scale', 'from', 'to' or 'mode' without 'model': they are of ControlNets, and this model takes its picture whole")
      }
      return
    }
    try net.check(fits: configuration, latentChannels: latentChannels)
    switch (net.configuration.modes, control.mode) {
    case (nil, nil): break
    case (nil, _?): throw PipelineError.option("control", "has a 'mode', but '\(net.name)' knows one kind of pictures only: leave it out")
    case (let count?, nil): throw PipelineError.option("control", "has no 'mode', and '\(net.name)' knows several kinds of pictures: \(Self.names(of: count))")
    case (let count?, let mode?):
      guard 0..<count ~= mode else { throw PipelineError.option("control", "has a 'mode' \(mode), but '\(net.name)' knows \(Self.names(of: count))") }
    }
  }

  private static func names(of count: Int) -> String {
    (0..<count).map { mode in ControlMode(rawValue: mode).map { "\"\($0.name)\" (\(mode))" } ?? "\(mode)" }.joined(separator: ", ")
  }
}
