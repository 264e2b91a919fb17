import Denoising
import Foundation
import Tensors
import TestSupport
import Testing

/// Samplers run by ComfyUI in double precision on a flow whose velocity is known: what ours must come to.
struct SamplerReference: Decodable, Sendable {
  struct Flow: Decodable, Sendable {
    struct Point: Decodable, Sendable { let x: Double, sigma: Double, v: Double }
    let m1: Double, m2: Double, s: Double, w1: Double, w2: Double, vTable: [Point]

    /// v of a mixture of two bells: V = a²s² + σ², v = Σ rₖ·[(σ − a·s²)/V·(x − a·mₖ) − mₖ], a = 1 − σ.
    func velocity(_ x: Double, _ sigma: Double) -> Double {
      let a = 1 - sigma, variance = a * a * s * s + sigma * sigma, slope = (sigma - a * s * s) / variance
      let d1 = x - a * m1, d2 = x - a * m2
      let r1 = 1 / (1 + w2 / w1 * exp((d1 * d1 - d2 * d2) / (2 * variance)))
      return r1 * (slope * d1 - m1) + (1 - r1) * (slope * d2 - m2)
    }

    func velocity(_ x: Tensor, _ sigma: Float) -> Tensor { x.mapped { Float(velocity(Double($0), Double(sigma))) } }
  }

  struct Course: Decodable, Sendable { let sigmas: [Double], offset: Double }

  struct Run: Decodable, Sendable, CustomTestStringConvertible {
    let id: String, sampler: String, variant: String, schedule: String, nfe: Int, finite: Bool
    let evalSigma: [Double], stepsX: [[Double?]]
    var testDescription: String { id }

    /// Our sampler with the options of this run, or nil where we have no such variant.
    func sampler(noise: NoiseSource) -> (any Sampler)? {
      guard let named = NamedSampler(rawValue: sampler) else { return nil }
      switch (named, variant) {
      case (_, ""), (.lcm, "eta1"), (.erSDE, "eta1"): return named.sampler(noise: noise)
      case (.erSDE, "s_noise0"): return named.sampler(sNoise: 0, noise: noise)
      case (_, "eta0"), (_, "ode"): return named.sampler(eta: 0, noise: noise)
      case (_, "eta1"), (_, "reverse_sde_eta1"): return named.sampler(eta: 1, noise: noise)
      default: return nil
      }
    }
  }

  struct Orders: Decodable, Sendable {
    struct Row: Decodable, Sendable { let n: [Int], rmsError: [Double], order: [Double], nfe: [Int] }
    let sigmaFrom: Double, sigmaTo: Double, reference: [Double], table: [String: Row]
  }

  let flow: Flow, xInit: [Double], noise: [[Double]], runSchedules: [String: Course], runs: [Run]
  let orders: [String: Orders]
  /// By model, precision, name and number of steps; null where ComfyUI gives no number.
  let schedules: [String: [String: [String: [String: [Double?]]]]]

  static let shared: SamplerReference? = {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .custom { path in
      let key = path[path.count - 1].stringValue, words = key.split(separator: "_")
      let fields: Set = ["v_table", "x_init", "run_schedules", "eval_sigma", "steps_x", "sigma_from", "sigma_to", "rms_error"]
      return Name(stringValue: fields.contains(key) ? words[0] + words.dropFirst().map(\.capitalized).joined() : key)
    }
    guard let data = FileManager.default.contents(atPath: "\(Fixtures.folder)/expected/samplers.json") else { return nil }
    return try? decoder.decode(SamplerReference.self, from: data)
  }()

  private struct Name: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { return nil }
  }

  /// The shape that the reference's 16 numbers had.
  static let shape = [1, 1, 4, 4]
  static func tensor(_ values: [Double]) -> Tensor { Tensor(shape, values.map { Float($0) }) }

  var noiseSource: NoiseSource {
    let noise = noise
    return NoiseSource { draw, _ in Self.tensor(noise[draw]) }
  }

  /// One of our samplers on the reference's flow.
  func trajectory(_ sampler: any Sampler, along schedule: Schedule, nearlyOne: Double = 0.9999, seen: ((Float) -> Void)? = nil) -> Trajectory {
    var course = Trajectory.Course(sampler: sampler, conditioning: [], seeds: [7])
    course.nearlyOne = nearlyOne
    let flow = flow
    return Trajectory(from: Self.tensor(xInit), along: schedule, on: course) { x, sigma, _ in
      seen?(sigma)
      return flow.velocity(x, sigma)
    }
  }
}

extension Trajectory {
  /// The latents after the last step.
  consuming func end() throws -> Tensor {
    while try next() != nil {}
    return latents
  }
}
