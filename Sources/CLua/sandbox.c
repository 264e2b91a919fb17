// The walls: the count hook that asks whether to stop, the allocator with its limit, and the state inside them.
#include <stdio.h>
#include <stdlib.h>
#include "sandbox.h"

const char clua_memory_key, clua_types_key, clua_anchors_key, clua_kind_key;

// The cost of the hook does not depend on the count; a small one ends loops over slow C functions sooner.
enum { HOOK_COUNT = 100 };

// ---- Stopping -------------------------------------------------------------------------------------------------------

bool clua_stopping(struct clua_sandbox *s) { return clua_host_stopping(s->host); }

int clua_stop(lua_State *L) {
  struct clua_sandbox *s = sandbox(L);
  if (!*s->stopped_at) clua_position(L, s->stopped_at, sizeof s->stopped_at);
  // A yield cannot be caught. Where Lua cannot yield (a comparator, a __close handler) an error does, which the guarded
  // pcall, xpcall and resume pass on.
  if (!s->closing && lua_isyieldable(L)) return lua_yield(L, 0);
  lua_pushlightuserdata(L, s);
  return clua_raise(L);
}

bool clua_stopped_position(lua_State *L, char *buffer, size_t size) {
  struct clua_sandbox *s = sandbox(L);
  snprintf(buffer, size, "%s", s->stopped_at);
  return *s->stopped_at != 0;
}

void clua_forget_stop(lua_State *L) { *sandbox(L)->stopped_at = 0; }

void clua_keep_frames(lua_State *L, bool all) { sandbox(L)->keeps_frames = all; }

static void on_count(lua_State *L, lua_Debug *frame) {
  (void)frame;
  if (clua_stopping(sandbox(L))) clua_stop(L);
}

// ---- Memory ---------------------------------------------------------------------------------------------------------

static void *allocate(void *context, void *block, size_t old, size_t size) {
  struct clua_sandbox *s = context;
  if (!block) old = 0;                       // then `old` says the kind of object
  if (size == 0) {
    free(block);
    s->used -= old;
    return NULL;
  }
  if (size > old && !s->in_host && s->used - old + size > s->limit) return NULL;
  void *moved = realloc(block, size);
  if (!moved && s->in_host) {
    fputs("fluxlua: the system is out of memory\n", stderr);
    abort();                                 // an error here would jump over Swift frames
  }
  if (moved) s->used += size - old;
  return moved;
}

size_t clua_memory_used(lua_State *L) { return sandbox(L)->used; }

int64_t clua_caught(lua_State *L) { return sandbox(L)->caught; }

void clua_name_memory_limit(lua_State *L) {
  lua_pop(L, 1);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &clua_memory_key);
}

// ---- State ----------------------------------------------------------------------------------------------------------

static int open_protected(lua_State *L) {
  lua_rawsetp(L, LUA_REGISTRYINDEX, &clua_memory_key);
  lua_newtable(L);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &clua_types_key);
  lua_newtable(L);                           // number → value, without keeping it alive
  lua_createtable(L, 0, 1);
  lua_pushliteral(L, "v");
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &clua_anchors_key);
  clua_open_library(L);
  return 0;
}

lua_State *clua_open(size_t limit, const char *memory_message) {
  struct clua_sandbox *s = calloc(1, sizeof *s);
  if (!s) return NULL;
  s->limit = limit;
  s->in_host = true;
  lua_State *L = lua_newstate(allocate, s);
  if (!L) {
    free(s);
    return NULL;
  }
  *(struct clua_sandbox **)lua_getextraspace(L) = s;
  lua_pushcfunction(L, open_protected);
  lua_pushstring(L, memory_message);
  if (lua_pcall(L, 1, 0, 0) != LUA_OK) {
    clua_close(L);
    return NULL;
  }
  lua_sethook(L, on_count, LUA_MASKCOUNT, HOOK_COUNT);   // coroutines inherit it
  return L;
}

void clua_set_host(lua_State *L, void *host) { sandbox(L)->host = host; }

void clua_close(lua_State *L) {
  struct clua_sandbox *s = sandbox(L);
  lua_close(L);
  free(s);
}
