import Imaging
import Testing

@Suite struct ComparisonTests {
  // Computed with NumPy by the formula of skimage.metrics.peak_signal_noise_ratio(a, b, data_range=255).
  @Test(arguments: [
    ([0, 0, 0], [0, 0, 1], 52.90201615587573),
    ([0, 128, 255], [255, 127, 0], 1.760879196261373),
    ([10, 20, 30], [13, 16, 42], 30.623149109738993),
  ] as [([UInt8], [UInt8], Double)])
  func psnrIsThatOfScikitImage(a: [UInt8], b: [UInt8], expected: Double) throws {
    let psnr = try Image(width: 1, height: 1, channels: 3, pixels: a).psnr(Image(width: 1, height: 1, channels: 3, pixels: b))
    #expect(abs(psnr - expected) < 1e-12)
  }

  @Test func equalPicturesAreInfinitelyAlike() throws {
    let image = try Pictures.noise(17, 3)
    #expect(try image.psnr(image) == .infinity)
  }

  @Test(arguments: [(4, 3, 3), (3, 5, 3), (3, 4, 1)])
  func picturesOfDifferentShapesCannotBeCompared(width: Int, height: Int, channels: Int) throws {
    let other = try Pictures.noise(width, height, channels: channels)
    #expect(throws: ImagingError.self) { try Pictures.noise(3, 4).psnr(other) }
  }
}
