import ArgumentParser

/// What a recipe is given and where it may write.
struct RecipeOptions: ParsableArguments {
  @Option(name: .customLong("set"), parsing: .singleValue, help: ArgumentHelp("Set a parameter that the recipe declares; may be given again.", valueName: "name=value"))
  var parameters: [String] = []

  @Option(help: ArgumentHelp("Folder for everything that the recipe writes; out/<recipe> by default.", valueName: "folder"))
  var out: String?

  @Option(parsing: .singleValue, help: ArgumentHelp("A folder that the recipe may read besides its own and the model's; may be given again.", valueName: "folder"))
  var allowRead: [String] = []

  @Option(parsing: .singleValue, help: ArgumentHelp("A folder that the recipe may write to besides --out; may be given again.", valueName: "folder"))
  var allowWrite: [String] = []

  func validate() throws { _ = try settings() }

  func settings() throws -> [(name: String, value: String)] {
    try parameters.map { text in
      guard let equals = text.firstIndex(of: "="), equals > text.startIndex else {
        throw ValidationError("--set must be name=value, got '\(text)'.")
      }
      return (String(text[..<equals]), String(text[text.index(after: equals)...]))
    }
  }
}
