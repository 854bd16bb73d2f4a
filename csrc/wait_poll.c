/* wait_poll.c - waiting as libcurl does it, for systems without epoll: one multi handle for all transfers. Each turn
 * costs what all transfers are, not what those cost that have something to do. */
#include "internal.h"

static int begin(struct pnet_engine *engine)
{
  return shard_new(engine) ? PNET_OK : PNET_NOMEM;
}

static void end(struct pnet_engine *engine)
{
  (void)engine;
}

static void attach(struct shard *shard)
{
  (void)shard;
}

static int64_t due_us(const struct shard *shard)
{
  long ms = -1;
  curl_multi_timeout(shard->multi, &ms);
  return ms < 0 ? NEVER : ms ? shard->engine->now_us + ms * INT64_C(1000) : 0;
}

static void run(struct shard *shard, int fd, int bits)
{
  int running;
  (void)fd;
  (void)bits;
  curl_multi_perform(shard->multi, &running);
}

static void flush(struct poller *poller)
{
  (void)poller;
}

static void forget(struct poller *poller, int fd, struct socket_entry *entry)
{
  (void)poller;
  (void)fd;
  (void)entry;
}

static enum loop_rc wait_sockets(struct pnet_engine *engine, int timeout_ms)
{
  struct poller *poller = &engine->poller;
  int64_t until_us = clock_us() + timeout_ms * INT64_C(1000);
  unsigned wakes;
  int ready = 0;
  if(!engine->n_shards)
    return LOOP_OK; /* stopped */
  turn_end(engine);
  curl_multi_poll(engine->shards[0]->multi, NULL, 0, timeout_ms, &ready);
  wakes = poller->wakes;
  engine->blocked = false;
  turn_begin(engine);
  engine->now_us = clock_us();
  if(ready)
    shard_run(engine->shards[0], CURL_SOCKET_TIMEOUT, 0);
  if(ready || engine->now_us + 1000 >= until_us)
    return LOOP_OK; /* a wake-up that came as well is left to explain the next return: it may yet arrive */
  if(wakes == poller->wakes_seen)
    return LOOP_SIGNAL; /* libcurl does not tell of signals, but there was no other reason */
  poller->wakes_seen = wakes;
  return LOOP_OK;
}

static void wake(struct pnet_engine *engine)
{
  engine->poller.wakes++;
  curl_multi_wakeup(engine->shards[0]->multi);
}

const struct waiter wait_poll = {.sharded = false,
                                 .begin = begin,
                                 .end = end,
                                 .attach = attach,
                                 .due_us = due_us,
                                 .run = run,
                                 .flush = flush,
                                 .forget = forget,
                                 .wait = wait_sockets,
                                 .wake = wake};
