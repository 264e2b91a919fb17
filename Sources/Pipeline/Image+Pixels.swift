import Imaging
import Tensors

extension Image {
  /// A decoded picture, [height, width, 3] in [−1, 1]; what lies outside is clamped, and halves are rounded to even, as NumPy does.
  init(decoded x: Tensor) throws {
    let pixels = x.withFloats { $0.map { UInt8((min(max($0 / 2 + 0.5, 0), 1) * 255).rounded(.toNearestOrEven)) } }
    try self.init(width: x.shape[1], height: x.shape[0], channels: x.shape[2], pixels: pixels)
  }

  /// [height, width, 3] in [−1, 1], as the autoencoder takes it.
  var decoded: Tensor {
    let values = pixels.map { Float($0) / 255 * 2 - 1 }
    return Tensor([height, width, 3], channels == 3 ? values : values.flatMap { [$0, $0, $0] })
  }

  /// [channels, height, width] in [0, 1].
  public var tensor: Tensor {
    let area = width * height
    var planes = [Float](repeating: 0, count: pixels.count)
    for (index, value) in pixels.enumerated() { planes[index % channels * area + index / channels] = Float(value) / 255 }
    return Tensor([channels, height, width], planes)
  }

  /// From [1 or 3, height, width] in [0, 1].
  public init(_ tensor: Tensor) throws {
    let (channels, area) = (tensor.shape[0], tensor.shape[1] * tensor.shape[2])
    let values = tensor.values
    let pixels = (0..<values.count).map { index in
      UInt8((min(max(values[index % channels * area + index / channels], 0), 1) * 255).rounded(.toNearestOrEven))
    }
    try self.init(width: tensor.shape[2], height: tensor.shape[1], channels: channels, pixels: pixels)
  }
}
