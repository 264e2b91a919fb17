// What the C files of the border share. Not visible to Swift.
#pragma once
#include <lua.h>
#include <lauxlib.h>
#include <lualib.h>
#include "CLua.h"

/// A call from Swift into Lua that is under way: the coroutine that runs it, and who asked.
struct clua_running {
  lua_State *coroutine, *from;
  struct clua_running *outer;
};

enum { CLUA_POOL = 16, CLUA_POSITION = 160 };

struct clua_sandbox {
  void *host;
  size_t used, limit;
  double owed;                // bytes that the collector has not been told of: see count_outside
  bool in_host;               // Swift is innermost: an allocation must not fail, for Lua would jump over its frames
  bool keeps_frames;          // errors tell hundreds of them
  bool closing;               // a dead coroutine runs its __close handlers: the hook may not yield there
  int64_t caught;
  int32_t anchors;
  struct clua_running *running;
  lua_State *pool[CLUA_POOL];
  int pooled;
  int64_t seed;
  char stopped_at[CLUA_POSITION];
};

static inline struct clua_sandbox *sandbox(lua_State *L) { return *(struct clua_sandbox **)lua_getextraspace(L); }

/// Keys of the registry.
extern const char clua_memory_key, clua_types_key, clua_anchors_key, clua_kind_key;

/// Raises the value at the top of the stack: the one place of the program that does.
int clua_raise(lua_State *L);
/// Raises a message with the position of the Lua code that runs.
int clua_fail(lua_State *L, const char *format, ...) __attribute__((format(printf, 2, 3)));
/// Raises the error of an argument that has the wrong type.
int clua_wrong(lua_State *L, int argument, const char *function, const char *expected);

bool clua_stopping(struct clua_sandbox *s);
/// Leaves the running Lua code for good: by yield where that can be done, else by an error.
int clua_stop(lua_State *L);
/// Replaces Lua's own "not enough memory", which is at the top after LUA_ERRMEM.
void clua_name_memory_limit(lua_State *L);
/// Runs the Swift function with this number on the running frame.
int clua_enter(lua_State *L, int32_t function);
int clua_trampoline(lua_State *L);
/// Runs __close handlers of a dead or suspended coroutine, as lua_resetthread does.
int clua_reset(lua_State *coroutine);
/// Pushes the Lua frames of a coroutine as text, one a line, without those of the host.
void clua_push_frames(lua_State *L, lua_State *coroutine, int level);

void clua_open_library(lua_State *L);
void clua_open_patterns(lua_State *L);
void clua_open_coroutines(lua_State *L);
