// The only file that asks which CPU this is. The table is read top-down, also among sets of one name, whose bits are the same; portable is last
// and always runs.
#include "CKernels.h"
#include <stdlib.h>
#include <string.h>

extern const struct kernels kernels_portable;
#if defined(__x86_64__)
extern const struct kernels kernels_avx2, kernels_avx512, kernels_avx512bf16;
static int has_avx512(void) {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512dq");
}
static int has_avx512bf16(void) { return has_avx512() && __builtin_cpu_supports("avx512bf16"); }
static int has_avx2(void) { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c"); }
#endif
static int always(void) { return 1; }

static const struct { const struct kernels *kernels; int (*runs)(void); } table[] = {
#if defined(__x86_64__)
  {&kernels_avx512bf16, has_avx512bf16},
  {&kernels_avx512, has_avx512},
  {&kernels_avx2, has_avx2},
#endif
  {&kernels_portable, always},
};
enum { rows = sizeof table / sizeof table[0] };

bool bf16_vectors_are_slow(void) {
#if defined(__x86_64__)
  return __builtin_cpu_is("intel");
#else
  return false;
#endif
}

const struct kernels *kernels_named(const char *name) {
  for (int i = 0; i < rows; i++)
    if (strcmp(table[i].kernels->isa, name) == 0 && table[i].runs()) return table[i].kernels;
  return NULL;
}

const struct kernels *kernels_numbered(size_t index) {
  for (int i = 0; i < rows; i++)
    if (table[i].runs() && index-- == 0) return table[i].kernels;
  return NULL;
}

const char *kernels_complaint(void) {
  const char *wanted = getenv("FLUX_ISA");
  if (!wanted || kernels_named(wanted)) return NULL;
  for (int i = 0; i < rows; i++)
    if (strcmp(table[i].kernels->isa, wanted) == 0) return "FLUX_ISA names an instruction set that this processor does not have";
  return "FLUX_ISA must be avx512, avx2 or portable";
}

const struct kernels *kernels_in_use(void) {
  static const struct kernels *chosen;   // every thread that races here writes the same pointer
  const struct kernels *found = __atomic_load_n(&chosen, __ATOMIC_ACQUIRE);
  if (found) return found;
  const char *wanted = getenv("FLUX_ISA");
  found = wanted ? kernels_named(wanted) : NULL;
  for (int i = 0; !found; i++)
    if (table[i].runs()) found = table[i].kernels;
  __atomic_store_n(&chosen, found, __ATOMIC_RELEASE);
  return found;
}
