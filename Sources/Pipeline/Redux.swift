import Checkpoints
import Conditioning
import Foundation
import Imaging
import Models
import Tensors

/// FLUX.1 Redux, opened: a vision tower and two layers that turn what it sees into text tokens.
public final class ReduxFile: Sendable {
  /// The folder, as it was asked for.
  public let name: String
  /// SHA-256 that names the weights.
  public let hash: String
  let tower: Checkpoint, embedder: Checkpoint
  let configuration: SigLIPConfiguration
  /// T5's width, which its tokens have.
  let outputs: Int

  /// - Parameter path: a folder with image_encoder and image_embedder
  init(_ path: String, named name: String) throws {
    let folder = try ModelFolder(path: path), hint = "Redux is a folder with image_encoder and image_embedder, as in black-forest-labs/FLUX.1-Redux-dev"
    for part in ["image_encoder", "image_embedder"] where !folder[part].exists { throw CheckpointError.missingFile(name, "folder '\(part)'", hint: hint) }
    let settings = try Settings(folder["image_encoder"].required("config.json", hint: hint))
    configuration = try SigLIPConfiguration(settings)
    tower = try Checkpoint(in: folder["image_encoder"], stem: "model")
    embedder = try Checkpoint(in: folder["image_embedder"], stem: "diffusion_pytorch_model")
    let (up, down) = (try embedder.shape(of: "redux_up.weight", axes: 2), try embedder.shape(of: "redux_down.weight", axes: 2))
    guard up[1] == configuration.width else {
      throw CheckpointError.malformed(name, "the embedder takes states of \(up[1]), but the vision tower gives \(configuration.width); do they belong together?")
    }
    _ = try SigLIPEncoder(Weights(surveying: tower), configuration)
    _ = try ReduxEmbedder(Weights(surveying: embedder), inputs: configuration.width, outputs: down[0])
    (outputs, self.name) = (down[0], name)
    let digest = Digest()
    for checkpoint in [tower, embedder] { checkpoint.addFingerprint(to: digest) }
    hash = digest.finish()
  }

  /// What the tower is shown: stretched to its size, from −1 to 1. Reference: transformers `SiglipImageProcessor`.
  func view(of image: Image) throws -> Tensor {
    try image.coloured().resized(width: configuration.side, height: configuration.side, .bicubic).decoded
  }

  func bytes(_ precision: Precision) -> Int { (tower.parameterCount + embedder.parameterCount) * (precision == .f32 ? 4 : 2) }
}

/// Pictures that stand behind the words of a prompt: what Redux makes of them is text to the transformer.
///
/// The sequence is Σ wᵢ · [text | tokensᵢ] and the pooled state Σ pᵢ · pooled. Reference: diffusers `FluxPriorReduxPipeline`.
public struct Redux: Sendable {
  public struct Picture: Sendable {
    public var image: Image
    /// Its share of the sequence, text included; an equal share where nil.
    public var weight: Float?
    /// Its share of the pooled text; as much as `weight` where nil.
    public var pooled: Float?
    /// From 0, where its tokens are the text's own drawn out to their number, to 1, where they are the picture's alone.
    public var strength: Float = 1

    public init(_ image: Image, weight: Float? = nil, pooled: Float? = nil) { (self.image, self.weight, self.pooled) = (image, weight, pooled) }
  }

  public var file: ReduxFile
  public var pictures: [Picture]

  public init(_ file: ReduxFile, _ pictures: [Picture]) { (self.file, self.pictures) = (file, pictures) }
}

extension FluxPipeline {
  /// Redux from a folder, checked against this model; opened once, as long as the files stay as they are.
  public func redux(_ path: String, named name: String? = nil) throws -> ReduxFile {
    let stamp = FileStamp.of("\(path)/image_encoder/model.safetensors") + FileStamp.of("\(path)/image_embedder/diffusion_pytorch_model.safetensors") + " \(name ?? "")"
    let file = try openedRedux[stamp] ?? ReduxFile(path, named: name ?? path)
    guard file.outputs == configuration.sequenceWidth else {
      throw CheckpointError.malformed(file.name, "makes text tokens of \(file.outputs), but this model takes \(configuration.sequenceWidth); is it for another model?")
    }
    openedRedux[stamp] = file
    return file
  }

  /// What a text means with pictures behind its words.
  public func conditioning(_ text: Conditioning, with redux: Redux) throws -> Conditioning {
    guard !redux.pictures.isEmpty else { throw PipelineError.option("redux", "has no picture") }
    let equal = 1 / Float(redux.pictures.count)
    var sequence: Tensor?, pooled: Tensor?
    for picture in redux.pictures {
      let view = try redux.file.view(of: picture.image)
      let tokens = try Tensor.lerp(Self.drawnOut(text.sequence, to: redux.file.configuration.tokens), seen(view, by: redux.file), picture.strength)
      let weight = picture.weight ?? equal, share = picture.pooled ?? weight
      let part = weight * Tensor.concatenated([text.sequence, tokens])
      sequence = sequence.map { $0 + part } ?? part
      pooled = pooled.map { $0 + share * text.pooled } ?? share * text.pooled
    }
    return Conditioning(sequence: sequence ?? text.sequence, pooled: pooled ?? text.pooled, text: text.text)
  }

  /// What Redux makes of a picture; kept for the pictures that are used again.
  private func seen(_ view: Tensor, by file: ReduxFile) throws -> Tensor {
    let digest = Digest()
    digest.update(file.hash)
    view.withFloats { digest.update(UnsafeRawBufferPointer($0)) }
    let key = digest.finish()
    if let found = seenPictures[key] { return found }
    let made = try engine.tokens(of: view, by: file)
    if seenPictures.count >= 64 { seenPictures = [:] }
    seenPictures[key] = made
    return made
  }

  /// A sequence as one of so many tokens, each between the two that lie nearest. [tokens, width]
  private static func drawnOut(_ x: Tensor, to count: Int) -> Tensor {
    Tensor.concatenated((0..<count).map { index in
      let place = count > 1 ? Float(index) * Float(x.rows - 1) / Float(count - 1) : 0, first = min(Int(place), x.rows - 1)
      return Tensor.lerp(x[first..<first + 1], x[min(first + 1, x.rows - 1)..<min(first + 2, x.rows)], place - Float(first))
    })
  }
}
