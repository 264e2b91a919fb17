import Tensors

/// What made a picture, as its metadata and `--version` say it.
public enum Version {
  public static let number = "0.1.0"

  /// oneDNN's version, as it is found at run time.
  public static var oneDNN: String { OneDNNVersion.text }
}
