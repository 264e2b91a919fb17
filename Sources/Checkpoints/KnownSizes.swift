/// What a config.json would say of a part, as far as its tensors tell.
package struct KnownSizes {
  package let values: [String: JSON]
  /// Why that is not enough, if it is not.
  package let complaint: String?

  /// What the published model has and no tensor tells: believed where there is no config.json.
  package let assumed: [String: JSON]

  package init(_ values: [String: Int], flags: [String: Bool] = [:], lists: [String: [Int]] = [:], assumed: [String: JSON] = [:], complaint: String? = nil) {
    let lists = lists.mapValues { JSON.list($0.map { .number(Double($0)) }) }
    self.values = values.mapValues { .number(Double($0)) }.merging(flags.mapValues { .flag($0) }) { $1 }.merging(lists) { $1 }
    (self.assumed, self.complaint) = (assumed, complaint)
  }

  /// The settings to use: those of a config.json that agrees with the tensors, else what the tensors tell.
  package func settings(of file: String, besides config: Settings?) throws -> Settings {
    if let config, config.agrees(with: values) { return config }
    if let complaint { throw CheckpointError.malformed(file, complaint) }
    return Settings(of: file, values.merging(assumed) { own, _ in own })
  }

  /// What the tensors tell, and for the rest what the published model has: to look at, not to run with.
  package func shown(of file: String) -> Settings {
    var all = values.merging(assumed) { own, _ in own }
    if all["axes_dims_rope"] == nil, let depth = values["attention_head_dim"]?.number { all["axes_dims_rope"] = .list([.number(depth - 4), .number(2), .number(2)]) }
    for (key, value) in ["norm_num_groups": 1.0, "scaling_factor": 1.0] where all[key] == nil { all[key] = .number(value) }
    return Settings(of: file, all)
  }
}
