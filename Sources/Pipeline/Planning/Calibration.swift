import Conditioning
import Foundation
import Imaging
import Models
import Tensors

/// How long a model's pieces of work take on this machine, from trying a few of them.
///
/// Small models are tried as they are. Of large ones only one block of each kind is read and tried, on so few tokens that it takes
/// a fraction of a second; the rest is the ratio of the operations.
struct Calibration {
  private let files: ModelFiles
  private let sample: ModelEngine
  /// Whether `sample` holds only a few blocks.
  private let isPartial: Bool
  private var loading: [Work.Part: Double] = [:]
  private var measured: [Work: Double] = [:]
  private let deadline: ContinuousClock.Instant

  /// Models of fewer parameters are tried as they are.
  private static let small = 200_000_000
  /// Work of more operations is not tried at its size.
  private static let mostOperations = 3e11
  /// Tries of one piece end after so many seconds.
  private static let patience = 0.08

  /// - Parameter isPartial: whether a few blocks will do; by the model's size where nil
  init(_ files: ModelFiles, _ precision: Precision, isPartial: Bool? = nil, cancellation: Cancellation) {
    self.files = files
    self.isPartial = isPartial ?? (files.transformer.parameterCount + files.t5.parameterCount > Self.small)
    let residency = Residency(Footprint(files: files, precision: precision), limit: nil, memory: .max)
    sample = ModelEngine(files, residency, cancellation: cancellation, isSample: self.isPartial) { _, _ in }
    deadline = .now + .seconds(1)
  }

  /// Seconds that a workload takes, parts to be read included.
  mutating func seconds(_ workload: Workload) throws -> Double {
    var sum = 0.0
    // The dearest first: when the time for trying is up, the rest is reckoned from what is known.
    for (work, count) in workload.sorted(by: { operations($0.key) * Double($0.value) > operations($1.key) * Double($1.value) }) {
      sum += try Double(count) * seconds(work)
    }
    return sum + Set(workload.keys.map(\.part)).reduce(0) { $0 + (loading[$1] ?? 0) * share(of: $1) }
  }

  private mutating func seconds(_ work: Work) throws -> Double {
    let tried = smaller(work)
    if measured[tried] == nil {
      // Out of time: by the operations of a piece of the same part that was tried.
      if ContinuousClock.now > deadline, let known = measured.first(where: { $0.key.part == work.part }) {
        return known.value * operations(work) / operations(known.key, isPartial: isPartial)
      }
      measured[tried] = try measure(tried)
    }
    return (measured[tried] ?? 0) * operations(work) / operations(tried, isPartial: isPartial)
  }

  private mutating func measure(_ work: Work) throws -> Double {
    let clock = ContinuousClock()
    let first = try clock.measure { try run(work) } / .seconds(1)
    var times: [Double] = []
    while times.count < 2 || times.reduce(0, +) < Self.patience {
      times.append(try clock.measure { try run(work) } / .seconds(1))
      if times[0] > Self.patience { break }
    }
    times.sort()
    let usual = times[times.count / 2]
    loading[work.part] = max(loading[work.part] ?? 0, first - usual)
    return usual
  }

  private func run(_ work: Work) throws {
    func latents(_ size: Size) -> Tensor {
      Tensor(repeating: 0.5, [files.vaeConfiguration.latentChannels, size.height / files.vaeConfiguration.reduction, size.width / files.vaeConfiguration.reduction])
    }
    switch work {
    case .text(let tokens): _ = try sample.encode(t5: [Int](repeating: 1, count: tokens), clip: files.clipTokenizer.padded("").ids, adapters: [])
    case .network: break
    case .velocity(let text, let size, let beside):
      let conditioning = Conditioning(sequence: Tensor(repeating: 0.1, [text, files.configuration.sequenceWidth]), pooled: Tensor(repeating: 0.1, [files.configuration.pooledWidth]))
      let c = files.configuration, patch = 2 * files.vaeConfiguration.reduction, more = (c.inputs - c.outputs) / 4
      var aside = Aside()
      if more > 0 { aside.channels = Tensor(repeating: 0.5, [more, size.height * 2 / patch, size.width * 2 / patch]) }
      if beside > 0 { aside.references = [latents(Size(width: patch * beside, height: patch))] }
      var none: FirstBlockCache?
      _ = try sample.velocity(latents(size), 0.5, conditioning, guidance: c.hasGuidance ? 3.5 : nil, aside: aside, adapters: [], cache: &none)
    case .decode(let size): _ = try Image(decoded: sample.decode(latents(size), tile: nil))
    case .encode(let size): _ = try sample.encode(Tensor(repeating: 0, [size.height, size.width, 3]))
    case .preview(let size): _ = try sample.preview(latents(size))
    }
  }

  /// The same kind of work on a smaller picture, where this one takes long.
  private func smaller(_ work: Work) -> Work {
    func fit(_ size: Size, _ make: (Size) -> Work) -> Work {
      var size = size
      while operations(make(size), isPartial: isPartial) > Self.mostOperations, max(size.width, size.height) > 128 {
        size = Size(width: max(size.width / 32 * 16, 64), height: max(size.height / 32 * 16, 64))
      }
      return make(size)
    }
    return switch work {
    case .text: work
    case .velocity(let text, let size, let beside):
      // References are as much more as there were pixels, however small it is tried.
      fit(size) { .velocity(text: text, size: $0, beside: beside * $0.width * $0.height / max(size.width * size.height, 1)) }
    case .network: fit(Size(256)) { .velocity(text: 64, size: $0) }
    case .decode(let size): fit(size) { .decode($0) }
    case .encode(let size): fit(size) { .encode($0) }
    case .preview(let size): .preview(size)
    }
  }

  private func operations(_ work: Work, isPartial: Bool = false) -> Double {
    switch work {
    case .text(let tokens): files.t5Configuration.operations(tokens: tokens, layers: isPartial ? ModelEngine.sampledLayers : nil)
    case .network(let operations): Double(operations)
    case .velocity(let text, let size, let beside):
      files.configuration.operations(text: text, image: size.width * size.height / (4 * files.vaeConfiguration.reduction * files.vaeConfiguration.reduction) + beside,
                                     blocks: isPartial ? ModelEngine.sampledBlocks : nil)
    case .decode(let size): 2 * files.vaeConfiguration.operations(pixels: size.width * size.height)
    case .encode(let size): files.vaeConfiguration.operations(pixels: size.width * size.height)
    case .preview(let size): Double(size.width * size.height)
    }
  }

  /// How much of a part was read when reading took its time.
  private func share(of part: Work.Part) -> Double {
    guard isPartial else { return 1 }
    return switch part {
    case .text: Double(files.t5Configuration.layers) / Double(ModelEngine.sampledLayers)
    case .transformer: Double(files.configuration.doubleBlocks * 2 + files.configuration.singleBlocks) / 3      // a double block is two single ones
    case .autoEncoder: 1
    }
  }
}
