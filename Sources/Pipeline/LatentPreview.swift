import Imaging
import Models
import Tensors

/// A guess at the picture of latents without the decoder: each latent's colour is a linear map of its channels, fitted once for
/// the autoencoder in use.
struct LatentPreview {
  /// [channels + 1, 3]: the last row is what is added.
  private let map: [[Double]]
  /// Latents along each side of the picture that it is fitted to.
  static let side = 32

  /// Fits the map to a picture of many soft colours, encoded.
  init(_ model: AutoEncoder) throws {
    let side = Self.side, reduction = model.configuration.reduction
    let colours = Self.colours(side: side)
    let picture = try Image(width: side, height: side, channels: 3, pixels: colours).resized(width: side * reduction, height: side * reduction, .bicubic)
    let latents = model.configuration.scaled(try model.encode(picture.decoded).mean)
    let target = try picture.resized(width: side, height: side, .area)
    map = Self.fitted(latents, target)
  }

  /// Repeatable patches that run through the colours, two to four latents wide.
  private static func colours(side: Int) -> [UInt8] {
    var state: UInt64 = 0x9E37_79B9_7F4A_7C15
    func next() -> UInt8 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return UInt8(truncatingIfNeeded: state >> 56)
    }
    let patches = (0..<side * side).map { _ in [next(), next(), next()] }
    return (0..<side * side).flatMap { patches[$0 / side / 3 * side + $0 % side / 3] }
  }

  /// Least squares by the normal equations, in double.
  private static func fitted(_ latents: Tensor, _ target: Image) -> [[Double]] {
    let channels = latents.shape[0], area = target.width * target.height, unknowns = channels + 1
    let values = latents.values
    var normal = [[Double]](repeating: [Double](repeating: 0, count: unknowns + 3), count: unknowns)
    for pixel in 0..<area {
      let row = (0..<channels).map { Double(values[$0 * area + pixel]) } + [1]
      for i in 0..<unknowns {
        for j in 0..<unknowns { normal[i][j] += row[i] * row[j] }
        for colour in 0..<3 { normal[i][unknowns + colour] += row[i] * Double(target.pixels[pixel * 3 + colour]) / 255 }
      }
    }
    return solved(normal, unknowns)
  }

  /// Gaussian elimination with pivots; a whiff of ridge keeps channels that say nothing at rest.
  private static func solved(_ system: [[Double]], _ unknowns: Int) -> [[Double]] {
    var a = system
    for i in 0..<unknowns { a[i][i] += 1e-6 }
    for column in 0..<unknowns {
      let pivot = (column..<unknowns).max { abs(a[$0][column]) < abs(a[$1][column]) } ?? column
      a.swapAt(column, pivot)
      for row in 0..<unknowns where row != column {
        let factor = a[row][column] / a[column][column]
        for k in column..<unknowns + 3 { a[row][k] -= factor * a[column][k] }
      }
    }
    return (0..<unknowns).map { i in (0..<3).map { a[i][unknowns + $0] / a[i][i] } }
  }

  /// - Parameter latents: [channels, height, width]
  /// - Returns: a picture of the size that the decoder's would have
  func callAsFunction(_ latents: Tensor, reduction: Int) throws -> Image {
    let (channels, height, width) = (latents.shape[0], latents.shape[1], latents.shape[2]), area = height * width
    let values = latents.values
    var pixels = [UInt8](repeating: 0, count: area * 3)
    for pixel in 0..<area {
      for colour in 0..<3 {
        var sum = map[channels][colour]
        for channel in 0..<channels { sum += map[channel][colour] * Double(values[channel * area + pixel]) }
        pixels[pixel * 3 + colour] = UInt8(min(max(sum, 0), 1) * 255 + 0.5)
      }
    }
    return try Image(width: width, height: height, channels: 3, pixels: pixels).resized(width: width * reduction, height: height * reduction, .bicubic)
  }
}

extension FluxPipeline {
  /// Guesses at the pictures of latents [n, 16, height/8, width/8] or [16, height/8, width/8], without the decoder.
  public func preview(_ latents: Tensor) throws -> [Image] {
    let all = latents.shape.count == 3 ? latents.reshaped([1] + latents.shape) : latents
    return try (0..<all.shape[0]).map { try engine.preview(all[$0]) }
  }
}
