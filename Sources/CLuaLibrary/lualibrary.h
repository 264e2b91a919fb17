#pragma once
#if __has_include(<lua.h>)
#include <lua.h>
#include <lauxlib.h>
#include <lualib.h>
#else
#error "Lua 5.4 is missing: apt-get install liblua5.4-dev (Scripts/setup does it)"
#endif
