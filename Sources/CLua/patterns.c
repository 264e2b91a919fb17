// Lua's patterns (reference manual 6.4.1), in a matcher that can be stopped: the library's own may run for years on a
// hostile pattern, inside C, where no hook looks.
#define _GNU_SOURCE  // memmem
#include <ctype.h>
#include <string.h>
#include "sandbox.h"

enum { MOST_CAPTURES = 32, MOST_DEPTH = 200, TICKS = 4096 };
enum { IS_OPEN = -1, IS_POSITION = -2 };

struct matcher {
  lua_State *L;
  const char *subject, *subject_end, *pattern_end;
  int depth, captures;
  unsigned ticks;
  struct { const char *start; ptrdiff_t length; } capture[MOST_CAPTURES];
};

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
  if (length < 0) clua_fail(m->L, "invalid capture index %%%d", i + 1);
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

/// Where the match of the pattern from `p` at `s` ends, or NULL.
static const char *match(struct matcher *m, const char *s, const char *p) {
  if (m->depth >= MOST_DEPTH) clua_fail(m->L, "pattern too complex");
  m->depth++;
  const char *done = match_items(m, s, p);
  m->depth--;
  return done;
}

static const char *match_from_scratch(struct matcher *m, const char *s, const char *p) {
  m->depth = m->captures = 0;
  return match(m, s, p);
}

// ---- Captures as values ---------------------------------------------------------------------------------------------

static void push_capture(struct matcher *m, int i, const char *start, const char *end) {
  if (i >= m->captures) {
    if (i > 0) clua_fail(m->L, "invalid capture index %%%d", i + 1);
    lua_pushlstring(m->L, start, (size_t)(end - start));
    return;
  }
  ptrdiff_t length = m->capture[i].length;
  if (length == IS_OPEN) clua_fail(m->L, "unfinished capture");
  if (length == IS_POSITION) lua_pushinteger(m->L, m->capture[i].start - m->subject + 1);
  else lua_pushlstring(m->L, m->capture[i].start, (size_t)length);
}

static int push_captures(struct matcher *m, const char *start, const char *end) {
  int count = m->captures == 0 && start ? 1 : m->captures;
  if (!lua_checkstack(m->L, count)) clua_fail(m->L, "too many captures");
  for (int i = 0; i < count; i++) push_capture(m, i, start, end);
  return count;
}

// ---- find, match, gmatch, gsub --------------------------------------------------------------------------------------

static const char *text(lua_State *L, int argument, const char *function, size_t *count) {
  if (!lua_isstring(L, argument)) clua_wrong(L, argument, function, "string");
  return lua_tolstring(L, argument, count);
}

static size_t start_at(lua_State *L, int argument, const char *function, size_t count) {
  if (lua_isnoneornil(L, argument)) return 0;
  int is;
  lua_Integer at = lua_tointegerx(L, argument, &is);
  if (!is) clua_wrong(L, argument, function, "whole number");
  if (at > 0) return (size_t)at - 1;
  if (at == 0 || (lua_Unsigned)-at > count) return 0;
  return count - (size_t)-at;
}

static struct matcher matcher_of(lua_State *L, const char *s, size_t count, const char *p, size_t pattern_count) {
  return (struct matcher){ .L = L, .subject = s, .subject_end = s + count, .pattern_end = p + pattern_count };
}

static bool is_plain(const char *p, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (p[i] && strchr("^$*+?.([%-", p[i])) return false;
  return true;
}

static int find_plain(lua_State *L, const char *s, size_t count, const char *p, size_t pattern_count, size_t init) {
  const char *found = pattern_count ? memmem(s + init, count - init, p, pattern_count) : s + init;
  if (!found) return lua_pushnil(L), 1;
  lua_pushinteger(L, found - s + 1);
  lua_pushinteger(L, found - s + (lua_Integer)pattern_count);
  return 2;
}

static int search(lua_State *L, const char *function, bool find) {
  size_t count, pattern_count;
  const char *s = text(L, 1, function, &count), *p = text(L, 2, function, &pattern_count);
  size_t init = start_at(L, 3, function, count);
  if (init > count) return lua_pushnil(L), 1;
  if (find && (lua_toboolean(L, 4) || is_plain(p, pattern_count))) return find_plain(L, s, count, p, pattern_count, init);
  bool anchored = pattern_count > 0 && *p == '^';
  struct matcher m = matcher_of(L, s, count, p, pattern_count);
  p += anchored;
  for (const char *at = s + init; at <= m.subject_end; at++) {
    const char *end = match_from_scratch(&m, at, p);
    if (end && !find) return push_captures(&m, at, end);
    if (end) {
      lua_pushinteger(L, at - s + 1);
      lua_pushinteger(L, end - s);
      return push_captures(&m, NULL, NULL) + 2;
    }
    if (anchored) break;
  }
  return lua_pushnil(L), 1;
}

static int own_find(lua_State *L) { return search(L, "find", true); }
static int own_match(lua_State *L) { return search(L, "match", false); }

