// string.find, match, gmatch and gsub over the matcher that can be stopped.
#define _GNU_SOURCE  // memmem
#include <ctype.h>
#include <string.h>
#include "matcher.h"
#include "sandbox.h"

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
    const char *end = clua_match(&m, at, p);
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
    const char *end = clua_match(&m, at, p);
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
    const char *end = clua_match(&m, at, p);
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
