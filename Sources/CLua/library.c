// The globals of a recipe: built from nothing by an allow-list, with a guard before each function that could run for ever
// inside C, take too much, or reach out of the sandbox.
#include <string.h>
#include "sandbox.h"

// More entries than this in one call of a table function is a mistake, or an attack on a loop that no hook sees.
enum { MOST_ENTRIES = 10000000 };

/// The original stands in upvalue 1 and runs on our frame, so that its errors find the recipe's line.
static int original(lua_State *L) { return lua_tocfunction(L, lua_upvalueindex(1))(L); }

static int guard_setmetatable(lua_State *L) {
  if (lua_type(L, 2) == LUA_TTABLE) {
    lua_pushliteral(L, "__gc");
    if (lua_rawget(L, 2) != LUA_TNIL) return clua_fail(L, "setmetatable: '__gc' is not available in recipes");
    lua_pop(L, 1);
  }
  return original(L);
}

static int guard_load(lua_State *L) {
  if (lua_gettop(L) < 3) lua_settop(L, 3);
  lua_pushliteral(L, "t");                   // bytecode can break the machine
  lua_replace(L, 3);
  return original(L);
}

static int guard_rep(lua_State *L) {
  if (lua_type(L, 1) == LUA_TSTRING && lua_rawlen(L, 1) == 0
      && (lua_isnoneornil(L, 3) || (lua_type(L, 3) == LUA_TSTRING && lua_rawlen(L, 3) == 0))) {
    lua_pushliteral(L, "");
    return 1;
  }
  return original(L);
}

static int too_many(lua_State *L, const char *name) {
  return clua_fail(L, "table.%s: more than %d entries", name, MOST_ENTRIES);
}

static bool range_is_long(lua_State *L, int from, int to) {
  int is_from, is_to;
  lua_Integer a = lua_tointegerx(L, from, &is_from), b = lua_tointegerx(L, to, &is_to);
  return is_from && is_to && b > a && (lua_Unsigned)b - (lua_Unsigned)a >= MOST_ENTRIES;
}

/// The name stands in upvalue 2.
static int guard_table(lua_State *L) {
  const char *name = lua_tostring(L, lua_upvalueindex(2));
  if (lua_type(L, 1) == LUA_TTABLE) {
    if (luaL_getmetafield(L, 1, "__len") != LUA_TNIL)
      return clua_fail(L, "table.%s: not for a table with a '__len' metamethod", name);
    if (lua_rawlen(L, 1) > MOST_ENTRIES) return too_many(L, name);
  }
  if (strcmp(name, "concat") == 0) {
    if (lua_isnoneornil(L, 3) && lua_isnumber(L, 4)) {
      lua_settop(L, 4);
      lua_pushinteger(L, 1);
      lua_replace(L, 3);
    }
    if (range_is_long(L, 3, 4)) return too_many(L, name);
  }
  if (strcmp(name, "move") == 0 && range_is_long(L, 2, 3)) return too_many(L, name);
  return original(L);
}

static int guard_randomseed(lua_State *L) {
  int count = lua_gettop(L);
  if (count > 2) lua_settop(L, count = 2);
  for (int i = 1; i <= count; i++)
    if (lua_type(L, i) != LUA_TNUMBER) return clua_wrong(L, i, "randomseed", "number");
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  if (count == 0) lua_pushinteger(L, sandbox(L)->seed), count = 1;   // never from the clock
  lua_call(L, count, 0);
  return 0;
}

static int own_collectgarbage(lua_State *L) {
  const char *what = lua_isnoneornil(L, 1) ? "collect" : lua_type(L, 1) == LUA_TSTRING ? lua_tostring(L, 1) : "";
  if (strcmp(what, "collect") == 0) {
    lua_gc(L, LUA_GCCOLLECT);
    lua_pushinteger(L, 0);
  } else if (strcmp(what, "count") == 0) {
    lua_pushnumber(L, (double)sandbox(L)->used / 1024);
  } else {
    return clua_fail(L, "collectgarbage: only \"collect\" and \"count\" are available in recipes");
  }
  return 1;
}

static void write_line(lua_State *L, int32_t stream) {
  struct clua_sandbox *s = sandbox(L);
  size_t count;
  const char *bytes = lua_tolstring(L, -1, &count);
  s->in_host = true;
  clua_host_write(s->host, stream, bytes, count);
  s->in_host = false;
}

static int own_print(lua_State *L) {
  int count = lua_gettop(L);
  luaL_Buffer line;
  luaL_buffinit(L, &line);
  for (int i = 1; i <= count; i++) {
    if (i > 1) luaL_addchar(&line, '\t');
    luaL_tolstring(L, i, NULL);
    luaL_addvalue(&line);
  }
  luaL_pushresult(&line);
  write_line(L, CLUA_PRINT);
  return 0;
}

static int own_warn(lua_State *L) {
  int count = lua_gettop(L);
  if (count == 0) return clua_wrong(L, 1, "warn", "string");
  for (int i = 1; i <= count; i++)
    if (!lua_isstring(L, i)) return clua_wrong(L, i, "warn", "string");
  lua_concat(L, count);
  write_line(L, CLUA_WARN);
  return 0;
}

