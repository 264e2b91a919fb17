// Protected calls and coroutines for recipes: Lua's own, except that nothing here lets Lua code go on once it must stop.
#include "sandbox.h"

static int stop_or(lua_State *L, int results) { return clua_stopping(sandbox(L)) ? clua_stop(L) : results; }

// ---- pcall, xpcall --------------------------------------------------------------------------------------------------

static int finish(lua_State *L, int status, lua_KContext extra) {
  if (clua_stopping(sandbox(L))) return clua_stop(L);
  if (status == LUA_OK || status == LUA_YIELD) return lua_gettop(L) - (int)extra;
  sandbox(L)->caught++;
  if (status == LUA_ERRMEM) clua_name_memory_limit(L);
  lua_pushboolean(L, false);
  lua_insert(L, -2);
  return 2;
}

static int own_pcall(lua_State *L) {
  if (lua_gettop(L) == 0) return clua_wrong(L, 1, "pcall", "function");
  lua_pushboolean(L, true);
  lua_insert(L, 1);
  return finish(L, lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, 0, finish), 0);
}

/// The recipe's handler stands in upvalue 1. Lua runs handlers where the hook may not look, so a stopped one is not run.
static int on_error(lua_State *L) {
  if (clua_stopping(sandbox(L))) return 1;
  lua_settop(L, 1);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, 1, 1);
  return 1;
}

static int own_xpcall(lua_State *L) {
  int count = lua_gettop(L);
  if (lua_type(L, 2) != LUA_TFUNCTION) return clua_wrong(L, 2, "xpcall", "function");
  lua_pushvalue(L, 2);
  lua_pushcclosure(L, on_error, 1);
  lua_replace(L, 2);
  lua_pushboolean(L, true);
  lua_pushvalue(L, 1);
  lua_rotate(L, 3, 2);
  return finish(L, lua_pcallk(L, count - 2, LUA_MULTRET, 2, 2, finish), 2);
}

// ---- Coroutines -----------------------------------------------------------------------------------------------------

/// The number of results, or -1 with the error value at the top.
static int transfer(lua_State *L, lua_State *coroutine, int arguments) {
  if (!lua_checkstack(coroutine, arguments)) {
    lua_pushliteral(L, "too many arguments to resume");
    return -1;
  }
  lua_xmove(L, coroutine, arguments);
  int results;
  int status = lua_resume(coroutine, L, arguments, &results);
  if (clua_stopping(sandbox(L))) return clua_stop(L);
  if (status != LUA_OK && status != LUA_YIELD) {
    sandbox(L)->caught++;
    if (status == LUA_ERRMEM) clua_name_memory_limit(coroutine);
    lua_xmove(coroutine, L, 1);
    return -1;
  }
  if (!lua_checkstack(L, results + 1)) {
    lua_pop(coroutine, results);
    lua_pushliteral(L, "too many results to resume");
    return -1;
  }
  lua_xmove(coroutine, L, results);
  return results;
}

static int own_resume(lua_State *L) {
  lua_State *coroutine = lua_tothread(L, 1);
  if (!coroutine) return clua_wrong(L, 1, "resume", "coroutine");
  int results = transfer(L, coroutine, lua_gettop(L) - 1);
  lua_pushboolean(L, results >= 0);
  lua_insert(L, -(results < 0 ? 2 : results + 1));
  return results < 0 ? 2 : results + 1;
}

static int wrapped(lua_State *L) {
  lua_State *coroutine = lua_tothread(L, lua_upvalueindex(1));
  int results = transfer(L, coroutine, lua_gettop(L));
  if (results >= 0) return results;
  int status = lua_status(coroutine);
  if (status != LUA_OK && status != LUA_YIELD) {
    clua_reset(coroutine);
    if (clua_stopping(sandbox(L))) return clua_stop(L);
    lua_xmove(coroutine, L, 1);
    if (status == LUA_ERRMEM) clua_name_memory_limit(L);
  }
  char position[CLUA_POSITION];
  if (status != LUA_ERRMEM && lua_type(L, -1) == LUA_TSTRING && clua_position(L, position, sizeof position)) {
    lua_pushfstring(L, "%s: %s", position, lua_tostring(L, -1));
  }
  return clua_raise(L);
}

static int own_wrap(lua_State *L) {
  if (lua_type(L, 1) != LUA_TFUNCTION) return clua_wrong(L, 1, "wrap", "function");
  lua_State *coroutine = lua_newthread(L);
  lua_pushvalue(L, 1);
  lua_xmove(L, coroutine, 1);
  lua_pushcclosure(L, wrapped, 1);
  return 1;
}

/// Whether the coroutine is inside a call, and so cannot be closed.
static bool is_active(lua_State *L, lua_State *coroutine) {
  lua_Debug frame;
  return coroutine == L || (lua_status(coroutine) == LUA_OK && lua_getstack(coroutine, 0, &frame));
}

static int own_close(lua_State *L) {
  lua_State *coroutine = lua_tothread(L, 1);
  if (!coroutine) return clua_wrong(L, 1, "close", "coroutine");
  if (is_active(L, coroutine)) return clua_fail(L, "coroutine.close: the coroutine is running");
  int status = clua_reset(coroutine);
  if (status == LUA_OK) {
    lua_pushboolean(L, true);
    return stop_or(L, 1);
  }
  lua_pushboolean(L, false);
  lua_xmove(coroutine, L, 1);
  if (status == LUA_ERRMEM) clua_name_memory_limit(L);
  return stop_or(L, 2);
}

/// Whether this is the coroutine in which the host runs a recipe or a callback: the recipe did not make it.
static bool is_of_the_host(lua_State *L) {
  struct clua_running *running = sandbox(L)->running;
  return running && running->coroutine == L;
}

static int own_yield(lua_State *L) {
  if (is_of_the_host(L)) return clua_fail(L, "coroutine.yield: called outside a coroutine");
  if (!lua_isyieldable(L)) return clua_fail(L, "coroutine.yield: not from inside a callback of a library function");
  return lua_yield(L, lua_gettop(L));
}

static int own_isyieldable(lua_State *L) {
  lua_pushboolean(L, lua_isyieldable(L) && !is_of_the_host(L));
  return 1;
}

/// Into the globals at the top of the stack.
void clua_open_coroutines(lua_State *L) {
  static const luaL_Reg calls[] = {{"pcall", own_pcall}, {"xpcall", own_xpcall}, {0, 0}};
  static const luaL_Reg coroutines[] = {{"resume", own_resume}, {"wrap", own_wrap}, {"close", own_close},
                                        {"yield", own_yield}, {"isyieldable", own_isyieldable}, {0, 0}};
  luaL_setfuncs(L, calls, 0);
  clua_get_field(L, -1, "coroutine");
  luaL_setfuncs(L, coroutines, 0);
  lua_pop(L, 1);
}
