import Testing

/// The release binary, one run after the other: some of them measure time.
@Suite(.serialized) struct CommandTests {}
