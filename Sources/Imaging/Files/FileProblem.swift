import Glibc

/// What the system said about a file, and the way out of it.
public struct FileProblem: Error, Equatable, Sendable, CustomStringConvertible {
  public let code: Int32

  public init(_ code: Int32) {
    self.code = code
  }

  public var description: String {
    switch code {
    case ENOSPC: "no space is left on the disk; free some, or choose another folder"
    case EDQUOT: "your disk quota is used up; free some space, or choose another folder"
    case EROFS: "the disk can only be read; choose another folder"
    case EACCES, EPERM: "permission is denied; change the permissions, or choose another folder"
    case ENOENT: "there is no such file or folder; check the path, or create the folder first"
    case ENOTDIR: "a part of this path is a file and not a folder; check the path"
    case EISDIR: "this is a folder and not a file; name a file in it"
    case ENAMETOOLONG: "the name is too long; choose a shorter one"
    case EFBIG: "the file would be larger than this disk or your limits allow (see ulimit -f)"
    case EMFILE, ENFILE: "too many files are open; raise the limit (see ulimit -n)"
    case ELOOP: "its symbolic links go round in a circle; check the path"
    default: "the system reports '\(String(cString: strerror(code)))'"
    }
  }
}
