import COneDNN
import Synchronization

/// The border to oneDNN: an engine, a stream, and descriptions of memory. `Product` and `Convolution` are its only callers.
package enum OneDNN {
  nonisolated(unsafe) static let engine: dnnl_engine_t? = {
    var engine: dnnl_engine_t?
    return dnnl_engine_create(&engine, dnnl_cpu, 0) == dnnl_success ? engine : nil
  }()

  nonisolated(unsafe) static let stream: dnnl_stream_t? = {
    var stream: dnnl_stream_t?
    return dnnl_stream_create(&stream, engine, UInt32(dnnl_stream_default_flags.rawValue)) == dnnl_success ? stream : nil
  }()

  /// Whether it may use these instructions: this processor has them and ONEDNN_MAX_CPU_ISA does not hide them.
  static func uses(_ isa: dnnl_cpu_isa_t) -> Bool { dnnl_get_effective_cpu_isa().rawValue & isa.rawValue == isa.rawValue }

  static func check(_ status: dnnl_status_t, _ what: @autoclosure () -> String) throws {
    if status != dnnl_success { throw TensorError.product(what(), Int(status.rawValue)) }
  }

  static func type(of encoding: Encoding) -> dnnl_data_type_t {
    switch encoding {
    case .bf16: dnnl_bf16
    case .f16: dnnl_f16
    case .int8: dnnl_s8
    default: dnnl_f32
    }
  }

  /// Dense memory with the given strides (row-major where none are given).
  static func memory(_ dims: [Int], _ type: dnnl_data_type_t, strides: [Int]? = nil) throws -> dnnl_memory_desc_t {
    var description = dnnl_memory_desc_t()
    let dims = dims.map { dnnl_dim_t($0) }
    var steps = [dnnl_dim_t](repeating: 1, count: dims.count)
    for axis in stride(from: dims.count - 2, through: 0, by: -1) { steps[axis] = steps[axis + 1] * max(dims[axis + 1], 1) }
    if let strides { steps = strides.map { dnnl_dim_t($0) } }
    try check(dnnl_memory_desc_init_by_strides(&description, Int32(dims.count), dims, type, steps), "memory of \(dims)")
    return description
  }

  /// Memory in a layout that has a name; `dnnl_format_tag_any` is what oneDNN chooses.
  static func memory(_ dims: [Int], _ type: dnnl_data_type_t, tag: dnnl_format_tag_t) throws -> dnnl_memory_desc_t {
    var description = dnnl_memory_desc_t()
    try check(dnnl_memory_desc_init_by_tag(&description, Int32(dims.count), dims.map { dnnl_dim_t($0) }, type, tag),
              "memory of \(dims)")
    return description
  }

  /// Copies from one layout to another.
  static func reorder(_ from: UnsafeRawPointer, _ fromLayout: dnnl_memory_desc_t,
                      to: UnsafeMutableRawPointer, _ toLayout: dnnl_memory_desc_t) throws {
    Team.adopt()
    var (source, target) = (fromLayout, toLayout), description: dnnl_primitive_desc_t?
    try check(dnnl_reorder_primitive_desc_create(&description, &source, engine, &target, engine, nil), "a change of layout")
    defer { dnnl_primitive_desc_destroy(description) }
    var primitive: dnnl_primitive_t?
    try check(dnnl_primitive_create(&primitive, description), "a change of layout")
    defer { dnnl_primitive_destroy(primitive) }
    try execute(primitive, [(DNNL_ARG_FROM, fromLayout, UnsafeMutableRawPointer(mutating: from)), (DNNL_ARG_TO, toLayout, to)],
                "a change of layout")
  }

  /// Runs a primitive on the given memory.
  static func execute(_ primitive: dnnl_primitive_t?, _ arguments: [(Int32, dnnl_memory_desc_t, UnsafeMutableRawPointer)],
                      _ what: @autoclosure () -> String) throws {
    var prepared: [dnnl_exec_arg_t] = []
    defer { for argument in prepared { dnnl_memory_destroy(argument.memory) } }
    for (name, layout, pointer) in arguments {
      var memory: dnnl_memory_t?, layout = layout
      try check(dnnl_memory_create(&memory, &layout, engine, pointer), what())
      prepared.append(dnnl_exec_arg_t(arg: name, memory: memory))
    }
    try check(dnnl_primitive_execute(primitive, stream, Int32(prepared.count), prepared), what())
  }

  /// Which implementations have been chosen so far: none may ever be a reference one.
  package static var implementations: Set<String> { chosen.withLock { $0 } }
  private static let chosen = Mutex(Set<String>())

  /// - Parameter what: what it computes; nil for a primitive that is only asked for its layout
  static func implementation(of description: dnnl_primitive_desc_t?, for what: String?) -> String {
    var name: UnsafePointer<CChar>?
    guard dnnl_primitive_desc_query(description, dnnl_query_impl_info_str, 0, &name) == dnnl_success, let name else { return "?" }
    let text = String(cString: name)
    if let what { _ = chosen.withLock { $0.insert("\(what): \(text)") } }
    return text
  }
}

