import Testing

/// One after the other: they count what is alive in the process.
@Suite(.serialized) struct ScriptingTests {}
