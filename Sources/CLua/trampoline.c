// The border itself: Lua calls Swift through `clua_trampoline`, Swift calls Lua through `clua_call`.
// Swift never raises. It answers, its frame ends, and only then does C raise, here.
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "sandbox.h"

int clua_raise(lua_State *L) { return lua_error(L); }

int clua_fail(lua_State *L, const char *format, ...) {
  char message[512], position[CLUA_POSITION];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  if (clua_position(L, position, sizeof position)) lua_pushfstring(L, "%s: %s", position, message);
  else lua_pushstring(L, message);
  return clua_raise(L);
}

int clua_wrong(lua_State *L, int argument, const char *function, const char *expected) {
  const char *got = luaL_getmetafield(L, argument, "__name") == LUA_TSTRING ? lua_tostring(L, -1)
                  : lua_isnone(L, argument) ? "no value" : luaL_typename(L, argument);
  return clua_fail(L, "bad argument #%d to '%s' (%s expected, got %s)", argument, function, expected, got);
}

static int out_of_memory(lua_State *L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &clua_memory_key);
  return clua_raise(L);
}

int clua_enter(lua_State *L, int32_t function) {
  struct clua_sandbox *s = sandbox(L);
  if (!lua_checkstack(L, LUA_MINSTACK)) return clua_fail(L, "stack overflow");
  s->in_host = true;
  int32_t results = clua_host_call(s->host, L, function);
  s->in_host = false;
  if (clua_stopping(s)) return clua_stop(L);
  if (results < 0) return clua_raise(L);
  if (s->used > s->limit) {
    lua_gc(L, LUA_GCCOLLECT);
    if (s->used > s->limit) return out_of_memory(L);
  }
  return results;
}

int clua_trampoline(lua_State *L) { return clua_enter(L, (int32_t)lua_tointeger(L, lua_upvalueindex(1))); }

void clua_push_function(lua_State *L, int32_t function) {
  lua_pushinteger(L, function);
  lua_pushcclosure(L, clua_trampoline, 1);
}

int32_t clua_load(lua_State *L, const char *text, size_t count, const char *chunk_name) {
  struct clua_sandbox *s = sandbox(L);
  s->in_host = false;                       // the parser is protected, so the limit may bite
  int status = luaL_loadbufferx(L, text, count, chunk_name, "t");
  s->in_host = true;
  if (status == LUA_ERRMEM) clua_name_memory_limit(L);
  return status == LUA_OK ? CLUA_DONE : status == LUA_ERRMEM ? CLUA_MEMORY : CLUA_FAILED;
}

struct taker {
  void (*take)(void *context, const void *bytes, size_t count);
  void *context;
};

static int hand_over(lua_State *L, const void *bytes, size_t count, void *data) {
  (void)L;
  struct taker *taker = data;
  taker->take(taker->context, bytes, count);
  return 0;
}

void clua_dump(lua_State *L, void (*take)(void *context, const void *bytes, size_t count), void *context) {
  struct taker taker = {take, context};
  lua_dump(L, hand_over, &taker, 0);
}

static lua_State *take_coroutine(lua_State *L, struct clua_sandbox *s) {
  if (s->pooled > 0) return s->pool[--s->pooled];
  lua_State *coroutine = lua_newthread(L);
  lua_rawsetp(L, LUA_REGISTRYINDEX, coroutine);
  return coroutine;
}

static void give_back(lua_State *L, struct clua_sandbox *s, lua_State *coroutine, bool sound) {
  if (sound && s->pooled < CLUA_POOL) {
    lua_settop(coroutine, 0);
    s->pool[s->pooled++] = coroutine;
    return;
  }
  lua_pushnil(L);
  lua_rawsetp(L, LUA_REGISTRYINDEX, coroutine);
}

int clua_reset(lua_State *coroutine) {
  struct clua_sandbox *s = sandbox(coroutine);
  bool outer = s->closing;
  s->closing = true;
#if LUA_VERSION_RELEASE_NUM >= 50406
  int status = lua_closethread(coroutine, NULL);
#else
  int status = lua_resetthread(coroutine);
#endif
  s->closing = outer;
  return status;
}

static int32_t finish_failed(lua_State *L, struct clua_sandbox *s, lua_State *coroutine, int status) {
  if (status == LUA_ERRMEM) clua_name_memory_limit(coroutine);
  lua_xmove(coroutine, L, 1);
  clua_push_frames(L, coroutine, 0);
  s->in_host = false;
  clua_reset(coroutine);
  s->in_host = true;
  give_back(L, s, coroutine, false);
  if (!clua_stopping(s)) return status == LUA_ERRMEM ? CLUA_MEMORY : CLUA_FAILED;
  lua_pop(L, 2);
  return CLUA_STOPPED;
}

