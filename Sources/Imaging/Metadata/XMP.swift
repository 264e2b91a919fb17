/// Texts in an XMP packet (ISO 16684-1): a sequence of keys and values under a name space of our own.
///
///     <fluxlua:texts><rdf:Seq>
///     <rdf:li rdf:parseType="Resource"><fluxlua:key>Title</fluxlua:key><fluxlua:value>a fox</fluxlua:value></rdf:li>
///     </rdf:Seq></fluxlua:texts>
///
/// XML has no control characters; a value that holds one is a JSON string under `fluxlua:json`.
enum XMP {
  static func packet(_ texts: [TextEntry]) -> [UInt8] {
    let items = texts.map { entry in
      let plain = entry.value.unicodeScalars.allSatisfy(isAllowed)
      let value = plain
        ? "<fluxlua:value>\(escaped(entry.value))</fluxlua:value>"
        : "<fluxlua:json>\(escaped(JSONString.quoted(entry.value)))</fluxlua:json>"
      return "<rdf:li rdf:parseType=\"Resource\"><fluxlua:key>\(escaped(entry.key))</fluxlua:key>\(value)</rdf:li>\n"
    }
    return wrapped("xmlns:fluxlua=\"urn:fluxlua:texts:\"", "<fluxlua:texts><rdf:Seq>\n\(items.joined())</rdf:Seq></fluxlua:texts>")
  }

  /// The packet that says where in a JPEG file the rest of it is (XMP specification part 3, section 1.1.3.1).
  static func packet(extendedBy guid: String) -> [UInt8] {
    wrapped("xmlns:xmpNote=\"http://ns.adobe.com/xmp/note/\" xmpNote:HasExtendedXMP=\"\(guid)\"", "")
  }

  private static func wrapped(_ attributes: String, _ body: String) -> [UInt8] {
    Array(
      """
      <?xpacket begin="\u{feff}" id="W5M0MpCehiHzreSzNTczkc9d"?>
      <x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
      <rdf:Description rdf:about="" \(attributes)>\(body)</rdf:Description></rdf:RDF></x:xmpmeta>
      <?xpacket end="w"?>
      """.utf8)
  }

  /// The texts of a packet, also when another program has written it anew; whatever else is in it is passed over.
  static func texts(in packet: [UInt8]) -> [TextEntry] {
    var texts: [TextEntry] = []
    var key: String?
    var rest = packet[...]
    while let element = next(in: &rest) {
      switch (element.name, key) {
      case ("key", _): key = unescaped(element.inside)
      case ("value", let name?): texts.append(TextEntry(name, unescaped(element.inside)))
      case ("json", let name?): texts.append(TextEntry(name, JSONString.unquoted(unescaped(element.inside))))
      default: continue
      }
      if element.name != "key" { key = nil }
    }
    return texts
  }

  /// The name of what extends a packet, if anything does.
  static func guidOfExtension(of packet: [UInt8]) -> [UInt8]? {
    guard let name = packet.firstRange(of: Array("xmpNote:HasExtendedXMP".utf8)) else { return nil }
    let guid = packet[name.upperBound...].drop { "=\"'> \n".utf8.contains($0) }.prefix(32)
    return guid.count == 32 ? Array(guid) : nil
  }

  /// The next element of our name space that holds text, in one pass over the bytes.
  private static func next(in bytes: inout ArraySlice<UInt8>) -> (name: String, inside: ArraySlice<UInt8>)? {
    let names = ["key", "value", "json"]
    while let start = bytes.firstIndex(of: UInt8(ascii: "<")) {
      bytes = bytes[start...]
      guard let name = names.first(where: { bytes.starts(with: "<fluxlua:\($0)>".utf8) }) else {
        bytes = bytes.dropFirst()
        continue
      }
      let inside = bytes.dropFirst("<fluxlua:>".utf8.count + name.utf8.count)
      // Text holds no bare "<": the next one begins the end of the element.
      let close = inside.firstIndex(of: UInt8(ascii: "<")) ?? inside.endIndex
      bytes = inside[close...]
      if bytes.starts(with: "</fluxlua:\(name)>".utf8) { return (name, inside[..<close]) }
    }
    return nil
  }

  /// XML 1.0, section 2.2; a carriage return is allowed but would be read as a line feed.
  private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
    scalar.value >= 32 && scalar.value != 0xfffe && scalar.value != 0xffff || scalar == "\n" || scalar == "\t"
  }

  private static let entities: [(name: String, scalar: Unicode.Scalar)] = [("lt", "<"), ("gt", ">"), ("amp", "&"), ("quot", "\""), ("apos", "'")]

  private static func escaped(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      switch scalar {
      case "<": result += "&lt;".unicodeScalars
      case ">": result += "&gt;".unicodeScalars
      case "&": result += "&amp;".unicodeScalars
      default: result.append(scalar)
      }
    }
    return String(result)
  }

  private static func unescaped(_ bytes: ArraySlice<UInt8>) -> String {
    var result = String.UnicodeScalarView()
    var rest = String(decoding: bytes, as: UTF8.self).unicodeScalars[...]
    while let scalar = rest.popFirst() {
      let name = rest.prefix(9).prefix { $0 != ";" }
      if scalar == "&", rest.dropFirst(name.count).first == ";", let meant = Self.scalar(String(String.UnicodeScalarView(name))) {
        result.append(meant)
        rest = rest.dropFirst(name.count + 1)
      } else {
        result.append(scalar)
      }
    }
    return String(result)
  }

  private static func scalar(_ name: String) -> Unicode.Scalar? {
    if name.hasPrefix("#x") { return UInt32(name.dropFirst(2), radix: 16).flatMap(Unicode.Scalar.init) }
    if name.hasPrefix("#") { return UInt32(name.dropFirst()).flatMap(Unicode.Scalar.init) }
    return entities.first { $0.name == name }?.scalar
  }
}
