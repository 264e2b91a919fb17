// The miniature FLUX.1 that the program carries: one tar archive of a diffusers folder, in the program's read-only data.
#pragma once
#include <stddef.h>

extern const unsigned char embedded_model[];
extern const size_t embedded_model_size;

/// Where the archive begins.
static inline const void *_Nonnull embedded_model_start(void) { return embedded_model; }
