// The border between Swift and Lua: everything Swift may ask of a Lua state, and nothing that can jump over a Swift frame.
// `lua_State` stays opaque here, so that Swift cannot name `lua_error` and its kin; this header must never include lua.h.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

typedef struct lua_State lua_State;

// Types of Lua values, with Lua's own numbers.
#define CLUA_NONE (-1)
#define CLUA_NIL 0
#define CLUA_BOOLEAN 1
#define CLUA_POINTER 2
#define CLUA_NUMBER 3
#define CLUA_STRING 4
#define CLUA_TABLE 5
#define CLUA_FUNCTION 6
#define CLUA_USERDATA 7
#define CLUA_THREAD 8

// What a call into Lua came to.
#define CLUA_DONE 0      // the results are on the stack
#define CLUA_FAILED 1    // the error value, then the stack frames as text, are on the stack
#define CLUA_MEMORY 2    // the same; the error is that Lua's memory limit was reached
#define CLUA_STOPPED 3   // it was asked to stop; nothing is on the stack

// A Swift function answers with its number of results, or with this after pushing the error value.
#define CLUA_RAISE (-1)

#define CLUA_PRINT 0
#define CLUA_WARN 1

// ---- Implemented in Swift -------------------------------------------------------------------------------------------

int32_t clua_host_call(void *host, lua_State *L, int32_t function);
void clua_host_release(void *host, void *object);
/// Whether Lua code must end now; once true, true until no Lua code runs.
bool clua_host_stopping(void *host);
void clua_host_write(void *host, int32_t stream, const char *bytes, size_t count);

// ---- State ----------------------------------------------------------------------------------------------------------

/// A sandboxed state with the allowed globals. `memory_message` is the error once `memory_limit` bytes are in use.
/// NULL when there is no memory for it.
lua_State *_Nullable clua_open(size_t memory_limit, const char *memory_message);
/// Who answers the functions above; before any Lua code runs.
void clua_set_host(lua_State *L, void *host);
void clua_close(lua_State *L);
size_t clua_memory_used(lua_State *L);
/// Deterministic seed of math.random.
void clua_seed(lua_State *L, int64_t seed);
/// `recipe.lua:7` for the Lua code that runs, or was stopped; false when no Lua code is found.
bool clua_position(lua_State *L, char *buffer, size_t size);
bool clua_stopped_position(lua_State *L, char *buffer, size_t size);
/// Forgets where it was stopped, once Lua code may run again.
void clua_forget_stop(lua_State *L);
/// Whether errors tell hundreds of frames, instead of the first and last few.
void clua_keep_frames(lua_State *L, bool all);
/// Whether the innermost Lua code is the main chunk of a file.
bool clua_in_main_chunk(lua_State *L);
/// Counts the errors that Lua code has caught: what was known of an error before the count moved is out of date.
int64_t clua_caught(lua_State *L);

// ---- Calls ----------------------------------------------------------------------------------------------------------

/// Compiles text (never bytecode). CLUA_DONE leaves the function; else the message is on the stack.
int32_t clua_load(lua_State *L, const char *text, size_t count, const char *chunk_name);
/// Hands the bytecode of the Lua function at the top to `take`, piece by piece, with its debug information.
void clua_dump(lua_State *L, void (*take)(void *_Nullable context, const void *_Nullable bytes, size_t count), void *_Nullable context);
/// Calls the function below `arguments` values, in a coroutine of its own, so that it can always be stopped.
/// `results` < 0 keeps them all; `*kept` is how many there are.
int32_t clua_call(lua_State *L, int32_t arguments, int32_t results, int32_t *kept);

// ---- Stack: none of these raises or calls metamethods ---------------------------------------------------------------

bool clua_reserve(lua_State *L, int32_t slots);
int32_t clua_top(lua_State *L);
void clua_set_top(lua_State *L, int32_t top);
void clua_remove(lua_State *L, int32_t index);
int32_t clua_type(lua_State *L, int32_t index);
bool clua_is_integer(lua_State *L, int32_t index);
bool clua_to_boolean(lua_State *L, int32_t index);
int64_t clua_to_integer(lua_State *L, int32_t index, bool *exact);
double clua_to_number(lua_State *L, int32_t index);
/// NULL unless the value is a string: numbers are not converted.
const char *_Nullable clua_to_string(lua_State *L, int32_t index, size_t *count);
size_t clua_length(lua_State *L, int32_t index);
bool clua_has_metatable(lua_State *L, int32_t index);

void clua_push_nil(lua_State *L);
void clua_push_boolean(lua_State *L, bool value);
void clua_push_integer(lua_State *L, int64_t value);
void clua_push_number(lua_State *L, double value);
void clua_push_string(lua_State *L, const char *_Nullable bytes, size_t count);
void clua_push_copy(lua_State *L, int32_t index);
void clua_push_globals(lua_State *L);
/// The Swift function with this number.
void clua_push_function(lua_State *L, int32_t function);

void clua_new_table(lua_State *L, int32_t entries, int32_t fields);
/// nil where there is no table.
void clua_get_field(lua_State *L, int32_t table, const char *name);
void clua_get_entry(lua_State *L, int32_t table, int64_t entry);
/// Both pop the value.
void clua_set_field(lua_State *L, int32_t table, const char *name);
void clua_set_entry(lua_State *L, int32_t table, int64_t entry);
/// Pops the value and, below it, the key.
void clua_set_pair(lua_State *L, int32_t table);
/// Pops the key and pushes the next pair, or nothing at the end. The table must not change meanwhile.
bool clua_next(lua_State *L, int32_t table);
/// Pops a table and makes it the metatable.
void clua_set_metatable(lua_State *L, int32_t index);

/// Pops a value and keeps it alive under a number.
int32_t clua_reference(lua_State *L);
void clua_push_reference(lua_State *L, int32_t reference);
void clua_unreference(lua_State *L, int32_t reference);

// ---- Swift objects in Lua -------------------------------------------------------------------------------------------

/// Pushes the metatable of a fresh type of objects; fill it, then `clua_finish_type`.
void clua_new_type(lua_State *L, int32_t type, const char *name);
/// Pops methods (name → function), getters and setters (name → function number) and the metatable below them.
void clua_finish_type(lua_State *L, int32_t get_other, int32_t set_other);
/// Pushes a userdata that owns one retain of `object`, and tells Lua's collector what it weighs.
void clua_push_object(lua_State *L, void *object, int32_t type, size_t bytes);
/// The type's number, or -1 when the value is no object of ours.
int32_t clua_object_type(lua_State *L, int32_t index);
/// NULL once closed.
void *_Nullable clua_object(lua_State *L, int32_t index);
/// Gives the object up before the collector does.
void clua_close_object(lua_State *L, int32_t index);
/// Lets go of everything that nobody holds.
void clua_collect(lua_State *L);
/// Keeps the value at the top alive as long as the userdata at `index` (and no longer, cycles included); pops it.
/// The number is for `clua_push_anchored`.
int32_t clua_anchor(lua_State *L, int32_t index);
void clua_push_anchored(lua_State *L, int32_t anchored);

#pragma clang assume_nonnull end
