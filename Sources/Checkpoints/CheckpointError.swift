/// What can be wrong with a model's files. Each description names the file, what was expected, what came, and the way out.
public enum CheckpointError: Error, CustomStringConvertible {
  case unreadable(String, String)                       // file, why
  case malformed(String, String)                        // file, what is wrong with it
  case missingFile(String, String, hint: String)        // folder, file
  case missingTensor(String, String, near: [String])    // file, tensor
  case shape(String, String, expected: [Int], got: [Int])
  case encoding(String, String, String)                 // file, tensor, its type
  case setting(String, String, String)                  // file, key, what is wrong with it

  public var description: String {
    switch self {
    case .unreadable(let file, let why): "\(file): cannot be read: \(why)"
    case .malformed(let file, let what): "\(file): \(what)"
    case .missingFile(let folder, let file, let hint): "\(folder): there is no \(file); \(hint)"
    case .missingTensor(let file, let name, let near):
      "\(file): no tensor '\(name)'" + (near.isEmpty ? "; is this the file of another model?"
        : "; the nearest names in it are " + near.map { "'\($0)'" }.joined(separator: ", "))
    case .shape(let file, let name, let expected, let got):
      "\(file): tensor '\(name)' has shape \(got), but config.json and the other tensors ask for \(expected)"
    case .encoding(let file, let name, let type):
      "\(file): tensor '\(name)' is of type \(type); weights can be F32, F16, BF16, F8_E4M3, or of GGUF's Q2_K to Q8_0, IQ4_NL and IQ4_XS"
    case .setting(let file, let key, let what): "\(file): '\(key)' \(what)"
    }
  }
}
