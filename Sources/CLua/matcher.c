// Lua's patterns (reference manual 6.4.1), in a matcher that can be stopped: the library's own may run for years on a
// hostile pattern, inside C, where no hook looks.
#include <ctype.h>
#include <string.h>
#include "matcher.h"
#include "sandbox.h"

enum { MOST_DEPTH = 200, TICKS = 4096 };

static const char *match(struct matcher *m, const char *s, const char *p);

static void tick(struct matcher *m) {
  if (++m->ticks % TICKS == 0 && clua_stopping(sandbox(m->L))) clua_stop(m->L);
}

static const char *item_end(struct matcher *m, const char *p) {
  if (*p == '%') {
    if (p + 1 == m->pattern_end) clua_fail(m->L, "malformed pattern (ends with '%%')");
    return p + 2;
  }
  if (*p++ != '[') return p;
  if (p < m->pattern_end && *p == '^') p++;
  do {                                        // a ']' in first place stands for itself
    if (p >= m->pattern_end) clua_fail(m->L, "malformed pattern (missing ']')");
    if (*p++ == '%') p++;
  } while (p >= m->pattern_end || *p != ']');
  return p + 1;
}

static bool class_has(unsigned char c, char letter) {
  bool has;
  switch (tolower((unsigned char)letter)) {
    case 'a': has = isalpha(c); break;
    case 'c': has = iscntrl(c); break;
    case 'd': has = isdigit(c); break;
    case 'g': has = isgraph(c); break;
    case 'l': has = islower(c); break;
    case 'p': has = ispunct(c); break;
    case 's': has = isspace(c); break;
    case 'u': has = isupper(c); break;
    case 'w': has = isalnum(c); break;
    case 'x': has = isxdigit(c); break;
    default: return letter == (char)c;
  }
  return isupper((unsigned char)letter) ? !has : has;
}

/// `p` at '[', `end` after ']'.
static bool set_has(unsigned char c, const char *p, const char *end) {
  const char *last = end - 1;
  bool has = true;
  if (*++p == '^') has = false, p++;
  for (; p < last; p++) {
    if (*p == '%') {
      if (class_has(c, *++p)) return has;
    } else if (p[1] == '-' && p + 2 < last) {
      if ((unsigned char)p[0] <= c && c <= (unsigned char)p[2]) return has;
      p += 2;
    } else if ((unsigned char)*p == c) {
      return has;
    }
  }
  return !has;
}

static bool fits(struct matcher *m, const char *s, const char *p, const char *end) {
  if (s >= m->subject_end) return false;
  switch (*p) {
    case '.': return true;
    case '%': return class_has((unsigned char)*s, p[1]);
    case '[': return set_has((unsigned char)*s, p, end);
    default: return *p == *s;
  }
}

static const char *most(struct matcher *m, const char *s, const char *p, const char *end) {
  const char *reach = s;
  for (; fits(m, reach, p, end); reach++) tick(m);
  for (; reach >= s; reach--) {
    const char *done = match(m, reach, end + 1);
    if (done) return done;
  }
  return NULL;
}

static const char *fewest(struct matcher *m, const char *s, const char *p, const char *end) {
  for (;; s++) {
    const char *done = match(m, s, end + 1);
    if (done) return done;
    if (!fits(m, s, p, end)) return NULL;
  }
}

static const char *balanced(struct matcher *m, const char *s, const char *p) {
  if (m->pattern_end - p < 2) clua_fail(m->L, "malformed pattern (missing arguments to '%%b')");
  if (s >= m->subject_end || *s != p[0]) return NULL;
  int open = 1;
  while (++s < m->subject_end) {
    tick(m);
    if (*s == p[1]) {
      if (--open == 0) return s + 1;
    } else if (*s == p[0]) {
      open++;
    }
  }
  return NULL;
}

