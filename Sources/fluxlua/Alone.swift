// The one target that is compiled for static linking names the libraries that the link needs: what any target imports of
// Foundation is imported here too.
import Foundation
