import Denoising
import Imaging
import Pipeline

#if canImport(Glibc)
import Glibc
#endif

/// A schedule as recipes hold it: a name and a count that wait for a model's shift, or the sigmas themselves.
package enum LuaSchedule: LuaObject {
  case named(NamedSchedule, Int)
  case given(Schedule)

  package static let luaName = "Schedule"
  static func count(_ steps: Int) -> LuaSchedule { .named(.flux, steps) }

  /// The sigmas, where they do not wait for a model.
  func known() throws -> Schedule {
    guard case .named(_, let steps) = self else { return try shifted(by: 1) }
    throw LuaError("a schedule of \(steps) steps has no sigmas until a model gives them: use :shift_for(model, size), or :shift(1) for none")
  }

  /// More of the steps at high noise, the larger the factor.
  func shifted(by factor: Float) throws -> Schedule {
    switch self {
    // The size has no part in a fixed factor.
    case .named(let name, let steps): try ModelSchedule(shift: .factor(factor)).schedule(name, steps: steps, tokens: 1)
    case .given(let schedule): factor == 1 ? schedule : schedule.shifted(by: factor)
    }
  }

  func shifted(for model: LuaModel, _ size: PixelSize?) throws -> Schedule {
    let pipeline = model.pipeline, tokens = pipeline.tokens(of: try pipeline.checkedSize(size.map(Size.init)))
    switch self {
    case .named(let name, let steps): return try pipeline.schedule.schedule(name, steps: steps, tokens: tokens)
    case .given(let schedule): return try pipeline.schedule.applied(to: schedule, tokens: tokens)
    }
  }

  var steps: Int { switch self { case .named(_, let steps): steps; case .given(let schedule): schedule.steps } }

  static var type: LuaType<LuaSchedule> {
    composed
      .property("steps", "integer", "The number of steps: one less than there are sigmas.") { $0.steps }
      .unary("len") { $0.steps + 1 }
      .entries("number") { schedule, _, key in
        guard let index = key.whole else { return nil }
        let sigmas = try schedule.known().sigmas
        return (1...sigmas.count).contains(index) ? sigmas[index - 1] : LuaValue.nil
      }
      .text { schedule in
        switch schedule {
        case .named(.flux, let steps): "Schedule of \(steps) steps, spaced by the model"
        case .named(let name, let steps): "Schedule of \(steps) steps, \(name.rawValue), shifted by the model"
        case .given(let given): "Schedule of \(given.steps) steps: " + given.sigmas.map { "\($0)" }.joined(separator: " ")
        }
      }
  }

  /// Schedules made from schedules.
  private static var composed: LuaType<LuaSchedule> {
    shifting
      .method("truncate", "The end of it, for a picture that is kept to 1 − strength.",
              .required("strength", .share, "the share of the steps that is kept"), returns: "flux.Schedule") { schedule, _, strength in
        LuaSchedule.given(try schedule.known().truncated(strength: strength))
      }
      .method("slice", "The sigmas from place i to place j, counted from 1; negative places count from the end.", .required("i", .integer, "the first place"),
              .optional("j", .integer, "the last place; the end by default"), returns: "flux.Schedule") { schedule, _, first, last in
        let known = try schedule.known(), count = known.sigmas.count
        func place(_ index: Int) -> Int { index < 0 ? count + index : index - 1 }
        let (from, to) = (place(first), place(last ?? count))
        guard (0..<count).contains(from), (0..<count).contains(to), from < to else {
          throw LuaError("takes two places from 1 to \(count), the second after the first, got \(first) and \(last ?? count)")
        }
        return LuaSchedule.given(try known.sliced(from...to))
      }
      .method("map", "A function of each sigma; the result must fall.",
              .required("f", .function.described("a function", annotation: "fun(x: number): number"), "gives the new value of each"), returns: "flux.Schedule") { schedule, call, f in
        LuaSchedule.given(try schedule.known().mapped { try Float(call.lua.call(f, $0, result: .number, of: "map")) })
      }
      .method("reverse", "The same ends with the widths in opposite order.", returns: "flux.Schedule") { schedule, _ in
        LuaSchedule.given(try schedule.known().reversed())
      }
      .binary("concat", Reader<LuaSchedule>.object, Reader<LuaSchedule>.object) { LuaSchedule.given(try $0.known().followed(by: $1.known())) }
  }

  private static var shifting: LuaType<LuaSchedule> {
    LuaType<LuaSchedule>("The noise levels that a picture goes through, from at most 1 down to 0.")
      .method("shift", "More of the steps at high noise for a factor above 1: s·σ / (1 + (s − 1)·σ).",
              .required("factor", .positive, "above 0; 1 changes nothing"), returns: "flux.Schedule") { schedule, _, factor in
        return LuaSchedule.given(try schedule.shifted(by: Float(factor)))
      }
      .method("shift_mu", "The same with e^mu for the factor.",
              .required("mu", .number(in: -20...20), "the logarithm of the factor"), returns: "flux.Schedule") { schedule, _, mu in
        guard case .given(let given) = schedule else { return LuaSchedule.given(try schedule.shifted(by: Float(exp(mu)))) }
        return LuaSchedule.given(given.shifted(mu: mu))
      }
      .method("shift_for", "Shifted as the model wants it for pictures of this size.",
              .required("model", Reader<LuaModel>.object, "whose shift"),
              .optional("size", .size, "pixels of the picture; the model's own by default"), returns: "flux.Schedule") { schedule, _, model, size in
        LuaSchedule.given(try schedule.shifted(for: model, size))
      }
  }

  /// A schedule, or a list of sigmas.
  static var reader: Reader<LuaSchedule> {
    let list = Reader<[Double]>.list(of: .number).map { LuaSchedule.given(try Schedule($0.map { Float($0) })) }
    return Reader<LuaSchedule>.object.or(list).described("a Schedule or a list of sigmas that falls to 0", annotation: "flux.Schedule|number[]")
  }
}

