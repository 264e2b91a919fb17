import Checkpoints
import Models
import Tensors

/// What a model takes in memory, known before anything is loaded: the weights of its parts, and what a piece of work holds beside them.
///
/// Pages of mapped files can be dropped at any time: they count where a machine should hold everything, and not under a limit.
struct Footprint {
  let files: ModelFiles
  let precision: Precision

  /// The program itself, Lua, the libraries and the code that they make, tokenizers.
  static let program = 100 << 20

  /// Weights that are the process's own.
  func weights(_ part: Work.Part) -> Int { models(of: part).reduce(0) { $0 + files.bytes(of: $1, precision) - files.mappedBytes(of: $1, precision) } }

  /// Weights that are used from the mapped file.
  func mapped(_ part: Work.Part) -> Int { models(of: part).reduce(0) { $0 + files.mappedBytes(of: $1, precision) } }

  /// A second transformer, which is all in memory.
  var copy: Int { files.bytes(of: .transformer, precision) }

  /// Bytes of a number that goes into a product.
  private var operand: Int { precision == .f32 || !Product.multipliesBF16 ? 4 : 2 }

  private func models(of part: Work.Part) -> [ModelPart] {
    switch part { case .text: [.t5, .clip]; case .transformer: [.transformer]; case .autoEncoder: [.vae] }
  }

  /// What a piece of work must hold at its largest moment: rows of f32, and those that go into products.
  /// - Parameter tile: pixels along each side of the tiles that a picture is decoded in
  func activations(_ work: Work, tile: Int? = nil) -> Int { max(held(by: work, tile), work.part == .transformer ? files.readingBytes(precision) : 0) }

  private func held(by work: Work, _ tile: Int?) -> Int {
    switch work {
    case .text(let tokens):
      // x, its norm, q, k and v, heads, scores; or both halves of the feed-forward and their product. And how far tokens are apart, for each head.
      let t5 = files.t5Configuration
      return tokens * (4 * 6 * t5.width + (12 + operand) * t5.hidden) + 4 * t5.heads * tokens * tokens + scores(tokens)
    case .network: return 0
    case .velocity(let text, let size, let beside):
      // A single block at the joining of attention and feed-forward: x, [q | k | v | hidden], heads, attended, both; and what the double blocks made.
      let tokens = text + beside + size.width * size.height / (4 * reduction * reduction)
      return tokens * files.configuration.width * (40 + 8 * operand) + scores(tokens)
    case .decode(let size):
      guard let tile, tile < max(size.width, size.height) else { return finest(size.width * size.height) }
      // The coarser resolutions whole, or what they made and one tile.
      let pixels = size.width * size.height, channels = files.vaeConfiguration.channels, coarse = channels.count > 2 ? channels[channels.count / 2] : channels[0]
      let around = (tile + 2 * Self.margin) * (tile + 2 * Self.margin)
      return max(pixels / 16 * coarse * (16 + operand), pixels / 16 * coarse * 4 + finest(min(around, pixels)) + 2 * 12 * pixels)
    case .encode(let size), .preview(let size): return finest(size.width * size.height)
    }
  }

  /// What buffers are worth keeping for the next block beside that, where there is room: fresh pages cost a tenth of a step at 1024×1024. Half
  /// as much again is nearly all that is ever asked for twice (`SPEED.md`).
  func worthKeeping(_ work: Work, tile: Int? = nil) -> Int { max(Self.leastKept, activations(work, tile: tile) * 3 / 2) }
  private static let leastKept = 32 << 20

  /// Pixels around a tile that it is made with.
  private static let margin = 52

  /// The finest resolution: a block whose input has twice the channels, at the sum of both ways.
  private func finest(_ pixels: Int) -> Int {
    let channels = files.vaeConfiguration.channels, input = channels.count > 1 ? channels[1] : channels[0]
    return pixels * ((4 + operand) * input + 3 * 4 * channels[0])
  }

  /// Scores of a tile of queries, for each thread.
  private func scores(_ tokens: Int) -> Int { Team.threads * 128 * tokens * 6 }

  private var reduction: Int { files.vaeConfiguration.reduction }

  /// The smallest limit that a piece of work can keep to, everything else gone.
  func least(_ work: Work) -> Int {
    let tile: Int? = if case .decode = work { Self.smallTile } else { nil }
    return Self.program + weights(work.part) + activations(work, tile: tile)
  }

  /// Tiles where memory demands them.
  static let usualTile = 512, smallTile = 256

  /// The tiles that a picture is decoded in, by what there is room for: the same for a model, a size and a limit, whatever happened before.
  func tile(for size: Size, within limit: Int) -> Int? {
    let beside = Self.program + weights(.transformer) + weights(.autoEncoder), work = Work.decode(size)
    if beside + activations(work) <= limit { return nil }
    return beside + activations(work, tile: Self.usualTile) <= limit ? Self.usualTile : Self.smallTile
  }
}
