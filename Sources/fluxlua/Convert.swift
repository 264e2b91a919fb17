import ArgumentParser
import Foundation
import Pipeline
import Tensors

/// `fluxlua convert IN OUT --to TYPE`.
struct Convert: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write weights anew in another encoding.",
    discussion: """
      fluxlua convert flux1-dev.safetensors flux1-dev-q8.gguf --to q8_0. Large matrices are converted; layers at the ends, norms and \
      biases stay in bf16 or f32. The file is written piece by piece, and appears whole or not at all.
      """)

  @ArgumentParser.Argument(help: ArgumentHelp("A .safetensors or .gguf file, or a folder of one part, such as transformer.", valueName: "in"), completion: .file()) var input: String
  @ArgumentParser.Argument(help: ArgumentHelp("The new file: .safetensors for bf16 and int8, .gguf for q8_0.", valueName: "out"), completion: .file()) var output: String
  @Option(help: "bf16, int8 (one scale an output) or q8_0.") var to: ModelConversion.Target
  @Flag(name: .shortAndLong, help: "No progress on stderr.") var quiet = false

  func run() throws {
    let cancellation = Cancellation(), (input, output, target, quiet) = (input, output, to, quiet)
    throw EngineThread.run(cancellation, memoryLimit: nil) {
      do {
        let shows = !quiet && isatty(STDERR_FILENO) == 1
        try ModelConversion(input, to: output, as: target).run { share in
          try cancellation.check()
          if shows { FileHandle.standardError.write(Data("\r\(Int(share * 100)) %".utf8)) }
        }
        if shows { FileHandle.standardError.write(Data("\r\u{1B}[K".utf8)) }
        let bytes = (try? FileManager.default.attributesOfItem(atPath: output))?[.size] as? Int ?? 0
        print("\(output): \(String(format: "%.1f", Double(bytes) / 1e6)) MB")
        return .done
      } catch let stopped as Cancelled {
        return stopped.reason == .terminated ? .terminated : .interrupted
      } catch let error as PipelineError {
        FileHandle.standardError.write(Data("fluxlua: \(error)\n".utf8))
        if case .option = error { return .usage }
        return .unusable
      } catch {
        FileHandle.standardError.write(Data("fluxlua: \(error)\n".utf8))
        return .unusable
      }
    }
  }
}

extension ModelConversion.Target: ExpressibleByArgument {}
