import CLua
import Imaging
import Pipeline

/// Redux as a recipe asks for it: where it is, and the pictures.
struct LuaRedux {
  var model: String?
  var image: [Redux.Picture] = []
  var weight: Double?, pooled: Double?, strength: Double?

  static var options: Options<LuaRedux> {
    Options(LuaRedux(), named: "ReduxOptions", [
      Field("model", .string, \.model, "the folder of FLUX.1 Redux, with image_encoder and image_embedder").required,
      Field("image", images, \.image, "a picture, or a list of pictures and of { image =, weight =, pooled =, strength = }").required,
      Field("weight", .finite, \.weight, "the share of each picture in the sequence of text and pictures; equal shares of 1 by default"),
      Field("pooled", .finite, \.pooled, "its share of the pooled text; as much as weight by default"),
      Field("strength", .number(in: 0...1), \.strength, "from 0, where a picture's tokens are the text's own drawn out to their number, to 1, by default, where they are all the picture's"),
    ])
  }

  private struct One {
    var image: Image?, weight: Double?, pooled: Double?, strength = 1.0
    static var options: Options<One> {
      Options(One(), named: "ReduxPicture", [
        Field("image", Reader<Image>.object, \.image, "a picture").required, Field("weight", .finite, \.weight, "its share of the sequence"),
        Field("pooled", .finite, \.pooled, "its share of the pooled text"), Field("strength", .number(in: 0...1), \.strength, "how much its tokens are its own"),
      ])
    }
  }

  private static var images: Reader<[Redux.Picture]> {
    let plain = Reader<Image>.object.map { Redux.Picture($0) }, table = Reader<One>.options(One.options)
    var one = Reader<Redux.Picture>("an Image, or { image =, weight =, … }", "flux.Image|flux.ReduxPicture") { argument in
      guard argument.isTable else { return try plain.read(argument) }
      let read = try table.read(argument)
      guard let image = read.image else { throw Mismatch(predicate: "lacks its 'image'") }
      var picture = Redux.Picture(image, weight: read.weight.map { Float($0) }, pooled: read.pooled.map { Float($0) })
      picture.strength = Float(read.strength)
      return picture
    }
    one.options = table.options
    let list = Reader<[Redux.Picture]>.list(of: one, atLeast: 1)
    var reader = plain.map { [$0] }.or(list).described("a picture, or a list of them", annotation: "flux.Image|(flux.Image|flux.ReduxPicture)[]")
    reader.options = table.options
    return reader
  }

  /// What is said of all pictures counts where one says nothing.
  var pictures: [Redux.Picture] {
    image.map { picture in
      var picture = picture
      picture.weight = picture.weight ?? weight.map { Float($0) }
      picture.pooled = picture.pooled ?? pooled.map { Float($0) }
      if let strength { picture.strength *= Float(strength) }
      return picture
    }
  }
}

/// Pictures that Kontext looks at: one, or a list whose `snap = false` keeps their sizes.
enum LuaReferences {
  static var reader: Reader<[Reference]> {
    let image = Reader<Image>.object, expected = "an Image, or a list of them with snap = true or false"
    return Reader<[Reference]>(expected, "flux.Image|{ [integer]: flux.Image, snap: boolean? }") { argument in
      guard argument.isTable else {
        do { return [Reference(.image(try image.read(argument)))] } catch let mismatch as Mismatch { throw mismatch.isTelling ? mismatch : Mismatch(expected, argument) }
      }
      let keys = argument.keys
      if let odd = keys.names.first(where: { $0 != "snap" }) { throw Mismatch(predicate: "has no '\(odd)': it is \(expected)") }
      guard argument.length > 0, keys.others.count == argument.length else { throw Mismatch(predicate: "must be a list of at least one Image, without holes") }
      let snaps = try argument.field("snap") { $0.isAbsent ? true : try Reader<Bool>.boolean.read($0) }
      return try (0..<argument.length).map { index in
        do { return Reference(.image(try argument.entry(index + 1, image.read)), snaps: snaps) } catch let mismatch as Mismatch { throw mismatch.inside("entry \(index + 1) of ") }
      }
    }
  }
}