/// A primitive made once and run often, from any thread: its scratch memory is the caller's.
final class Primitive: @unchecked Sendable {
  let handle: dnnl_primitive_t?
  let implementation: String
  let weights: dnnl_memory_desc_t
  let bias: dnnl_memory_desc_t
  let source: dnnl_memory_desc_t
  let target: dnnl_memory_desc_t
  let scratch: dnnl_memory_desc_t

  /// Makes the primitive for an operation descriptor (a pointer to a `dnnl_*_desc_t`).
  /// - Parameter accumulates: whether what it makes is added to what is there
  init(_ operation: UnsafeRawPointer, kind: String?, accumulates: Bool = false, _ what: @autoclosure () -> String) throws {
    var attributes: dnnl_primitive_attr_t?
    try OneDNN.check(dnnl_primitive_attr_create(&attributes), what())
    defer { dnnl_primitive_attr_destroy(attributes) }
    try OneDNN.check(dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user), what())
    if accumulates {
      var after: dnnl_post_ops_t?
      try OneDNN.check(dnnl_post_ops_create(&after), what())
      defer { dnnl_post_ops_destroy(after) }
      try OneDNN.check(dnnl_post_ops_append_sum(after, 1), what())
      try OneDNN.check(dnnl_primitive_attr_set_post_ops(attributes, after), what())
    }
    var description: dnnl_primitive_desc_t?
    try OneDNN.check(dnnl_primitive_desc_create(&description, operation, attributes, OneDNN.engine, nil), what())
    defer { dnnl_primitive_desc_destroy(description) }
    var primitive: dnnl_primitive_t?
    try OneDNN.check(dnnl_primitive_create(&primitive, description), what())
    self.handle = primitive
    self.implementation = OneDNN.implementation(of: description, for: kind)
    func layout(_ query: dnnl_query_t, _ index: Int32 = 0) -> dnnl_memory_desc_t {
      dnnl_primitive_desc_query_md(description, query, index)?.pointee ?? dnnl_memory_desc_t()
    }
    self.weights = layout(dnnl_query_weights_md)
    self.bias = layout(dnnl_query_weights_md, 1)
    self.source = layout(dnnl_query_src_md)
    self.target = layout(dnnl_query_dst_md)
    self.scratch = layout(dnnl_query_scratchpad_md)
  }

  /// Whether the bytes are the same at any thread count: measured for these implementations only.
  var isThreadInvariant: Bool { implementation.hasPrefix("brg") }

  deinit { dnnl_primitive_destroy(handle) }
}

extension dnnl_memory_desc_t {
  /// Bytes of what lies so.
  var size: Int { withUnsafePointer(to: self) { dnnl_memory_desc_get_size($0) } }
}
