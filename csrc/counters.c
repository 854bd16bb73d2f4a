/* counters.c - live-object counts and the monotonic clock. The counts are the one process-wide state of the
 * core: leak tests compare them with zero. */
#include "internal.h"

#include <time.h>

static _Atomic long live[LIVE_KINDS];

void live_add(enum live kind, long n)
{
  atomic_fetch_add_explicit(&live[kind], n, memory_order_relaxed);
}

static long count(enum live kind)
{
  return atomic_load_explicit(&live[kind], memory_order_relaxed);
}

void pnet_live(struct pnet_counts *out)
{
  out->engines = count(LIVE_ENGINES);
  out->queues = count(LIVE_QUEUES);
  out->transfers = count(LIVE_TRANSFERS);
  out->easy_handles = count(LIVE_HANDLES);
  out->shards = count(LIVE_SHARDS);
  out->bodies = count(LIVE_BODIES);
  out->files = count(LIVE_FILES);
  out->decoders = count(LIVE_DECODERS);
  out->origins = count(LIVE_ORIGINS);
  out->sockets = count(LIVE_SOCKETS);
}

int64_t clock_us(void)
{
  struct timespec ts;
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}
