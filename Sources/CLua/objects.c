// Swift objects as userdata: a box with one retain, a metatable whose fields are found in C and answered in Swift.
#include "sandbox.h"

struct box { void *object; };

static struct box *box_at(lua_State *L, int index, int32_t *type) {
  *type = -1;
  if (lua_type(L, index) != LUA_TUSERDATA || !lua_getmetatable(L, index)) return NULL;
  if (lua_rawgetp(L, -1, &clua_kind_key) == LUA_TNUMBER) *type = (int32_t)lua_tointeger(L, -1);
  lua_pop(L, 2);
  return *type < 0 ? NULL : lua_touserdata(L, index);
}

static void release(lua_State *L, struct box *box) {
  void *object = box->object;
  if (!object) return;
  box->object = NULL;                        // first: Swift may look at the box again while it lets go
  struct clua_sandbox *s = sandbox(L);
  bool outer = s->in_host;
  s->in_host = true;
  clua_host_release(s->host, object);
  s->in_host = outer;
}

static int on_collect(lua_State *L) {
  int32_t type;
  struct box *box = box_at(L, 1, &type);
  if (box) release(L, box);
  return 0;
}

static int on_equal(lua_State *L) {
  int32_t left, right;
  struct box *a = box_at(L, 1, &left), *b = box_at(L, 2, &right);
  lua_pushboolean(L, a && b && left == right && a->object && a->object == b->object);
  return 1;
}

/// Upvalues: methods, getters, the function for any other key.
static int on_index(lua_State *L) {
  if (lua_type(L, 2) == LUA_TSTRING) {
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL) return 1;
    lua_pop(L, 1);
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(2)) == LUA_TNUMBER) {
      int32_t getter = (int32_t)lua_tointeger(L, -1);
      lua_settop(L, 1);
      return clua_enter(L, getter);
    }
    lua_pop(L, 1);
  }
  return clua_enter(L, (int32_t)lua_tointeger(L, lua_upvalueindex(3)));
}

/// Upvalues: setters, the function for any other key.
static int on_new_index(lua_State *L) {
  if (lua_type(L, 2) == LUA_TSTRING) {
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(1)) == LUA_TNUMBER) {
      int32_t setter = (int32_t)lua_tointeger(L, -1);
      lua_pop(L, 1);
      lua_remove(L, 2);
      return clua_enter(L, setter);
    }
    lua_pop(L, 1);
  }
  return clua_enter(L, (int32_t)lua_tointeger(L, lua_upvalueindex(2)));
}

static void set_function(lua_State *L, const char *name, lua_CFunction function) {
  lua_pushstring(L, name);
  lua_pushcfunction(L, function);
  lua_rawset(L, -3);
}

void clua_new_type(lua_State *L, int32_t type, const char *name) {
  lua_newtable(L);
  lua_pushinteger(L, type);
  lua_rawsetp(L, -2, &clua_kind_key);
  lua_pushstring(L, name);
  clua_set_field(L, -2, "__name");
  lua_pushstring(L, name);
  clua_set_field(L, -2, "__metatable");
  set_function(L, "__gc", on_collect);
  set_function(L, "__close", on_collect);
  set_function(L, "__eq", on_equal);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &clua_types_key);
  lua_pushvalue(L, -2);
  lua_rawseti(L, -2, type);
  lua_pop(L, 1);
}

void clua_finish_type(lua_State *L, int32_t get_other, int32_t set_other) {
  lua_pushinteger(L, set_other);
  lua_pushcclosure(L, on_new_index, 2);      // setters
  clua_set_field(L, -4, "__newindex");
  lua_pushinteger(L, get_other);
  lua_pushcclosure(L, on_index, 3);          // methods, getters
  clua_set_field(L, -2, "__index");
  lua_pop(L, 1);
}

/// What objects weigh outside of Lua drives its collector too. `outside_of_a_cycle` of it weighs as much as all of Lua's own
/// memory, so that garbage stays below it and a recipe that makes many small tensors does not pay for a collection each.
/// The objects themselves are counted as they are: while they are few they lie in the caches when they are let go.
static const double outside_of_a_cycle = 4 << 20, own = 256;

static void count_outside(lua_State *L, size_t bytes) {
  struct clua_sandbox *s = sandbox(L);
  s->owed += own + (double)bytes / outside_of_a_cycle * (double)s->used;
  if (s->owed < 1024) return;
  int kibibytes = (int)(s->owed < 0x1p30 ? s->owed / 1024 : 1 << 20);
  s->owed = 0;
  lua_gc(L, LUA_GCSTEP, kibibytes);
}

void clua_push_object(lua_State *L, void *object, int32_t type, size_t bytes) {
  struct box *box = lua_newuserdatauv(L, sizeof *box, 1);
  box->object = object;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &clua_types_key);
  lua_rawgeti(L, -1, type);
  lua_setmetatable(L, -3);
  lua_pop(L, 1);
  count_outside(L, bytes);
}

int32_t clua_object_type(lua_State *L, int32_t index) {
  int32_t type;
  box_at(L, index, &type);
  return type;
}

void *clua_object(lua_State *L, int32_t index) {
  int32_t type;
  struct box *box = box_at(L, index, &type);
  return box ? box->object : NULL;
}

void clua_close_object(lua_State *L, int32_t index) {
  int32_t type;
  struct box *box = box_at(L, index, &type);
  if (box) release(L, box);
}

void clua_collect(lua_State *L) { lua_gc(L, LUA_GCCOLLECT); }

int32_t clua_anchor(lua_State *L, int32_t index) {
  int32_t number = ++sandbox(L)->anchors;
  index = lua_absindex(L, index);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &clua_anchors_key);
  lua_pushvalue(L, -2);
  lua_rawseti(L, -2, number);
  lua_pop(L, 1);
  if (lua_getiuservalue(L, index, 1) != LUA_TTABLE) {
    lua_pop(L, 1);
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, index, 1);
  }
  lua_insert(L, -2);
  lua_rawseti(L, -2, number);
  lua_pop(L, 1);
  return number;
}

void clua_push_anchored(lua_State *L, int32_t anchored) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &clua_anchors_key);
  lua_rawgeti(L, -1, anchored);
  lua_remove(L, -2);
}
