import Foundation
import Imaging
import Testing

@Suite struct SheetTests {
  private let red = Colour(red: 200, green: 0, blue: 0)

  @Test(arguments: [(1, 1), (2, 2), (4, 2), (5, 3), (10, 4)])
  func columnsAreAboutAsManyAsRows(count: Int, columns: Int) throws {
    var sheet = ContactSheet(try (0..<count).map { _ in try Pictures.noise(10, 8) })
    sheet.gap = 3
    let image = try sheet.image()
    #expect((image.width, image.height) == (3 + columns * 13, 3 + (count + columns - 1) / columns * 11))
  }

  @Test func picturesStandWhereTheyBelong() throws {
    let images = try (0..<6).map { try Pictures.noise(11 + $0 % 2, 9) }
    var sheet = ContactSheet(images, columns: 3)
    (sheet.gap, sheet.background) = (5, red)
    let image = try sheet.image()
    #expect((image.width, image.height) == (5 + 3 * 17, 5 + 2 * 14))
    for (index, picture) in images.enumerated() {
      let part = try image.cropped(x: 5 + index % 3 * 17, y: 5 + index / 3 * 14, width: picture.width, height: 9)
      #expect(part.pixels == picture.pixels)
    }
    #expect(try image.pixel(x: 0, y: 0) == [200, 0, 0])
    #expect(try image.pixel(x: 5 + 11, y: 5) == [200, 0, 0])
  }

  @Test func aSheetOfFilesIsThatOfTheirPictures() throws {
    let names = ["rgb444.jpg", "grey.jpg", "orientation6.jpg", "lossless.webp", "grey.png"]
    let images = try names.map { try References.image($0) }
    let files = ContactSheet(names.map { .file("\(References.folder)/\($0)") })
    #expect(try files.image() == ContactSheet(images).image())
    let missing = ContactSheet([.file("\(References.folder)/none.png")])
    #expect(throws: ImagingError.unreadable("\(References.folder)/none.png", FileProblem(ENOENT))) { try missing.image() }
  }

  @Test func aLargerPictureIsShrunkIntoItsCellAndASmallerOneLeft() throws {
    let large = try References.input("image_57x83"), small = try Pictures.noise(10, 6)
    var sheet = ContactSheet([large, small], columns: 2)
    (sheet.gap, sheet.cellSize) = (0, (40, 40))
    let image = try sheet.image()
    #expect((image.width, image.height) == (80, 40))
    #expect(try image.cropped(x: 0, y: 6, width: 40, height: 27).pixels == large.resized(width: 40, height: 27).pixels)
    #expect(try image.cropped(x: 55, y: 17, width: 10, height: 6).pixels == small.pixels)
  }

  @Test func aMissingCellIsNotBackgroundAndItsReasonShows() throws {
    func sheet(_ reason: String) throws -> Image { try ContactSheet([.image(Pictures.noise(90, 90)), .missing(reason)], columns: 2).image() }
    let plain = try sheet(""), reasoned = try sheet("no memory")
    let cell = try plain.cropped(x: 12 + 102, y: 12, width: 90, height: 90)
    #expect(!cell.pixels.contains(255))
    #expect(plain != reasoned)
  }

  @Test func headingsLabelsAndTitleTakeTheirPlaceAndShow() throws {
    let images = try (0..<4).map { _ in try Image(width: 60, height: 40, filledWith: .white) }
    var sheet = ContactSheet(images, columns: 2)
    let sizes: [(inout ContactSheet) -> Void] = [
      { $0.title = "title" }, { $0.labels = ["a"] }, { $0.columnAxis = .init("seed", ["1", "2"]) }, { $0.rowAxis = .init("cfg", ["1", "2"]) },
    ]
    var before = try sheet.image()
    #expect(before.pixels.allSatisfy { $0 == 255 })
    for (step, change) in sizes.enumerated() {
      change(&sheet)
      let after = try sheet.image()
      #expect(step == 3 ? after.width > before.width : after.height > before.height)
      #expect(after.pixels.count { $0 < 100 } > before.pixels.count { $0 < 100 })
      before = after
    }
  }

  @Test func axesMustFitTheCells() throws {
    var sheet = ContactSheet(try (0..<4).map { _ in try Pictures.noise(9, 9) }, columns: 2)
    sheet.rowAxis = .init("cfg", ["1", "2", "3"])
    #expect(throws: ImagingError.self) { try sheet.image() }
    #expect(throws: ImagingError.self) { try ContactSheet([ContactSheet.Cell]()).image() }
    #expect(throws: ImagingError.self) { try ContactSheet([Pictures.noise(2, 2)], columns: 0).image() }
  }

  @Test func pagesHoldEveryCellOnceAndNoneIsTooLarge() throws {
    var sheet = ContactSheet((0..<60).map { .missing("\($0)") }, columns: 10)
    sheet.columnAxis = .init("seed", (0..<10).map { "s\($0)" })
    sheet.rowAxis = .init("cfg", (0..<6).map { "c\($0)" })
    sheet.labels = (0..<60).map { "\($0)" }
    (sheet.title, sheet.cellSize) = ("fox", (3000, 3000))
    let pages = try sheet.pages(for: .webp)
    #expect(pages.count == 6)
    #expect(pages.flatMap(\.labels).sorted() == sheet.labels.sorted())
    #expect(pages.map(\.title) == (1...6).map { "fox (\($0) of 6)" })
    #expect(pages[1].columnAxis?.values == ["s5", "s6", "s7", "s8", "s9"] && pages[1].rowAxis?.values == ["c0", "c1"])
    #expect(pages[1].labels.prefix(6) == ["5", "6", "7", "8", "9", "15"])
  }

  @Test(arguments: [20_000, 60_000, 1_000_000])
  func pagesStayWithinTheirPixels(most: Int) throws {
    var sheet = ContactSheet(try (0..<23).map { _ in try Pictures.noise(50, 40) }, columns: 5)
    sheet.labels = (0..<23).map { "picture \($0)" }
    let pages = try sheet.pages(for: .png, mostPixels: most)
    #expect(pages.flatMap(\.labels).count == 23)
    for page in pages {
      let image = try page.image()
      #expect(image.width * image.height <= most)
    }
    #expect((pages.count == 1) == (most == 1_000_000))
  }

  @Test func aCellThatFitsNoPageIsAnError() throws {
    var sheet = ContactSheet([.missing("")])
    sheet.cellSize = (17_000, 10)
    #expect(throws: ImagingError.self) { try sheet.pages(for: .webp) }
    #expect(try sheet.pages(for: .png).count == 1)
  }
}