/// Upvalues: subject, pattern, where to look next, where the last match ended (-1: none yet).
static int next_match(lua_State *L) {
  size_t count, pattern_count;
  const char *s = lua_tolstring(L, lua_upvalueindex(1), &count);
  const char *p = lua_tolstring(L, lua_upvalueindex(2), &pattern_count);
  lua_Integer from = lua_tointeger(L, lua_upvalueindex(3)), last = lua_tointeger(L, lua_upvalueindex(4));
  struct matcher m = matcher_of(L, s, count, p, pattern_count);
  for (const char *at = s + from; from <= (lua_Integer)count && at <= m.subject_end; at++) {
    const char *end = match_from_scratch(&m, at, p);
    if (!end || end - s == last) continue;
    lua_pushinteger(L, end - s);
    lua_copy(L, -1, lua_upvalueindex(3));
    lua_replace(L, lua_upvalueindex(4));
    return push_captures(&m, at, end);
  }
  return 0;
}

static int own_gmatch(lua_State *L) {
  size_t count, pattern_count;
  text(L, 1, "gmatch", &count), text(L, 2, "gmatch", &pattern_count);
  size_t init = start_at(L, 3, "gmatch", count);
  lua_settop(L, 2);
  lua_pushinteger(L, (lua_Integer)(init > count ? count + 1 : init));
  lua_pushinteger(L, -1);
  lua_pushcclosure(L, next_match, 4);
  return 1;
}

static void add_text(struct matcher *m, luaL_Buffer *out, const char *start, const char *end) {
  size_t count;
  const char *r = lua_tolstring(m->L, 3, &count), *r_end = r + count;
  for (; r < r_end; r++) {
    if (*r != '%') {
      luaL_addchar(out, *r);
    } else if (++r < r_end && *r == '%') {
      luaL_addchar(out, '%');
    } else if (r < r_end && *r == '0') {
      luaL_addlstring(out, start, (size_t)(end - start));
    } else if (r < r_end && isdigit((unsigned char)*r)) {
      push_capture(m, *r - '1', start, end);
      luaL_tolstring(m->L, -1, NULL);
      lua_remove(m->L, -2);
      luaL_addvalue(out);
    } else {
      clua_fail(m->L, "invalid use of '%%' in replacement string");
    }
  }
}

/// Adds what the table or the function at 3 gives for this match; whether anything changed.
static bool add_replacement(struct matcher *m, luaL_Buffer *out, const char *start, const char *end) {
  lua_State *L = m->L;
  if (lua_type(L, 3) == LUA_TFUNCTION) {
    lua_pushvalue(L, 3);
    lua_call(L, push_captures(m, start, end), 1);
  } else if (lua_type(L, 3) == LUA_TTABLE) {
    push_capture(m, 0, start, end);
    lua_gettable(L, 3);
  } else {
    add_text(m, out, start, end);
    return true;
  }
  if (!lua_toboolean(L, -1)) {
    lua_pop(L, 1);
    luaL_addlstring(out, start, (size_t)(end - start));
    return false;
  }
  if (!lua_isstring(L, -1)) clua_fail(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
  luaL_addvalue(out);
  return true;
}

static int own_gsub(lua_State *L) {
  size_t count, pattern_count;
  const char *s = text(L, 1, "gsub", &count), *p = text(L, 2, "gsub", &pattern_count);
  if (!lua_isstring(L, 3) && !lua_istable(L, 3) && !lua_isfunction(L, 3))
    return clua_wrong(L, 3, "gsub", "string, function or table");
  lua_Integer limit = (lua_Integer)count + 1;
  if (!lua_isnoneornil(L, 4)) {
    int is;
    limit = lua_tointegerx(L, 4, &is);
    if (!is) return clua_wrong(L, 4, "gsub", "whole number");
  }
  lua_settop(L, 3);
  bool anchored = pattern_count > 0 && *p == '^', changed = false;
  struct matcher m = matcher_of(L, s, count, p, pattern_count);
  p += anchored;
  luaL_Buffer out;
  luaL_buffinit(L, &out);
  lua_Integer made = 0;
  const char *at = s, *last = NULL;
  while (made < limit) {
    const char *end = match_from_scratch(&m, at, p);
    if (end && end != last) {
      made++;
      changed |= add_replacement(&m, &out, at, end);
      at = last = end;
    } else if (at < m.subject_end) {
      luaL_addchar(&out, *at++);
    } else {
      break;
    }
    if (anchored) break;
  }
  luaL_addlstring(&out, at, (size_t)(m.subject_end - at));
  luaL_pushresult(&out);
  if (!changed) lua_pushvalue(L, 1), lua_remove(L, -2);
  lua_pushinteger(L, made);
  return 2;
}

/// Into the globals at the top of the stack.
void clua_open_patterns(lua_State *L) {
  static const luaL_Reg functions[] = {{"find", own_find}, {"match", own_match}, {"gmatch", own_gmatch},
                                       {"gsub", own_gsub}, {0, 0}};
  clua_get_field(L, -1, "string");
  luaL_setfuncs(L, functions, 0);
  lua_pop(L, 1);
}
