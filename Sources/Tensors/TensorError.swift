/// What can go wrong between tensors: shapes that do not meet, and products that the library refuses.
public enum TensorError: Error, CustomStringConvertible {
  case shapes([Int], [Int], String)
  case count(Int, [Int])
  case product(String, Int)
  case threads(Int)

  public var description: String {
    switch self {
    case .shapes(let a, let b, let what): "\(what): shapes \(a) and \(b) do not go together"
    case .count(let count, let shape): "\(count) numbers cannot fill a tensor of shape \(shape)"
    case .product(let what, let status): "oneDNN cannot compute \(what) (status \(status)); is libdnnl 2.6 or newer installed?"
    case .threads(let count): "the number of threads must be from 1 to 1024, got \(count)"
    }
  }
}
