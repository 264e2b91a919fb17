// Lines from a terminal, with editing, history and completion by libedit. A shim: libedit's calls are variadic, and Swift
// cannot make those.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

typedef struct line_editor line_editor;

#define LINE_READ 0      // a line, without its end
#define LINE_CLEARED 1   // Ctrl-C: what was typed is given up
#define LINE_END 2       // Ctrl-D, or the terminal is gone

/// On stdin and stdout; as many as `most` lines are remembered. NULL when the terminal is of no use for it.
line_editor *_Nullable line_editor_open(const char *program, int32_t most, void *context);
/// Gives the terminal back as it was.
void line_editor_close(line_editor *editor);
/// Waits for a line; it is good until the next call.
int32_t line_editor_read(line_editor *editor, const char *prompt, const char *_Nullable *_Nonnull line);
/// Adds a line to the history.
void line_editor_remember(line_editor *editor, const char *line);
/// Gives the terminal back from another thread, right before the program ends.
void line_editor_abandon(line_editor *editor);

/// While a completion is asked for: puts text at the cursor.
void line_editor_insert(line_editor *editor, const char *text);
/// While a completion is asked for: shows text below the line, which is then drawn anew.
void line_editor_show(line_editor *editor, const char *text);

/// Implemented in Swift: Tab was pressed after these bytes.
void line_editor_complete(void *context, line_editor *editor, const char *before, size_t count);

#pragma clang assume_nonnull end
