import Denoising
import Tensors

/// A sampler that a recipe wrote: `function(x, step, velocity)` gives the latents at `step.next`.
final class LuaSampler: Sampler {
  let name = "a function of the recipe"
  private let function: LuaReference
  private let run: Weak<LuaRun>
  private unowned let lua: Lua
  private var asking: ((Tensor, Float) throws -> Tensor)?

  init(_ function: LuaReference, of run: Weak<LuaRun>, in lua: Lua) { (self.function, self.run, self.lua) = (function, run, lua) }

  /// What the recipe's function gets as `velocity`; made once, so that a long run does not pile them up.
  private lazy var velocity = LuaFunction("velocity", "dx/dσ of latents at a noise level.", .required("x", Reader<Tensor>.object),
                                          .required("sigma", .number(in: 0...1)), returns: "flux.Tensor") { [unowned self] _, x, sigma in
    guard let asking else { throw LuaError("was only valid during its step") }
    return try asking(x, Float(sigma))
  }

  func advance(_ x: Tensor, over step: Step, along velocity: Velocity) throws -> Tensor {
    guard let run = run.value else { return x }
    return try withoutActuallyEscaping(velocity) { velocity in
      let batched = x.shape
      asking = { given, sigma in
        guard given.shape == run.shown(x).shape else { throw LuaError("'x' must have the shape \(run.shown(x).shape), got \(given.shape)") }
        return run.shown(try velocity(given.reshaped(batched), sigma))
      }
      defer { asking = nil }
      let handle = LuaStep(step, of: run, phase: .sampling)
      defer { handle.end() }
      let made = try lua.call(function, run.shown(x), handle, self.velocity, result: Reader<Tensor>.object, of: "sampler")
      guard made.shape == run.shown(x).shape else { throw LuaError("sampler: the function must return a Tensor of shape \(run.shown(x).shape), got \(made.shape)") }
      return made.reshaped(batched)
    }
  }
}

/// A reference that keeps nothing alive.
final class Weak<Value: AnyObject> {
  weak var value: Value?
}