int32_t clua_call(lua_State *L, int32_t arguments, int32_t results, int32_t *kept) {
  struct clua_sandbox *s = sandbox(L);
  lua_State *coroutine = take_coroutine(L, s);
  lua_checkstack(coroutine, arguments + LUA_MINSTACK);
  lua_xmove(L, coroutine, arguments + 1);

  struct clua_running running = { coroutine, L, s->running };
  s->running = &running;
  bool closing = s->closing;
  s->closing = false;
  s->in_host = false;
  int count = 0;
  int status = lua_resume(coroutine, L, arguments, &count);
  s->in_host = true;
  s->closing = closing;
  s->running = running.outer;

  *kept = 0;
  if (status == LUA_YIELD) {                // only the hook and clua_stop yield out of here
    give_back(L, s, coroutine, false);
    return CLUA_STOPPED;
  }
  if (status != LUA_OK) return finish_failed(L, s, coroutine, status);
  if (results >= 0) lua_settop(coroutine, count = results);
  if (!lua_checkstack(L, count + 4)) {
    give_back(L, s, coroutine, true);
    lua_pushliteral(L, "too many results");
    lua_pushliteral(L, "");
    return CLUA_FAILED;
  }
  lua_xmove(coroutine, L, count);
  give_back(L, s, coroutine, true);
  *kept = count;
  return CLUA_DONE;
}

// ---- Where Lua is ---------------------------------------------------------------------------------------------------

static bool position_in(lua_State *L, char *buffer, size_t size) {
  lua_Debug frame;
  for (int level = 0; lua_getstack(L, level, &frame); level++)
    if (lua_getinfo(L, "Sl", &frame) && frame.currentline > 0) {
      snprintf(buffer, size, "%s:%d", frame.short_src, frame.currentline);
      return true;
    }
  return false;
}

bool clua_position(lua_State *L, char *buffer, size_t size) {
  if (position_in(L, buffer, size)) return true;
  // A callback that is a host function has no line of its own: its caller's does.
  for (struct clua_running *call = sandbox(L)->running; call; call = call->outer)
    if (call->coroutine == L) return clua_position(call->from, buffer, size);
  return false;
}

bool clua_in_main_chunk(lua_State *L) {
  lua_Debug frame;
  for (int level = 0; lua_getstack(L, level, &frame); level++)
    if (lua_getinfo(L, "S", &frame) && *frame.what != 'C') return strcmp(frame.what, "main") == 0;
  return false;
}

static void add_frame(luaL_Buffer *text, const lua_Debug *frame) {
  char line[2 * LUA_IDSIZE + 160];
  int n = snprintf(line, sizeof line, "%s:%d: in ", frame->short_src, frame->currentline);
  size_t room = sizeof line - (size_t)n;
  if (strcmp(frame->what, "main") == 0) snprintf(line + n, room, "the main chunk\n");
  else if (frame->name && *frame->namewhat) snprintf(line + n, room, "%s '%.80s'\n", frame->namewhat, frame->name);
  else snprintf(line + n, room, "function <%s:%d>\n", frame->short_src, frame->linedefined);
  luaL_addstring(text, line);
}

/// lua_getstack walks from the top each time: a deep stack is measured by bisection.
static int depth_of(lua_State *L) {
  lua_Debug frame;
  int low = 0, high = 1;
  while (lua_getstack(L, high, &frame)) low = high, high *= 2;
  while (high - low > 1) {
    int middle = low + (high - low) / 2;
    if (lua_getstack(L, middle, &frame)) low = middle;
    else high = middle;
  }
  return high;
}

void clua_push_frames(lua_State *L, lua_State *coroutine, int level) {
  bool all = sandbox(L)->keeps_frames;
  int first = all ? 200 : 10, last = all ? 100 : 5;
  lua_Debug frame;
  int total = depth_of(coroutine) - level;
  luaL_Buffer text;
  luaL_buffinit(L, &text);
  for (int i = level; lua_getstack(coroutine, i, &frame); i++) {
    if (i - level == first && total > first + last) {
      luaL_addstring(&text, "...\n");
      i = level + total - last;
      lua_getstack(coroutine, i, &frame);
    }
    lua_getinfo(coroutine, "Sln", &frame);
    if (frame.currentline <= 0) continue;
    add_frame(&text, &frame);
  }
  luaL_pushresult(&text);
}
