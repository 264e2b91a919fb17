import Pipeline
import Foundation
@main struct Main { static func main() throws {
  let c = ContinuousClock(); let t0 = c.now
  let p = try FluxPipeline(.embedded, precision: CommandLine.arguments.contains("bf16") ? .bf16 : .f32)
  print("open", c.now - t0)
  var r = Request("a fox on a light blue background", seed: 7); r.sigmas = .count(8)
  let x = try p.sample(r); print("sample", c.now - t0)
  let i = try p.decode(x); print("decode", c.now - t0)
  try i[0].write(to: "/tmp/fox.png"); print(p.hash, c.now - t0, p.precision)
} }
