import Checkpoints
import Models
import Tensors

extension SpeedStage {
  /// The floor holds the network's own products: its blocks', and the one behind each block.
  func controlNet(_ encoding: Encoding, size: Int, text: Int) throws -> SpeedPiece {
    let (stored, precision) = SpeedSlice.kept(encoding), width = SpeedSlice.width, doubles = SpeedSlice.doubles, singles = SpeedSlice.singles
    let side = size / 16, image = side * side
    var weights = try SpeedSlice.weights(stored)
    weights.linear("controlnet_x_embedder", 64, width, .bf16)
    for block in 0..<doubles { weights.linear("controlnet_blocks.\(block)", width, width, stored) }
    for block in 0..<singles { weights.linear("controlnet_single_blocks.\(block)", width, width, stored) }
    let checkpoint = weights.checkpoint
    let configuration = try ControlNetConfiguration(ControlNetConfiguration.sizes(of: checkpoint).settings(of: "bench", besides: nil))
    let net = try ControlNet(Weights(checkpoint, precision: precision), configuration)
    let latents = Tensor.varied([image, 64]), txt = Tensor.varied([text, 4096]), pooled = Tensor.varied([768]), rotary = Rotary(text: text, rows: side, columns: side, axes: SpeedSlice.axes)
    let behind = ProductFloor.Shape(image, width, width, doubles + singles)
    let floor = try ProductFloor(SpeedSlice.products(image: image, text: text) + [behind], modulations: SpeedSlice.modulations,
                                 attentions: SpeedSlice.attentions(tokens: image + text), encoding)
    var x = Tensor.varied([image, width])
    return SpeedPiece(encoding, size: size, tokens: image + text, operations: configuration.operations(text: text, image: image), floor: floor) {
      let residuals = try net(img: latents, control: latents, txt: txt, pooled: pooled, timestep: 0.5, guidance: 4, mode: nil, rotary: rotary)
      for block in 0..<doubles { residuals.add(residuals.double, to: &x, behind: block, of: doubles) }
      for block in 0..<singles { residuals.add(residuals.single, to: &x, behind: block, of: singles) }
    }
  }
}
