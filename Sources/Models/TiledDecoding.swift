import Tensors

/// A rectangle of a picture, in pixels of some resolution.
struct Region: Equatable, Sendable {
  var rows: Range<Int>, columns: Range<Int>

  var extent: Extent { Extent(height: rows.count, width: columns.count) }
  var doubled: Region { Region(rows: 2 * rows.lowerBound..<2 * rows.upperBound, columns: 2 * columns.lowerBound..<2 * columns.upperBound) }

  /// With so many pixels more on every side, as far as the picture goes.
  func widened(by margin: Int, in whole: Extent) -> Region {
    Region(rows: max(0, rows.lowerBound - margin)..<min(whole.height, rows.upperBound + margin),
           columns: max(0, columns.lowerBound - margin)..<min(whole.width, columns.upperBound + margin))
  }

  /// Where this lies in another one that holds it.
  func within(_ outer: Region) -> Region {
    Region(rows: rows.lowerBound - outer.rows.lowerBound..<rows.upperBound - outer.rows.lowerBound,
           columns: columns.lowerBound - outer.columns.lowerBound..<columns.upperBound - outer.columns.lowerBound)
  }

  /// A picture in pieces of about this size.
  static func tiles(of whole: Extent, side: Int) -> [Region] {
    func pieces(_ length: Int) -> [Range<Int>] {
      let count = (length + side - 1) / side
      return (0..<count).map { $0 * length / count..<($0 + 1) * length / count }
    }
    return pieces(whole.height).flatMap { rows in pieces(whole.width).map { Region(rows: rows, columns: $0) } }
  }
}

extension Tensor {
  /// The rows of a part of a picture [area, channels].
  func cropped(_ part: Region, from whole: Extent) -> Tensor {
    if part.extent == whole { return self }
    var y = Tensor(uninitialized: [part.extent.area, width])
    let (from, channels, columns) = (floats, width, part.columns)
    y.withMutableFloats { floats in
      guard let to = floats.baseAddress else { return }
      Team.forEach(part.rows.count) { row, _ in
        let source = from + ((part.rows.lowerBound + row) * whole.width + columns.lowerBound) * channels
        (to + row * columns.count * channels).update(from: source, count: columns.count * channels)
      }
    }
    withExtendedLifetime(self) {}
    return y
  }

  /// Puts a picture into its place in a larger one.
  mutating func write(_ part: Tensor, _ region: Region, of whole: Extent) {
    let (from, channels, columns) = (part.floats, part.width, region.columns)
    withMutableFloats { floats in
      guard let to = floats.baseAddress else { return }
      for row in 0..<region.rows.count {
        let place = to + ((region.rows.lowerBound + row) * whole.width + columns.lowerBound) * channels
        place.update(from: from + row * columns.count * channels, count: columns.count * channels)
      }
    }
    withExtendedLifetime(part) {}
  }
}

/// What the norms of a picture that is decoded in tiles share: the sums of all tiles, which every tile is then normed by, so that
/// tiles meet without a seam. A tile counts only what no other tile holds.
final class SharedNorms {
  private var known: [ChannelSums] = [], found: [ChannelSums] = []
  private var place = 0
  /// Whether the sums of an earlier pass are used.
  private(set) var isReady = false
  /// The part of what is being normed that belongs to this tile alone.
  private var core = Region(rows: 0..<0, columns: 0..<0), extent = Extent(height: 0, width: 0)

  /// Before the norms of a resolution.
  func stand(at core: Region, of extent: Extent) { (self.core, self.extent) = (core, extent) }

  func beginTile() { place = 0 }

  /// What was found is used from here on.
  func endPass() { (known, found, isReady) = (found, [], true) }

  /// What the next norm takes for the sums of the whole picture; nil for those of the tile itself.
  func sums(_ x: Tensor) -> ChannelSums? {
    let own = x.cropped(core, from: extent).channelSums
    if place < found.count { found[place].add(own) } else { found.append(own) }
    defer { place += 1 }
    return isReady ? known[place] : nil
  }
}

