import ArgumentParser
import Foundation
import Pipeline
import Tensors

extension SpeedStage: ExpressibleByArgument {}

/// `fluxlua bench`: how near a step comes to its products alone.
struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure a slice of FLUX.1 at full width against its products alone.",
    discussion: """
      2 double and 4 single blocks, 24 heads of 128, with weights made in memory; nothing is loaded. The floor is every product of the slice by \
      itself, timed in the same run; the ratio is what all else costs. --stage measures another piece: a layer of T5-XXL, attention alone, a ControlNet of as many \
      blocks, or the decoding of a picture, which has no floor. Figures are the least of the repeats: on a machine that others use, only the ratio counts.
      """)

  @Option(help: ArgumentHelp("How weights are kept: f32, bf16, int8, or a type of GGUF such as q4_k and q8_0; several with commas.", valueName: "encodings"))
  var encoding = "bf16"
  @Option(help: ArgumentHelp("Measure this instead of the slice: t5, vae, attention or controlnet.", valueName: "stage")) var stage: SpeedStage?
  @Option(help: "Pixels along each side, in multiples of 16.") var size = 512
  @Option(help: ArgumentHelp("Decode in tiles of so many pixels along each side.", valueName: "pixels")) var tile: Int?
  @Option(help: "T5 tokens.") var text = 256
  @Option(help: ArgumentHelp("Measure a step with a LoRA of this rank beside every weight, too.", valueName: "rank")) var lora: Int?
  @Option(help: ArgumentHelp("Measure cells a minute of a sweep of so many cells against a plain loop instead, on the model inside the program.", valueName: "n")) var cells: Int?
  @Flag(help: "Work once for each line that is read, and tell the seconds: for a program that measures another in between.") var inTurns = false
  @Option(help: "How often each is measured.") var repeats = 5
  @Option(help: "Threads that work.") var threads: Int?
  @Flag(help: "One JSON object a line.") var json = false

  private func encodings() throws -> [Encoding] {
    try encoding.split(separator: ",").map { name in
      guard let encoding = Encoding(rawValue: name.lowercased()), encoding != .f16, encoding != .f8_e4m3 else {
        throw ValidationError("--encoding must be of f32, bf16, int8, \(Encoding.allCases.filter { $0.rawValue.contains("q") }.map(\.rawValue).joined(separator: ", ")); got '\(name)'.")
      }
      return encoding
    }
  }

  func validate() throws {
    _ = try encodings()
    if inTurns { guard try encodings().count == 1, cells == nil, lora == nil else { throw ValidationError("--in-turns must be of one encoding, without --cells and --lora.") } }
    if let cells { guard 1...10_000 ~= cells else { throw ValidationError("--cells must be from 1 to 10000, got \(cells).") } }
    guard size % 16 == 0, 16...4096 ~= size else { throw ValidationError("--size must be a multiple of 16 up to 4096, got \(size).") }
    if let tile { guard stage == .vae, tile % 16 == 0, 64...4096 ~= tile else { throw ValidationError("--tile must be a multiple of 16 from 64 to 4096, and is for --stage vae; got \(tile).") } }
    guard 1...512 ~= text else { throw ValidationError("--text must be from 1 to 512, got \(text).") }
    guard 1...1000 ~= repeats else { throw ValidationError("--repeats must be from 1 to 1000, got \(repeats).") }
    if let lora, !(1...1024 ~= lora) { throw ValidationError("--lora must be from 1 to 1024, got \(lora).") }
    if let threads, !(1...1024 ~= threads) { throw ValidationError("--threads must be from 1 to 1024, got \(threads).") }
  }

  func run() throws {
    if let threads { try Team.use(threads: threads) }
    if let cells { throw measure(cells: cells) }
    for encoding in try encodings() {
      do {
        if inTurns { try answer(stage?.piece(encoding, size: size, text: text, tile: tile) ?? SpeedSlice(encoding, size: size, text: text).piece); continue }
        if let stage { try measure(stage, encoding); continue }
        let result = try SpeedSlice(encoding, size: size, text: text).measure(repeats: repeats, rank: lora)
        if json { print(Models.json(result)); continue }
        let parts = result.floorParts.sorted { $0.key < $1.key }.map { "\($0.key) \(String(format: "%.3f", $0.value))" }.joined(separator: ", ")
        print(String(format: "%-7@ %4dx%-4d + %d  %.3f s a step, products alone %.3f s (%@), ratio %.2f, %.0f GFLOP/s, peak %.1f GB", result.encoding, size, size, text,
                     result.secondsPerStep, result.floorSeconds, parts, result.ratio, result.gigaflopsPerSecond, Double(result.peakBytes) / 1e9))
        if let lora, let ratio = result.adapterRatio, let merging = result.mergeSeconds {
          print(String(format: "        with a LoRA of rank %d beside the weights: %+.1f %% a step; merged with them: %.2f s, once", lora, (ratio - 1) * 100, merging))
        }
      } catch { Exit.failed.leave(saying: "\(error)") }
    }
  }

  private func answer(_ piece: SpeedPiece) throws {
    while readLine() != nil { try FileHandle.standardOutput.write(contentsOf: Data("\(piece.seconds())\n".utf8)) }
  }

  private func measure(_ stage: SpeedStage, _ encoding: Encoding) throws {
    let result = try stage.measure(encoding, size: size, text: text, tile: tile, repeats: repeats)
    if json { return print(Models.json(result)) }
    let what = [result.size.map { "\($0)x\($0)" }, result.tokens.map { "\($0) tokens" }].compactMap(\.self).joined(separator: ", ")
    let floor = result.floorSeconds.map { String(format: ", products alone %.3f s, ratio %.2f", $0, result.ratio ?? 0) } ?? ""
    print(String(format: "%@ %@, %@: %.3f s%@, %.0f GFLOP/s, peak %.1f GB", stage.rawValue, result.encoding, what, result.seconds, floor, result.gigaflopsPerSecond, Double(result.peakBytes) / 1e9))
  }

  private func measure(cells: Int) -> Exit {
    let cancellation = Cancellation()
    return EngineThread.run(cancellation, memoryLimit: nil) {
      do {
        let result = try CellBench(count: cells, repeats: repeats).measure(cancellation)
        print(json ? Models.json(result) : String(format: "%d cells of 128x128: %.1f a minute in a sweep, %.1f in a plain loop, overhead %.1f %%",
                                                  result.cells, result.sweep, result.loop, result.overhead * 100))
        return .done
      } catch {
        Exit.failed.leave(saying: "\(error)")
      }
    }
  }
}
