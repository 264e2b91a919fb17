// Lua's stack for Swift: calls that never raise while Swift is innermost, and never run a metamethod.
#include "sandbox.h"

_Static_assert(CLUA_NONE == LUA_TNONE && CLUA_NIL == LUA_TNIL && CLUA_BOOLEAN == LUA_TBOOLEAN
               && CLUA_POINTER == LUA_TLIGHTUSERDATA && CLUA_NUMBER == LUA_TNUMBER && CLUA_STRING == LUA_TSTRING
               && CLUA_TABLE == LUA_TTABLE && CLUA_FUNCTION == LUA_TFUNCTION && CLUA_USERDATA == LUA_TUSERDATA
               && CLUA_THREAD == LUA_TTHREAD, "types have Lua's numbers");

bool clua_reserve(lua_State *L, int32_t slots) { return lua_checkstack(L, slots); }
int32_t clua_top(lua_State *L) { return lua_gettop(L); }
void clua_set_top(lua_State *L, int32_t top) { lua_settop(L, top); }
void clua_remove(lua_State *L, int32_t index) { lua_remove(L, index); }
int32_t clua_type(lua_State *L, int32_t index) { return lua_type(L, index); }
bool clua_is_integer(lua_State *L, int32_t index) { return lua_isinteger(L, index); }
bool clua_to_boolean(lua_State *L, int32_t index) { return lua_toboolean(L, index); }
double clua_to_number(lua_State *L, int32_t index) { return lua_tonumber(L, index); }
size_t clua_length(lua_State *L, int32_t index) { return lua_rawlen(L, index); }

int64_t clua_to_integer(lua_State *L, int32_t index, bool *exact) {
  int is = 0;
  lua_Integer value = lua_type(L, index) == LUA_TNUMBER ? lua_tointegerx(L, index, &is) : 0;
  *exact = is;
  return value;
}

const char *clua_to_string(lua_State *L, int32_t index, size_t *count) {
  if (lua_type(L, index) != LUA_TSTRING) return NULL;
  return lua_tolstring(L, index, count);
}

bool clua_has_metatable(lua_State *L, int32_t index) {
  if (!lua_getmetatable(L, index)) return false;
  lua_pop(L, 1);
  return true;
}

void clua_push_nil(lua_State *L) { lua_pushnil(L); }
void clua_push_boolean(lua_State *L, bool value) { lua_pushboolean(L, value); }
void clua_push_integer(lua_State *L, int64_t value) { lua_pushinteger(L, value); }
void clua_push_number(lua_State *L, double value) { lua_pushnumber(L, value); }
void clua_push_copy(lua_State *L, int32_t index) { lua_pushvalue(L, index); }
void clua_push_globals(lua_State *L) { lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS); }

void clua_push_string(lua_State *L, const char *bytes, size_t count) { lua_pushlstring(L, bytes ? bytes : "", count); }

void clua_new_table(lua_State *L, int32_t entries, int32_t fields) { lua_createtable(L, entries, fields); }

// Raw access to what is no table would read foreign memory: there it finds nothing.

void clua_get_field(lua_State *L, int32_t table, const char *name) {
  if (!lua_istable(L, table)) return lua_pushnil(L);
  table = lua_absindex(L, table);
  lua_pushstring(L, name);
  lua_rawget(L, table);
}

void clua_get_entry(lua_State *L, int32_t table, int64_t entry) {
  if (!lua_istable(L, table)) return lua_pushnil(L);
  lua_rawgeti(L, table, entry);
}

void clua_set_field(lua_State *L, int32_t table, const char *name) {
  table = lua_absindex(L, table);
  lua_pushstring(L, name);
  lua_insert(L, -2);
  lua_rawset(L, table);
}

void clua_set_entry(lua_State *L, int32_t table, int64_t entry) { lua_rawseti(L, table, entry); }
void clua_set_pair(lua_State *L, int32_t table) { lua_rawset(L, table); }
bool clua_next(lua_State *L, int32_t table) {
  if (lua_istable(L, table)) return lua_next(L, table);
  lua_pop(L, 1);
  return false;
}
void clua_set_metatable(lua_State *L, int32_t index) { lua_setmetatable(L, index); }

int32_t clua_reference(lua_State *L) { return luaL_ref(L, LUA_REGISTRYINDEX); }
void clua_push_reference(lua_State *L, int32_t reference) { lua_rawgeti(L, LUA_REGISTRYINDEX, reference); }
void clua_unreference(lua_State *L, int32_t reference) { luaL_unref(L, LUA_REGISTRYINDEX, reference); }