/// How a picture is cut for decoding.
package struct Tiling: Sendable, Equatable {
  /// Pixels along each side of a tile.
  package var side: Int
  /// How often all tiles are made, the last time for the picture. With as many as there are norms it is the whole decode's, but for rounding.
  package var passes: Int

  package init(side: Int, passes: Int = 2) { (self.side, self.passes) = (side, passes) }
}

/// A picture decoded in tiles from the finer resolutions on, where memory goes: the coarser ones are made whole.
///
/// A tile is made with as much around it as its pixels can see, and less at every resolution, so that nothing is blended. Norms
/// look at the whole picture: a first pass gathers what they need to know of it, each tile normed by itself; a second one makes the picture.
/// What remains of the difference to the whole decode is even all over the picture.
struct TiledDecoding {
  let decoder: Decoder
  let tiling: Tiling

  /// - Parameter x: what the coarser resolutions made, at `extent`
  func callAsFunction(_ x: Tensor, _ extent: Extent, _ cancellation: Cancellation?) throws -> (Tensor, Extent) {
    let finest = decoder.pixels(of: 1, from: decoder.firstTiled), whole = Extent(height: extent.height * finest, width: extent.width * finest)
    var picture = Tensor(uninitialized: [whole.area, decoder.imageChannels])
    let norms = SharedNorms(), tiles = Region.tiles(of: extent, side: max(tiling.side / finest, 1))
    for pass in 1...tiling.passes {
      for tile in tiles {
        norms.beginTile()
        let made = try decoder.tile(tile, of: x, extent, norms, cancellation)
        let place = Region(rows: tile.rows.lowerBound * finest..<tile.rows.upperBound * finest, columns: tile.columns.lowerBound * finest..<tile.columns.upperBound * finest)
        if pass == tiling.passes { picture.write(made, place, of: whole) }
      }
      norms.endPass()
    }
    return (picture, whole)
  }
}

extension Decoder {
  /// A tile of the picture.
  /// - Parameters:
  ///   - core: the tile at the resolution of x
  ///   - x: the whole picture before the doubling that leads to the first tiled resolution
  func tile(_ core: Region, of x: Tensor, _ extent: Extent, _ norms: SharedNorms, _ cancellation: Cancellation?) throws -> Tensor {
    var core = core, whole = extent
    var region = core.widened(by: (1 + margin(firstTiled) + 1) / 2, in: whole), y = x.cropped(region, from: whole)
    for level in firstTiled..<ups.count {
      if let upsample = ups[level - 1].upsample {
        y = try upsample(doubled(y, region.extent, as: upsample.encoding), region.doubled.extent)
        (region, core, whole) = (region.doubled, core.doubled, Extent(height: whole.height * 2, width: whole.width * 2))
      }
      let needed = core.widened(by: margin(level), in: whole)
      y = y.cropped(needed.within(region), from: region.extent)
      region = needed
      norms.stand(at: core.within(region), of: region.extent)
      for block in ups[level].blocks {
        try cancellation?.check()
        y = try block(y, region.extent, norms)
      }
    }
    return try finished(y, region.extent, norms).cropped(core.within(region), from: region.extent)
  }

  /// How many pixels around a tile its own can see, at the resolution of a level: two for each block, and what the next one asks for.
  private func margin(_ level: Int) -> Int {
    let here = 2 * ups[level].blocks.count
    return level == ups.count - 1 ? here + 1 : here + (1 + margin(level + 1) + 1) / 2
  }

  /// How many pixels of the picture so many before a level's doubling are, along a side.
  func pixels(of count: Int, from level: Int) -> Int { count << (ups.count - level) }

  /// Coarser resolutions than this are made whole: they take little memory, and much of what is normed.
  var firstTiled: Int { max(1, ups.count / 2) }
}
