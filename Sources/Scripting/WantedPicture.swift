import Foundation
import Imaging
import Pipeline
import Sweeps

/// A picture that a recipe is run for once more: the run ends as soon as it is there.
package final class WantedPicture: @unchecked Sendable {
  package let picture: Image
  package let record: PictureRecord
  /// What the recipe made in its place: the same pixels, or what came nearest.
  package private(set) var made: Image?
  private var likeness = -Double.infinity
  /// The cell of a sweep that it is.
  package let cell: String?

  package init(_ picture: Image, _ record: PictureRecord) {
    (self.picture, self.record) = (picture, record)
    cell = picture.text[CellText.key].flatMap { try? JSONDecoder().decode(CellText.self, from: Data($0.utf8)) }?.id
  }

  /// Looks at a picture that the recipe has made; true once it is the one.
  func isFound(_ image: Image, _ record: PictureRecord) -> Bool {
    guard cell == nil, record.asksTheSame(as: self.record) else { return false }
    return take(image)
  }

  /// Takes a picture that stands in the place of the wanted one; true where no other can be nearer.
  @discardableResult
  func take(_ image: Image) -> Bool {
    let decibels = (try? image.psnr(picture)) ?? -1000
    if decibels > likeness { (made, likeness) = (image, decibels) }
    return decibels == .infinity
  }
}
