/// One piece of heavy work by its size: what a plan counts and a calibration measures.
public enum Work: Hashable, Sendable {
  /// Both encoders read a prompt of so many T5 tokens.
  case text(tokens: Int)
  /// One call of the transformer for one picture, with so many tokens of others beside it.
  case velocity(text: Int, size: Size, beside: Int = 0)
  /// One call of a network beside the model's own, such as a ControlNet, by the operations of its products.
  case network(operations: Int)
  case decode(Size)
  case encode(Size)
  case preview(Size)

  /// The part of the model that does it.
  var part: Part { switch self { case .text: .text; case .velocity, .network: .transformer; case .decode, .encode, .preview: .autoEncoder } }

  enum Part: Hashable, CaseIterable { case text, transformer, autoEncoder }
}

/// How often each piece is done.
public typealias Workload = [Work: Int]
