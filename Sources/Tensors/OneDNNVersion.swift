import COneDNN

/// The version of the oneDNN library that is loaded.
public enum OneDNNVersion {
  public static var text: String {
    guard let version = dnnl_version()?.pointee else { return "unknown" }
    return "\(version.major).\(version.minor).\(version.patch)"
  }

  /// A number for the instructions that it may use on this processor: other ones round otherwise.
  public static var instructionSet: Int { Int(dnnl_get_effective_cpu_isa().rawValue) }
}