extension Size {
  init(_ size: PixelSize) { self.init(width: size.width, height: size.height) }
}

extension LuaType where Value == LuaSchedule {
  /// `:plot(path)`, in the output folder of this run.
  func plotting(_ flux: FluxModule) -> LuaType {
    method("plot", "Draws its sigmas, step by step, as .svg or as a picture.", .required("path", .string, "where to, in the output folder"), returns: "flux.Schedule") { schedule, _, path in
      try flux.plot(schedule.known(), to: path)
      return schedule
    }
  }
}

extension FluxModule {
  fileprivate func plot(_ schedule: Schedule, to path: String) throws {
    guard [".svg", ".png", ".jpg", ".jpeg", ".webp"].contains(where: path.lowercased().hasSuffix) else { throw LuaError("'\(path)' must end in .svg, .png, .jpg or .webp") }
    var plot = LinePlot([.init("sigma", schedule.sigmas.map { Double($0) })])
    (plot.title, plot.xTitle, plot.yTitle) = ("\(schedule.steps) steps", "step", "sigma")
    let bytes = path.lowercased().hasSuffix(".svg") ? try plot.svg() + FileAccess.Mark.comment(session.files.recipe)
      : try plot.image().marked(session.files.recipe).encoded(as: PictureFormat(endingOf: path))
    try session.files.write(bytes, to: path)
  }
}

extension Image {
  /// With the mark of the recipe that makes it.
  func marked(_ recipe: String) -> Image {
    var image = self
    image.text[FileAccess.Mark.key] = recipe
    return image
  }
}

// flux.schedule: counts, names, lists and functions of u.

extension FluxModule {
  func scheduleFunction() -> LuaFunction {
    let steps = Reader<Int>.integer(in: 1...Schedule.mostSteps)
    return LuaFunction("schedule", "The noise levels to visit: a number of steps, perhaps with a name or a function of u from 0 to 1, or a list of sigmas.",
                       .required("n", steps.map { LuaSchedule.count($0) }.or(LuaSchedule.reader)
                         .described("\(steps.expected), or a list of sigmas", annotation: "integer|number[]"), "how many steps, or the sigmas themselves"),
                       .optional("kind", Self.kind, "how a number of steps is spaced; as the model wants it by default"), returns: "flux.Schedule") { call, first, kind in
      guard let kind else { return first }
      guard case .named(_, let steps) = first else { throw LuaError("a list of sigmas is a schedule already: 'kind' must be left out") }
      switch kind {
      case .name(let name): return .named(name, steps)
      case .function(let function):
        let sigmas = try (0...steps).map { try Float(call.lua.call(function, Double($0) / Double(steps), result: .number, of: "kind")) }
        // What a formula makes of u = 1 may miss 0 by its rounding.
        return .given(try Schedule(sigmas.dropLast() + [abs(sigmas[steps]) < 1e-6 ? 0 : sigmas[steps]]))
      }
    }
  }

  private enum Kind { case name(NamedSchedule), function(LuaReference) }

  private static var kind: Reader<Kind> {
    let names = NamedSchedule.allCases.map(\.rawValue)
    let expected = "the name of a schedule (\(names.joined(separator: ", "))) or a function of u"
    return Reader<Kind>(expected, "flux.ScheduleName|fun(u: number): number") { argument in
      guard let text = argument.lua.string(at: argument.index) else {
        return .function(try Reader<LuaReference>.function.described(expected).read(argument))
      }
      guard let name = NamedSchedule(rawValue: text) else {
        let hint = Suggestion.nearest(to: text, among: names).map { "; did you mean \"\($0)\"?" } ?? ""
        throw Mismatch(predicate: Mismatch(expected, argument).predicate + hint)
      }
      return .name(name)
    }
  }
}