static const char *open_capture(struct matcher *m, const char *s, const char *p, ptrdiff_t kind) {
  if (m->captures >= MOST_CAPTURES) clua_fail(m->L, "too many captures");
  m->capture[m->captures].start = s;
  m->capture[m->captures].length = kind;
  m->captures++;
  const char *done = match(m, s, p);
  if (!done) m->captures--;
  return done;
}

static const char *close_capture(struct matcher *m, const char *s, const char *p) {
  int i = m->captures - 1;
  while (i >= 0 && m->capture[i].length != IS_OPEN) i--;
  if (i < 0) clua_fail(m->L, "invalid pattern capture");
  m->capture[i].length = s - m->capture[i].start;
  const char *done = match(m, s, p);
  if (!done) m->capture[i].length = IS_OPEN;
  return done;
}

static const char *repeated_capture(struct matcher *m, const char *s, char digit) {
  int i = digit - '1';
  if (i < 0 || i >= m->captures || m->capture[i].length == IS_OPEN)
    clua_fail(m->L, "invalid capture index %%%d", i + 1);
  ptrdiff_t length = m->capture[i].length;
  if (length == IS_POSITION) return NULL;     // as in Lua: no text to repeat
  if (m->subject_end - s < length || memcmp(m->capture[i].start, s, (size_t)length) != 0) return NULL;
  return s + length;
}

static bool at_frontier(struct matcher *m, const char *s, const char *set, const char *end) {
  unsigned char before = s == m->subject ? 0 : (unsigned char)s[-1], here = s < m->subject_end ? (unsigned char)*s : 0;
  return !set_has(before, set, end) && set_has(here, set, end);
}

/// %b, %f and %1 to %9 move `s` and `p` on; false when there is no match. `*special` says whether it was one of them.
static bool special_item(struct matcher *m, const char **s, const char **p, bool *special) {
  char c = *p + 1 < m->pattern_end ? (*p)[1] : 0;
  *special = c == 'b' || c == 'f' || (c && isdigit((unsigned char)c));
  if (!*special) return true;
  *p += 2;
  if (c == 'f') {
    if (*p >= m->pattern_end || **p != '[') clua_fail(m->L, "missing '[' after '%%f' in pattern");
    const char *set = *p;
    *p = item_end(m, set);
    return at_frontier(m, *s, set, *p);
  }
  const char *next = c == 'b' ? balanced(m, *s, *p) : repeated_capture(m, *s, c);
  if (c == 'b') *p += 2;
  *s = next ? next : *s;
  return next != NULL;
}

static const char *match_items(struct matcher *m, const char *s, const char *p) {
  while (p < m->pattern_end) {
    tick(m);
    if (*p == '(')
      return p + 1 < m->pattern_end && p[1] == ')' ? open_capture(m, s, p + 2, IS_POSITION)
                                                   : open_capture(m, s, p + 1, IS_OPEN);
    if (*p == ')') return close_capture(m, s, p + 1);
    if (*p == '$' && p + 1 == m->pattern_end) return s == m->subject_end ? s : NULL;
    if (*p == '%') {
      bool special;
      if (!special_item(m, &s, &p, &special)) return NULL;
      if (special) continue;
    }
    const char *end = item_end(m, p);
    char repeat = end < m->pattern_end ? *end : 0;
    if (repeat == '*') return most(m, s, p, end);
    if (repeat == '-') return fewest(m, s, p, end);
    bool one = fits(m, s, p, end);
    if (repeat == '+') return one ? most(m, s + 1, p, end) : NULL;
    if (repeat == '?') {
      const char *done = one ? match(m, s + 1, end + 1) : NULL;
      if (done) return done;
      p = end + 1;
      continue;
    }
    if (!one) return NULL;
    s++;
    p = end;
  }
  return s;
}

static const char *match(struct matcher *m, const char *s, const char *p) {
  if (m->depth >= MOST_DEPTH) clua_fail(m->L, "pattern too complex");
  m->depth++;
  const char *done = match_items(m, s, p);
  m->depth--;
  return done;
}

const char *clua_match(struct matcher *m, const char *s, const char *p) {
  m->depth = m->captures = 0;
  return match(m, s, p);
}
