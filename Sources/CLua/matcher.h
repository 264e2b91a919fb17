// One match of a Lua pattern: what `matcher.c` works on and `patterns.c` reads.
#pragma once
#include <stddef.h>
#include <lua.h>

enum { MOST_CAPTURES = 32 };
enum { IS_OPEN = -1, IS_POSITION = -2 };

struct matcher {
  lua_State *L;
  const char *subject, *subject_end, *pattern_end;
  int depth, captures;
  unsigned ticks;
  struct { const char *start; ptrdiff_t length; } capture[MOST_CAPTURES];
};

/// Where the match of the pattern from `p` at `s` ends, or NULL. Errors of the pattern are raised.
const char *clua_match(struct matcher *m, const char *s, const char *p);
