import Imaging

// Pictures made from pictures: sizes, pieces, masks, labels, sheets.

extension Colour {
  /// "white", "#ff8800", or a grey from 0 to 1.
  static var reader: Reader<Colour> {
    let expected = "a colour such as \"white\" or \"#ff8800\", or a grey from 0 to 1"
    return Reader<Colour>(expected, "string|number") { argument in
      if let text = argument.lua.string(at: argument.index), let colour = Colour(text) { return colour }
      guard let grey = argument.lua.number(at: argument.index), 0...1 ~= grey, argument.lua.string(at: argument.index) == nil else { throw Mismatch(expected, argument) }
      return Colour(grey: UInt8((grey * 255).rounded()))
    }
  }
}

extension Image {
  static func edited(_ start: LuaType<Image>) -> LuaType<Image> {
    shaped(mapped(compared(start)))
      .method("resize", "Another size: \"lanczos\" (default), \"bicubic\", \"area\" or \"nearest\", as Pillow's.", .required("width", .integer(in: 1...longestSide), "pixels"),
              .required("height", .integer(in: 1...longestSide), "pixels"), .optional("filter", .named(ResamplingFilter.allCases), "how pixels are weighed; lanczos by default"), returns: "flux.Image") { image, _, width, height, filter in
        try image.resized(width: width, height: height, filter ?? .lanczos)
      }
      .method("crop", "A piece: its left and top pixel, from 1, its width and height.", .required("x", .integer(in: 1...), "from the left"),
              .required("y", .integer(in: 1...), "from the top"), .required("width", .integer(in: 1...), "pixels"),
              .required("height", .integer(in: 1...), "pixels"), returns: "flux.Image") { image, _, x, y, width, height in
        guard x <= image.width, y <= image.height, width <= image.width - x + 1, height <= image.height - y + 1 else {
          throw LuaError("\(width)x\(height) pixels from (\(x), \(y)) on are not all within the picture, which is \(image.width)x\(image.height)")
        }
        return try image.cropped(x: x - 1, y: y - 1, width: width, height: height)
      }
      .method("paste", "With another picture on it, its left and top pixel at x and y; through a mask where one is given.",
              .required("other", Reader<Image>.object, "what is pasted"), .required("x", place, "from the left"), .required("y", place, "from the top"),
              .optional("mask", Reader<Image>.object, "light where it is pasted"), returns: "flux.Image") { image, _, other, x, y, mask in
        try image.pasting(other, x: x - 1, y: y - 1, mask: mask)
      }
      .method("flip", "Mirrored: \"horizontal\" or \"vertical\".", .required("way", .named(Flip.allCases), "which way"), returns: "flux.Image") { image, _, way in try image.flipped(way) }
      .method("grey", "Without colour.", returns: "flux.Image") { image, _ in image.grey() }
      .method("invert", "Light for dark.", returns: "flux.Image") { image, _ in image.inverted() }
      .method("blur", "A Gaussian blur of this many pixels.", .required("sigma", .number(in: 0...1000), "how far it reaches"), returns: "flux.Image") { image, _, sigma in try image.blurred(sigma: sigma) }
      .method("label", "With a text below it.", .required("text", .string, "any text"), returns: "flux.Image") { image, _, text in try image.labelled(text) }
  }

  /// Maps for controls, and what is done to masks.
  private static func mapped(_ start: LuaType<Image>) -> LuaType<Image> {
    start
      .method("canny", "Its edges, white on black: Canny's, as OpenCV finds them.", .options(CannyOptions.options), returns: "flux.Image") { image, _, options in
        guard options.low <= options.high else { throw LuaError("'low' must not be above 'high'") }
        return try image.canny(low: options.low, high: options.high, blur: options.blur)
      }
      .method("tile", "What is left of it at a fraction of its size: for Tile controls, which paint the details anew.",
              .optional("factor", .integer(in: 1...1024), "how many times smaller; 4 by default"), returns: "flux.Image") { image, _, factor in
        try image.coarsened(by: factor ?? 4)
      }
      .method("depth", "A depth map as models want it: grey, from black, far, to white, near.", .options(DepthOptions.options), returns: "flux.Image") { image, _, options in
        let map = image.grey(), whole = options.stretch ? map.stretched() : map
        return options.invert ? whole.inverted() : whole
      }
      .method("grow", "A mask that reaches so many pixels further, or less far where the number is negative.",
              .required("pixels", .integer(in: -1024...1024), "how far"), returns: "flux.Image") { image, _, pixels in image.grown(by: pixels) }
  }

  /// Outside of a picture too, but not out of this world.
  private static var place: Reader<Int> { .integer(in: -1_000_000...1_000_000) }

  private static func compared(_ start: LuaType<Image>) -> LuaType<Image> {
    start
      .method("ssim", "The structural similarity to another picture, 1 for equal ones; as scikit-image defines it.", .required("other", Reader<Image>.object, "the picture to compare with"),
              returns: "number") { image, _, other in try image.ssim(other) }
      .method("hash", "A short text that is the same for equal pictures.", returns: "string") { image, _ in "\(try image.hash())" }
  }

