// The one team: libgomp's, which oneDNN runs on too. A second pool of threads beside it costs milliseconds a product.
#include "CKernels.h"
#include <stdatomic.h>

// The toolchain has no omp.h; these are libgomp's stable entry points.
extern void GOMP_parallel(void (*body)(void *), void *data, unsigned threads, unsigned flags);
extern int omp_get_thread_num(void);
extern int omp_in_parallel(void);
extern void omp_set_num_threads(int);
extern int omp_get_max_threads(void);

struct work {
  atomic_size_t next;
  size_t count;
  void *context;
  void (*body)(void *, size_t, int);
};

static void take(void *data) {
  struct work *work = data;
  int thread = omp_get_thread_num();
  for (size_t i; (i = atomic_fetch_add_explicit(&work->next, 1, memory_order_relaxed)) < work->count;)
    work->body(work->context, i, thread);
}

void team_run(size_t count, int threads, void *context, void (*body)(void *, size_t, int)) {
  if (count <= 1 || threads <= 1 || omp_in_parallel()) {
    // As inside a team, a product called from here must find one thread, or its bytes would depend on how many there are.
    int before = omp_get_max_threads();
    omp_set_num_threads(1);
    for (size_t i = 0; i < count; i++) body(context, i, 0);
    omp_set_num_threads(before);
    return;
  }
  struct work work = {0, count, context, body};
  unsigned team = (size_t)threads < count ? (unsigned)threads : (unsigned)count;
  GOMP_parallel(take, &work, team, 0);
}

void team_set_threads(int threads) {
  if (omp_get_max_threads() != threads) omp_set_num_threads(threads);
}
