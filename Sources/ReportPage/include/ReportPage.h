// The parts of a sweep's report that never change: its skeleton, its looks and its behaviour.
#pragma once
#include <stddef.h>

#pragma clang assume_nonnull begin

struct page_part { const unsigned char *bytes; size_t count; };

struct page_part page_skeleton(void);
struct page_part page_style(void);
struct page_part page_script(void);

#pragma clang assume_nonnull end
