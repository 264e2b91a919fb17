import COneDNN

/// The version of the oneDNN library that is loaded.
public enum OneDNNVersion {
  public static var text: String {
    guard let version = dnnl_version()?.pointee else { return "unknown" }
    return "\(version.major).\(version.minor).\(version.patch)"
  }
}
