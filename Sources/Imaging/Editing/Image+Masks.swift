/// What is done to masks and to maps before a model sees them.
extension Image {
  /// Every pixel the lightest within a disc of so many pixels, so that a mask grows; the darkest where the radius is negative.
  public func grown(by radius: Int) -> Image {
    guard radius != 0 else { return self }
    if radius < 0 { return inverted().grown(by: -radius).inverted() }
    var made = pixels
    for y in -min(radius, height - 1)...min(radius, height - 1) {
      var half = radius
      while half * half + y * y > radius * radius { half -= 1 }
      let rows = max(0, -y)..<min(height, height - y)
      for row in rows { lighten(&made, row: row, from: row + y, half: half) }
    }
    return Image(unchecked: (width, height, channels), pixels: made, text: text)
  }

  /// The lightest of a row's stretches of 2·half + 1 pixels, each into the pixel in their middle.
  private func lighten(_ made: inout [UInt8], row: Int, from source: Int, half: Int) {
    for channel in 0..<channels {
      // Indices whose values fall: the first is the lightest of the stretch. Lemire 2006.
      var falling: [Int] = [], first = 0
      for x in 0..<width + half {
        if x < width {
          let value = pixels[(source * width + x) * channels + channel]
          while falling.count > first, let last = falling.last, pixels[(source * width + last) * channels + channel] <= value { falling.removeLast() }
          falling.append(x)
        }
        let middle = x - half
        guard middle >= 0 else { continue }
        while first < falling.count, falling[first] < middle - half { first += 1 }
        let to = (row * width + middle) * channels + channel
        made[to] = max(made[to], pixels[(source * width + falling[first]) * channels + channel])
      }
    }
  }

  /// Its values stretched from the darkest and lightest ones to black and white; one value stays as it is.
  public func stretched() -> Image {
    guard let least = pixels.min(), let most = pixels.max(), least < most else { return self }
    let range = Int(most - least)
    return Image(unchecked: (width, height, channels), pixels: pixels.map { UInt8((Int($0 - least) * 255 + range / 2) / range) }, text: text)
  }

  /// What is left of the picture at 1/factor of its size, at its own size again: for Tile ControlNets, which paint the details anew.
  public func coarsened(by factor: Int) throws(ImagingError) -> Image {
    try resized(width: max(width / factor, 1), height: max(height / factor, 1), .area).resized(width: width, height: height, .bicubic)
  }
}