static int own_traceback(lua_State *L) {
  lua_State *of = lua_isthread(L, 1) ? lua_tothread(L, 1) : L;
  int argument = of == L && !lua_isthread(L, 1) ? 1 : 2;
  if (!lua_isnoneornil(L, argument) && !lua_isstring(L, argument)) {
    lua_pushvalue(L, argument);
    return 1;
  }
  luaL_Buffer text;
  lua_settop(L, argument);
  luaL_buffinit(L, &text);
  if (!lua_isnil(L, argument)) {
    lua_pushvalue(L, argument);
    luaL_addvalue(&text);
    luaL_addchar(&text, '\n');
  }
  luaL_addstring(&text, "stack traceback:\n");
  clua_push_frames(L, of, 0);
  luaL_addvalue(&text);
  luaL_pushresult(&text);
  return 1;
}

// ---- The allow-list -------------------------------------------------------------------------------------------------

struct allowed { const char *name; lua_CFunction guard; };

static const struct allowed base[] = {
  {"assert", 0}, {"error", 0}, {"getmetatable", 0}, {"ipairs", 0}, {"next", 0}, {"pairs", 0}, {"rawequal", 0},
  {"rawget", 0}, {"rawlen", 0}, {"rawset", 0}, {"select", 0}, {"tonumber", 0}, {"tostring", 0}, {"type", 0},
  {"_VERSION", 0}, {"setmetatable", guard_setmetatable}, {"load", guard_load}, {0, 0}};
static const struct allowed string[] = {
  {"byte", 0}, {"char", 0}, {"format", 0}, {"len", 0}, {"lower", 0}, {"pack", 0}, {"packsize", 0}, {"reverse", 0}, {"sub", 0},
  {"unpack", 0}, {"upper", 0}, {"rep", guard_rep}, {0, 0}};
static const struct allowed table[] = {
  {"pack", 0}, {"concat", guard_table}, {"insert", guard_table}, {"move", guard_table}, {"remove", guard_table},
  {"sort", guard_table}, {"unpack", guard_table}, {0, 0}};
static const struct allowed math[] = {
  {"abs", 0}, {"acos", 0}, {"asin", 0}, {"atan", 0}, {"ceil", 0}, {"cos", 0}, {"deg", 0}, {"exp", 0}, {"floor", 0},
  {"fmod", 0}, {"huge", 0}, {"log", 0}, {"max", 0}, {"maxinteger", 0}, {"min", 0}, {"mininteger", 0}, {"modf", 0},
  {"pi", 0}, {"rad", 0}, {"random", 0}, {"sin", 0}, {"sqrt", 0}, {"tan", 0}, {"tointeger", 0}, {"type", 0},
  {"ult", 0}, {"randomseed", guard_randomseed}, {0, 0}};
static const struct allowed utf8[] = {
  {"char", 0}, {"charpattern", 0}, {"codepoint", 0}, {"codes", 0}, {"len", 0}, {"offset", 0}, {0, 0}};
static const struct allowed os[] = {{"clock", 0}, {"date", 0}, {"difftime", 0}, {"time", 0}, {0, 0}};
static const struct allowed coroutine[] = {{"create", 0}, {"running", 0}, {"status", 0}, {0, 0}};

/// Copies the allowed fields of the library at the top into the table below it, and pops the library.
static void allow(lua_State *L, const struct allowed *list) {
  for (; list->name; list++) {
    clua_get_field(L, -1, list->name);
    if (list->guard) {
      lua_pushstring(L, list->name);
      lua_pushcclosure(L, list->guard, 2);
    }
    clua_set_field(L, -3, list->name);
  }
  lua_pop(L, 1);
}

static void allow_library(lua_State *L, const char *name, lua_CFunction open, const struct allowed *list) {
  lua_newtable(L);
  lua_pushcfunction(L, open);
  lua_call(L, 0, 1);
  allow(L, list);
  lua_pushvalue(L, -1);
  clua_set_field(L, -3, name);
  lua_pop(L, 1);
}

static void set(lua_State *L, const char *name, lua_CFunction function) {
  lua_pushcfunction(L, function);
  clua_set_field(L, -2, name);
}

/// The methods of strings are the allowed functions, and recipes do not see the metatable.
static void close_string_metatable(lua_State *L) {
  lua_pushliteral(L, "");
  lua_getmetatable(L, -1);
  clua_get_field(L, -3, "string");
  clua_set_field(L, -2, "__index");
  lua_pushboolean(L, false);
  clua_set_field(L, -2, "__metatable");
  lua_pop(L, 2);
}

void clua_open_library(lua_State *L) {
  lua_newtable(L);
  lua_pushcfunction(L, luaopen_base);
  lua_call(L, 0, 1);
  allow(L, base);
  set(L, "collectgarbage", own_collectgarbage);
  set(L, "print", own_print);
  set(L, "warn", own_warn);
  allow_library(L, "string", luaopen_string, string);
  allow_library(L, "table", luaopen_table, table);
  allow_library(L, "math", luaopen_math, math);
  allow_library(L, "utf8", luaopen_utf8, utf8);
  allow_library(L, "os", luaopen_os, os);
  allow_library(L, "coroutine", luaopen_coroutine, coroutine);
  lua_newtable(L);
  set(L, "traceback", own_traceback);
  clua_set_field(L, -2, "debug");
  clua_open_patterns(L);
  clua_open_coroutines(L);
  close_string_metatable(L);
  lua_pushvalue(L, -1);
  clua_set_field(L, -2, "_G");
  lua_rawseti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
}

static int seed_protected(lua_State *L) {
  clua_push_globals(L);
  clua_get_field(L, -1, "math");
  clua_get_field(L, -1, "randomseed");
  lua_call(L, 0, 0);
  return 0;
}

void clua_seed(lua_State *L, int64_t seed) {
  sandbox(L)->seed = seed;
  lua_pushcfunction(L, seed_protected);
  if (lua_pcall(L, 0, 0, 0) != LUA_OK) lua_pop(L, 1);
}
