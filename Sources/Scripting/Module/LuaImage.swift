import Imaging
import Pipeline
import Tensors

/// Pictures as recipes hold them.
extension Image: LuaObject {
  package static var luaName: String { "Image" }
  package var luaBytes: Int { pixels.count }

  static func type(_ flux: FluxModule) -> LuaType<Image> {
    edited(LuaType<Image>("A picture."))
      .property("width", "integer", "Pixels.") { $0.width }
      .property("height", "integer", "Pixels.") { $0.height }
      .property("channels", "integer", "3 for colour, 1 for grey.") { $0.channels }
      .property("text", "table<string, string>", "The texts that the picture carries, by their keys.") { image in
        LuaTable(image.text.map { ($0.key, $0.value) })
      }
      .method("save", "Writes a PNG, JPEG or WebP file, as the name ends, to the output folder unless the path says otherwise.",
              .required("path", .string, "where to, in the output folder"), .options(SaveOptions.options)) { image, _, path, options in
        try flux.save(image, to: path, options)
      }
      .method("show", "Draws the picture on the terminal, as finely as the terminal can; elsewhere a warning says that there is none.") { image, call in
        if let why = call.lua.output.show(image) { call.lua.output.write("show: \(why)", .warning) }
      }
      .method("psnr", "The likeness to another picture of the same size in decibels; math.huge for equal ones.",
              .required("other", Reader<Image>.object, "the picture to compare with"),
              returns: "number") { image, _, other in try image.psnr(other) }
      .method("tensor", "The pixels as a Tensor [channels, height, width] from 0 to 1.", returns: "flux.Tensor") { image, _ in image.tensor }
      .method("pixel", "The red, green and blue (or grey) of a pixel, from 0 to 255; from 1 at the top left.", .required("x", .integer(in: 1...), "from the left"),
              .required("y", .integer(in: 1...), "from the top"), returns: "integer, integer, integer") { image, _, x, y in
        guard x <= image.width, y <= image.height else { throw LuaError("(\(x), \(y)) is outside of the picture, which is \(image.width)x\(image.height)") }
        let at = ((y - 1) * image.width + x - 1) * image.channels
        return Several(all: (0..<image.channels).map { Int(image.pixels[at + $0]) })
      }
      .text { "Image \($0.width)x\($0.height)\($0.channels == 1 ? " grey" : "")" }
  }

  fileprivate struct SaveOptions {
    var text: [(String, String)] = [], quality: Int?
    static var options: Options<SaveOptions> {
      Options(SaveOptions(), [
        Field("text", Reader<[(String, String)]>("a table of texts by name", "table<string, string>") { argument in
          guard argument.isTable else { throw Mismatch("a table of texts by name", argument) }
          let keys = argument.keys
          if let other = keys.others.first { throw Mismatch(predicate: "must be a table of texts by name, got an entry [\(other)]") }
          return try keys.names.map { name in
            do { return (name, try argument.field(name) { try Reader<String>.string.read($0) }) } catch let mismatch as Mismatch {
              throw mismatch.inside("'\(name)' of ")
            }
          }
        }, \.text, "further texts for the picture to carry"),
        Field("quality", .integer(in: 1...100), \.quality, "of JPEG and WebP"),
      ])
    }
  }
}

extension FluxModule {
  fileprivate func save(_ image: Image, to path: String, _ options: Image.SaveOptions) throws {
    let format = try PictureFormat(endingOf: path)
    if options.quality != nil, format.defaultQuality == nil { throw LuaError("'quality' is for .jpg and .webp; a PNG loses nothing") }
    var signed = image
    for (key, value) in options.text { signed.text[key] = value }
    signed.text[FileAccess.Mark.key] = session.files.recipe
    let picture = signed, quality = options.quality
    session.files.note(.write(format), pixels: picture.width * picture.height)
    try session.files.write(picture.encoded(as: format, quality: quality), to: path)
  }

  func imageFunction() -> LuaFunction {
    let source = Reader<String>.string.map { ImageSource.file($0) }.or(Reader<Tensor>.object.map { ImageSource.tensor($0) })
      .or(Reader.options(CanvasOptions.options).map { ImageSource.canvas($0) }).described("a file, a Tensor, or {size=, fill=}")
    return LuaFunction("image", "A picture from a PNG, JPEG or WebP file, from a Tensor [1 or 3, height, width] from 0 to 1, or of one colour: flux.image{ size = 512, fill = \"navy\" }.",
                       .required("source", source, "a file, the pixels, or a size and a colour"),
                       returns: "flux.Image") { _, source in
      switch source {
      case .file(let path):
        let file = try self.session.files.file(path)
        return try self.engine { try Image(contentsOf: file) }
      case .tensor(let tensor):
        guard tensor.shape.count == 3, [1, 3].contains(tensor.shape[0]) else { throw LuaError("a picture's Tensor has the shape [1 or 3, height, width], got \(tensor.shape)") }
        guard tensor.isFinite else { throw LuaError("the Tensor holds a number that is infinite or not a number") }
        return try Image(tensor)
      case .canvas(let canvas):
        guard let size = canvas.size else { throw LuaError("'size' is missing") }
        return try Image.filled(width: size.width, height: size.height, with: canvas.fill)
      }
    }
  }

  private enum ImageSource { case file(String), tensor(Tensor), canvas(CanvasOptions) }
}

private struct CanvasOptions {
  var size: PixelSize?, fill = Colour.black
  static var options: Options<CanvasOptions> {
    Options(CanvasOptions(), [Field("size", .size, \.size, "pixels").required, Field("fill", Colour.reader, \.fill, "its colour; black by default")])
  }
}
