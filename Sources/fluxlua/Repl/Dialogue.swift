import Foundation
import Pipeline
import Scripting
import Tensors

/// A person at a terminal, or a pipe, and the conversation that answers.
struct Dialogue: Sendable {
  private let job: Job
  private let isQuiet: Bool

  init(_ job: Job, isQuiet: Bool) { (self.job, self.isQuiet) = (job, isQuiet) }

  func run() -> Exit {
    let attention = Attention(job.cancellation)
    return EngineThread.run(job.cancellation, memoryLimit: job.memoryLimit, taking: attention.take) {
      do {
        let conversation = try Conversation(job.settings)
        defer { conversation.close() }
        return isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1 ? prompt(conversation, attention) : pipe(conversation, attention)
      } catch {
        job.display.say("fluxlua: \(error)")
        return .failed
      }
    }
  }

  // ---- A person ----

  private func prompt(_ conversation: Conversation, _ attention: Attention) -> Exit {
    guard let editor = LineEditor(remembering: History.most) else { return pipe(conversation, attention) }
    attention.keep(editor)
    defer { attention.letGo() }
    if !isQuiet { print("fluxlua \(Version.number): Lua with FLUX.1. help tells more, Tab completes, Ctrl-D leaves.") }
    let history = History()
    history.lines.forEach(editor.remember)
    var text: String?
    while true {
      let number = conversation.nextLine + (text?.count { $0 == "\n" } ?? -1) + 1
      let begun = text.map { $0 + "\n" } ?? ""
      editor.complete = { conversation.completions(after: begun + $0) }
      switch editor.read(prompt: text == nil ? "\(number)> " : "\(number)| ") {
      case .end:
        print()
        return .done
      case .cleared: text = nil
      case .line(let line):
        if text == nil, line.allSatisfy(\.isWhitespace) { continue }
        editor.remember(line)
        history.add(line)
        if text == nil, let command = Command(line) {
          if let exit = obey(command, conversation) { return exit }
          continue
        }
        text = begun + line
        if let exit = evaluate(&text, conversation, attention) { return exit }
      }
    }
  }

  /// Shows the answer, and lets go of the text unless more belongs to it. Only what ends the program is returned.
  private func evaluate(_ text: inout String?, _ conversation: Conversation, _ attention: Attention) -> Exit? {
    conversation.renew()
    switch answer(to: text ?? "", conversation, attention) {
    case .incomplete: return nil
    case .said(let said):
      if let said { job.display.say(said, to: .standardOutput) }
    case .failed(let failure):
      job.display.say(job.words(for: failure))
      if failure.kind == .terminated { return .terminated }
    }
    text = nil
    return nil
  }

  private func answer(to text: String, isWhole: Bool = false, _ conversation: Conversation, _ attention: Attention) -> Conversation.Answer {
    let before = job.settings.session.files.saved.count
    defer { for file in job.settings.session.files.saved.dropFirst(before) { job.display.note("saved \(file)") } }
    return attention.during { conversation.answer(to: text, isWhole: isWhole) }
  }

  // ---- A pipe ----

  /// Runs stdin, up to the first error.
  private func pipe(_ conversation: Conversation, _ attention: Attention) -> Exit {
    var text: String?
    func failed(_ failure: RecipeFailure) -> Exit {
      job.display.say("fluxlua: \(job.words(for: failure))")
      return Exit(failure.kind)
    }
    while let line = readLine() {
      if text == nil, let command = Command(line) {
        if let exit = obey(command, conversation) { return exit }
        continue
      }
      let whole = text.map { $0 + "\n" + line } ?? line
      switch answer(to: whole, conversation, attention) {
      case .incomplete: text = whole
      case .failed(let failure): return failed(failure)
      case .said(let said):
        text = nil
        if let said { job.display.say(said, to: .standardOutput) }
      }
    }
    if let text, case .failed(let failure) = answer(to: text, isWhole: true, conversation, attention) { return failed(failure) }
    return .done
  }

  // ---- What is no Lua ----

  private func obey(_ command: Command, _ conversation: Conversation) -> Exit? {
    switch command {
    case .leave: return .done
    case .help(nil): print(Command.summary)
    case .help(let topic?):
      let manual = Manual(width: Terminal.columns)
      print(manual.page(topic).map { String($0.dropLast()) } ?? manual.complaint(about: topic).replacing("'fluxlua manual'", with: "help topics"))
    case .topics: print(Manual(width: Terminal.columns).contents.dropLast())
    case .save(let file):
      do {
        try SavedSession(conversation.recipe).write(to: file)
        job.display.note("saved \(file)")
      } catch { job.display.say("\(error)") }
    case .unknown(let name): job.display.say("no command '\(name)'; there is .help, .save FILE and .exit")
    }
    return nil
  }
}
