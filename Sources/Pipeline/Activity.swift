/// What a pipeline is busy with: for whoever shows it.
public enum Activity: Sendable, Equatable {
  /// Reading a part of the model: its name, and the share that is done, 0 … 1.
  case loading(String, share: Double)
  /// Turning a prompt into embeddings.
  case encoding
  /// A step of the loop is about to be made, from 1.
  case step(Int, count: Int)
  /// The last step is made.
  case sampled
  /// How many evaluations of blocks a step cache spared, of those that the steps asked for.
  case spared(Int, of: Int)
  /// Turning latents into a picture, from 1.
  case decoding(Int, count: Int)
  /// The picture is there.
  case decoded
  /// A cell of a sweep is begun: its values, how many are left with it, and how many there are in all.
  case cell(String, left: Int, count: Int)
  /// Something that the person should know and that is no error.
  case notice(String)
}