  /// Shapes that a mask is drawn with; light on dark unless a colour is given.
  private static func shaped(_ start: LuaType<Image>) -> LuaType<Image> {
    func colour(_ image: Image, _ given: Colour?) -> Colour { given ?? Colour(grey: 255) }
    let shapes: [(name: String, summary: String, shape: (Imaging.Box) -> Shape)] = [
      ("rect", "With a filled rectangle: left, top, width, height in pixels, from 0 at the corner.", Shape.rectangle),
      ("ellipse", "With a filled ellipse in that rectangle.", Shape.ellipse),
    ]
    return shapes.reduce(start) { type, one in
      type.method(one.name, one.summary, .required("x", .number, "from the left"), .required("y", .number, "from the top"), .required("width", .number, "pixels"),
                  .required("height", .number, "pixels"), .optional("colour", Colour.reader, "what it is filled with"), returns: "flux.Image") { image, _, x, y, width, height, given in
        try image.drawing(one.shape(Imaging.Box(x: x, y: y, width: width, height: height)), in: colour(image, given))
      }
    }
  }
}

extension Reader where Value: RawRepresentable<String> {
  /// One of the cases, by its name.
  static func named(_ cases: [Value]) -> Reader {
    let names = cases.map { "\"\($0.rawValue)\"" }, expected = "one of " + names.joined(separator: ", ")
    return Reader(expected, names.joined(separator: "|")) { argument in
      guard let value = argument.lua.string(at: argument.index).flatMap(Value.init(rawValue:)) else { throw Mismatch(expected, argument) }
      return value
    }
  }
}

private struct CannyOptions {
  var low = 100.0, high = 200.0, blur = 0.0
  static var options: Options<CannyOptions> {
    Options(CannyOptions(), [
      Field("low", .number(in: 0...1e5), \.low, "slopes above it belong to an edge that they touch; 100 by default"),
      Field("high", .number(in: 0...1e5), \.high, "slopes above it are an edge; 200 by default"),
      Field("blur", .number(in: 0...1000), \.blur, "the pixels of a Gaussian blur before all else; 0, none, by default"),
    ])
  }
}

private struct DepthOptions {
  var invert = false, stretch = true
  static var options: Options<DepthOptions> {
    Options(DepthOptions(), [
      Field("invert", .boolean, \.invert, "whether near is dark in it, and becomes light"),
      Field("stretch", .boolean, \.stretch, "whether its values are stretched from black to white; true by default"),
    ])
  }
}

// flux.mask, flux.pose and flux.sheet.

private struct MaskOptions {
  var size: PixelSize?, value = 0.0
  static var options: Options<MaskOptions> {
    Options(MaskOptions(), [Field("size", .size, \.size, "pixels").required, Field("value", .number(in: 0...1), \.value, "how light it is; 0, dark, by default")])
  }
}

private struct SheetOptions {
  var columns: Int?, labels: [String] = [], title = "", gap = 12
  var background = Colour(grey: 255)
  static var options: Options<SheetOptions> {
    Options(SheetOptions(), [
      Field("columns", .integer(in: 1...1000), \.columns, "pictures in a row; about a square by default"),
      Field("labels", .list(of: .string), \.labels, "a text below each"),
      Field("title", .string, \.title, "a text above all"),
      Field("gap", .integer(in: 0...1000), \.gap, "pixels between pictures"),
      Field("background", Colour.reader, \.background, "the colour between them"),
    ])
  }
}

extension FluxModule {
  func sheetFunctions() -> [LuaFunction] { [maskFunction(), poseFunction(), sheetFunction()] }

  private func poseFunction() -> LuaFunction {
    LuaFunction("pose", "Skeletons on black, as OpenPose draws them: flux.pose{ size = 512, people = { { nose = {256, 80}, neck = {256, 140} } } }.",
                .required("options", .options(PoseOptions.options), "named values"), returns: "flux.Image") { _, options in
      guard let size = options.size else { throw LuaError("'size' is missing") }
      return try Pose.drawing(options.people, width: size.width, height: size.height, stick: options.stick)
    }
  }

  private func maskFunction() -> LuaFunction {
    LuaFunction("mask", "A grey picture to draw a mask on: flux.mask{ size = 512 }:ellipse(100, 100, 300, 300):blur(8).", .required("options", .options(MaskOptions.options), "named values"),
                returns: "flux.Image") { _, options in
      guard let size = options.size else { throw LuaError("'size' is missing") }
      return try Image.mask(width: size.width, height: size.height, value: UInt8((options.value * 255).rounded()))
    }
  }

  private func sheetFunction() -> LuaFunction {
    LuaFunction("sheet", "Pictures side by side on one.", .required("images", .list(of: Reader<Image>.object, atLeast: 1), "row by row"), .options(SheetOptions.options),
                returns: "flux.Image") { _, images, options in
      guard options.labels.isEmpty || options.labels.count == images.count else {
        throw LuaError("'labels' lists \(options.labels.count) texts for \(images.count) pictures")
      }
      var sheet = ContactSheet(images, columns: options.columns)
      (sheet.labels, sheet.title, sheet.gap, sheet.background) = (options.labels, options.title, options.gap, options.background)
      return try sheet.image()
    }
  }
}
