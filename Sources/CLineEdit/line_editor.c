#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>
#include <histedit.h>
#include "CLineEdit.h"

struct line_editor {
  EditLine *edit;
  History *history;
  void *context;
  const char *prompt;
  struct termios terminal;   // as it was before
  bool cleared, shown;
};

static struct line_editor *editor_of(EditLine *edit) {
  void *editor = NULL;
  el_get(edit, EL_CLIENTDATA, &editor);
  return editor;
}

static char *prompt(EditLine *edit) { return (char *)editor_of(edit)->prompt; }

static unsigned char on_tab(EditLine *edit, int key) {
  (void)key;
  struct line_editor *editor = editor_of(edit);
  const LineInfo *line = el_line(edit);
  editor->shown = false;
  line_editor_complete(editor->context, editor, line->buffer, (size_t)(line->cursor - line->buffer));
  return editor->shown ? CC_REDISPLAY : CC_REFRESH;
}

/// Ctrl-C comes as a key, since a signal would not make libedit leave its read.
static unsigned char on_clear(EditLine *edit, int key) {
  (void)key;
  editor_of(edit)->cleared = true;
  fputs("^C\n", stdout);
  fflush(stdout);
  return CC_EOF;
}

static unsigned char on_suspend(EditLine *edit, int key) {
  (void)key;
  el_set(edit, EL_PREP_TERM, 0);
  fputc('\n', stdout);
  fflush(stdout);
  raise(SIGTSTP);
  el_set(edit, EL_PREP_TERM, 1);
  return CC_REDISPLAY;
}

/// Text is UTF-8 here, whatever the locale says of everything else.
static void take_utf8(void) {
  setlocale(LC_CTYPE, "");
  if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0) setlocale(LC_CTYPE, "C.UTF-8");
}

static void bind_keys(EditLine *edit) {
  el_set(edit, EL_ADDFN, "fluxlua-complete", "complete", on_tab);
  el_set(edit, EL_ADDFN, "fluxlua-clear", "give the line up", on_clear);
  el_set(edit, EL_ADDFN, "fluxlua-suspend", "suspend", on_suspend);
  el_set(edit, EL_BIND, "^I", "fluxlua-complete", NULL);
  el_set(edit, EL_BIND, "^C", "fluxlua-clear", NULL);
  el_set(edit, EL_BIND, "^Z", "fluxlua-suspend", NULL);
  el_set(edit, EL_BIND, "^D", "em-delete-or-list", NULL);
  el_set(edit, EL_BIND, "^R", "em-inc-search-prev", NULL);
  el_set(edit, EL_BIND, "\033[1;5C", "em-next-word", NULL);
  el_set(edit, EL_BIND, "\033[1;5D", "ed-prev-word", NULL);
  el_set(edit, EL_BIND, "\033[3~", "ed-delete-next-char", NULL);
  el_set(edit, EL_SETTY, "-d", "-isig", NULL);
}

line_editor *line_editor_open(const char *program, int32_t most, void *context) {
  struct line_editor *editor = calloc(1, sizeof *editor);
  if (!editor) return NULL;
  take_utf8();
  tcgetattr(STDIN_FILENO, &editor->terminal);
  editor->context = context;
  editor->prompt = "";
  editor->edit = el_init(program, stdin, stdout, stderr);
  editor->history = history_init();
  if (!editor->edit || !editor->history) {
    line_editor_close(editor);
    return NULL;
  }
  HistEvent event;
  history(editor->history, &event, H_SETSIZE, (int)most);
  history(editor->history, &event, H_SETUNIQUE, 1);
  el_set(editor->edit, EL_CLIENTDATA, editor);
  el_set(editor->edit, EL_EDITOR, "emacs");
  el_set(editor->edit, EL_PROMPT, prompt);
  el_set(editor->edit, EL_HIST, history, editor->history);
  bind_keys(editor->edit);
  return editor;
}

void line_editor_close(line_editor *editor) {
  if (editor->history) history_end(editor->history);
  if (editor->edit) el_end(editor->edit);
  free(editor);
}

void line_editor_abandon(line_editor *editor) { tcsetattr(STDIN_FILENO, TCSANOW, &editor->terminal); }

int32_t line_editor_read(line_editor *editor, const char *shown, const char **line) {
  static const char *const nothing = "";
  editor->prompt = shown;
  editor->cleared = false;
  int count = 0;
  const char *text = el_gets(editor->edit, &count);
  *line = nothing;
  if (editor->cleared) return LINE_CLEARED;
  if (!text || count <= 0) return LINE_END;
  char *end = (char *)text + strlen(text);
  while (end > text && (end[-1] == '\n' || end[-1] == '\r')) *--end = 0;
  *line = text;
  return LINE_READ;
}

void line_editor_remember(line_editor *editor, const char *line) {
  HistEvent event;
  history(editor->history, &event, H_ENTER, line);
}

void line_editor_insert(line_editor *editor, const char *text) { el_insertstr(editor->edit, text); }

void line_editor_show(line_editor *editor, const char *text) {
  editor->shown = true;
  fprintf(stdout, "\n%s\n", text);
  fflush(stdout);
}
