import Denoising
import Pipeline

/// A schedule as recipes hold it: a count that waits for a model's own sigmas, or the sigmas themselves.
package enum LuaSchedule: LuaObject {
  case count(Int)
  case given(Schedule)

  package static let luaName = "Schedule"

  /// What is visited without a model's shift.
  func sigmas() throws -> Schedule {
    switch self {
    case .count(let steps): try Schedule.even(steps: steps)
    case .given(let schedule): schedule
    }
  }

  var steps: Int { switch self { case .count(let steps): steps; case .given(let schedule): schedule.steps } }

  static var type: LuaType<LuaSchedule> {
    LuaType<LuaSchedule>("The noise levels that a picture goes through, from at most 1 down to 0.")
      .later("shift_mu", "truncate", "slice", "map", "reverse", "plot")
      .property("steps", "integer", "The number of steps: one less than there are sigmas.") { $0.steps }
      .method("shift", "More of the steps at high noise for a factor above 1: s·σ / (1 + (s − 1)·σ).",
              .required("factor", .number), returns: "flux.Schedule") { schedule, _, factor in
        guard factor > 0, factor.isFinite else { throw LuaError("'factor' must be above 0, got \(factor)") }
        return LuaSchedule.given(try schedule.sigmas().shifted(by: Float(factor)))
      }
      .method("shift_for", "Shifted as the model wants it for pictures of this size.",
              .required("model", Reader<LuaModel>.object), .optional("size", .size), returns: "flux.Schedule") { schedule, _, model, size in
        let pipeline = model.pipeline
        let size = try pipeline.checkedSize(size.map(Size.init))
        let tokens = size.width / (2 * pipeline.reduction) * (size.height / (2 * pipeline.reduction))
        return LuaSchedule.given(try pipeline.schedule.applied(to: schedule.sigmas(), tokens: tokens))
      }
      .unary("len") { $0.steps + 1 }
      .entries { schedule, _, key in
        guard case .integer(let index) = key else { return nil }
        guard case .given(let given) = schedule else {
          throw LuaError("a schedule of \(schedule.steps) steps has no sigmas until a model gives them: use :shift_for(model, size), or :shift(1) for even ones")
        }
        return (1...given.sigmas.count).contains(index) ? given.sigmas[index - 1] : LuaValue.nil
      }
      .text { schedule in
        switch schedule {
        case .count(let steps): "Schedule of \(steps) steps, spaced by the model"
        case .given(let given): "Schedule of \(given.steps) steps: " + given.sigmas.map { "\($0)" }.joined(separator: " ")
        }
      }
  }

  /// A schedule, a list of sigmas, or a number of steps.
  static var reader: Reader<LuaSchedule> {
    let list = Reader<[Double]>.list(of: .number).map { LuaSchedule.given(try Schedule($0.map { Float($0) })) }
    return Reader<LuaSchedule>.object.or(list).described("a Schedule or a list of sigmas that falls to 0", annotation: "flux.Schedule|number[]")
  }
}

extension Size {
  init(_ size: PixelSize) { self.init(width: size.width, height: size.height) }
}

// flux.schedule: counts, lists and functions of u.

extension FluxModule {
  func scheduleFunction() -> LuaFunction {
    let steps = Reader<Int>.integer(in: 1...Schedule.mostSteps)
    return LuaFunction("schedule", "The noise levels to visit: a number of steps, a list of sigmas, or a number of steps and a function of u from 0 to 1.",
                       .required("n", steps.map { LuaSchedule.count($0) }.or(LuaSchedule.reader)
                         .described("\(steps.expected), or a list of sigmas", annotation: "integer|number[]")),
                       .optional("kind", Self.kind), returns: "flux.Schedule") { call, first, kind in
      guard let kind else { return first }
      guard case .count(let steps) = first else { throw LuaError("a list of sigmas is a schedule already: 'kind' must be left out") }
      guard case .function(let function) = kind else { return first }
      let sigmas = try (0...steps).map { index in
        try Float(call.lua.call(function, Double(index) / Double(steps), result: .number, of: "kind"))
      }
      // What a formula makes of u = 1 may miss 0 by its rounding.
      return .given(try Schedule(sigmas.dropLast() + [abs(sigmas[steps]) < 1e-6 ? 0 : sigmas[steps]]))
    }
  }

  private enum Kind { case model, function(LuaReference) }

  private static var kind: Reader<Kind> {
    let later = ["simple", "normal", "sgm_uniform", "karras", "exponential", "beta", "linear_quadratic", "kl_optimal", "ddim_uniform"]
    return Reader<Kind>("\"flux\" or a function of u", "\"flux\"|fun(u: number): number") { argument in
      guard let name = argument.lua.string(at: argument.index) else { return .function(try Reader<LuaReference>.function.read(argument)) }
      if name == "flux" { return .model }
      if later.contains(name) { throw Mismatch(predicate: "is \"\(name)\", which is not in this version yet; use \"flux\" or a function of u") }
      throw Mismatch("\"flux\" or a function of u", argument)
    }
  }
}
