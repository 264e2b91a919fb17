import Denoising
import Tensors

/// A sampler that a recipe wrote: `function(x, step, velocity)` gives the latents at `step.next`.
final class LuaSampler: Sampler {
  let name = "a function of the recipe"
  private let function: LuaReference
  private let run: BackReference<LuaRun>
  private unowned let lua: Lua

  init(_ function: LuaReference, of run: BackReference<LuaRun>, in lua: Lua) { (self.function, self.run, self.lua) = (function, run, lua) }

  func advance(_ x: Tensor, over step: Step, along velocity: Velocity) throws -> Tensor {
    guard let run = run.value else { return x }
    return try withoutActuallyEscaping(velocity) { velocity in
      let batched = x.shape, shape = run.shown(x).shape
      let asked = LuaVelocity { given, sigma in
        guard given.shape == shape else { throw LuaError("'x' must have the shape \(shape), got \(given.shape)") }
        return run.shown(try velocity(given.reshaped(batched), sigma))
      }
      let handle = LuaStep(step, of: run, phase: .sampling)
      defer {
        asked.end()
        handle.end()
      }
      let made = try lua.call(function, run.shown(x), handle, asked, result: Reader<Tensor>.object, of: "sampler")
      guard made.shape == shape else { throw LuaError("sampler: the function must return a Tensor of shape \(shape), got \(made.shape)") }
      try LuaRun.check(made, from: "sampler", step)
      return made.reshaped(batched)
    }
  }
}

/// What a sampler of the recipe gets as `velocity`: called like a function, for as long as its step.
final class LuaVelocity: LuaObject {
  static let luaName = "Velocity"
  private var answer: ((Tensor, Float) throws -> Tensor)?

  init(_ answer: @escaping (Tensor, Float) throws -> Tensor) { self.answer = answer }

  func end() { answer = nil }

  static var type: LuaType<LuaVelocity> {
    let reading = Reading(Parameter.required("x", Reader<Tensor>.object, "latents"), Parameter.required("sigma", Reader<Double>.number(in: 0...1), "the noise level"))
    return LuaType<LuaVelocity>("dx/dσ of latents at a noise level: velocity(x, sigma).")
      .callable("(x: flux.Tensor, sigma: number): flux.Tensor") { call in
        let velocity = try call.lua.opened(at: 1, as: LuaVelocity.self, for: nil).value
        let (x, sigma) = try reading.values(of: call, from: 2)
        guard let answer = velocity.answer else { throw LuaError("it was only valid during its step; model:velocity(latents, sigma, conditioning) works anywhere") }
        return call.give(try answer(x, Float(sigma)))
      }
      .text { $0.answer == nil ? "Velocity (its step is over)" : "Velocity" }
  }
}
