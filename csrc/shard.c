/* shard.c - one multi handle and the place it has in the loop. Knows sockets and timers, not transfers. */
#include "internal.h"

#include <stdlib.h>

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *data, void *unused)
{
  struct shard *shard = data;
  (void)easy;
  (void)unused;
  return poller_want(&shard->engine->poller, fd, what, shard) == PNET_OK ? 0 : -1;
}

static int on_timer(CURLM *multi, long timeout_ms, void *data)
{
  struct shard *shard = data;
  (void)multi;
  shard->timer_us = timeout_ms < 0 ? NEVER : timeout_ms ? clock_us() + timeout_ms * 1000 : 0;
  return 0;
}

struct shard *shard_new(struct pnet_engine *engine)
{
  struct shard *shard = calloc(1, sizeof(*shard));
  struct shard **grown = NULL;
  if(!shard)
    return NULL;
  shard->multi = curl_multi_init();
  if(shard->multi)
    grown = realloc(engine->shards, (engine->n_shards + 1) * sizeof(struct shard *));
  if(!grown) {
    if(shard->multi)
      curl_multi_cleanup(shard->multi);
    free(shard);
    return NULL;
  }
  engine->shards = grown;
  shard->engine = engine;
  shard->timer_us = NEVER;
  shard->index = (unsigned)engine->n_shards;
  engine->shards[engine->n_shards++] = shard;
  list_push(&engine->roomy, &shard->roomy);
  curl_multi_setopt(shard->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
  curl_multi_setopt(shard->multi, CURLMOPT_SOCKETDATA, shard);
  curl_multi_setopt(shard->multi, CURLMOPT_TIMERFUNCTION, on_timer);
  curl_multi_setopt(shard->multi, CURLMOPT_TIMERDATA, shard);
  curl_multi_setopt(shard->multi, CURLMOPT_MAXCONNECTS, (long)SHARD_CONNECTIONS);
  curl_multi_setopt(shard->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
  curl_multi_setopt(shard->multi, CURLMOPT_MAX_CONCURRENT_STREAMS, (long)SHARD_STREAMS);
  live_add(LIVE_SHARDS, 1);
  return shard;
}

void shard_free(struct shard *shard)
{
  curl_multi_cleanup(shard->multi);
  list_remove(&shard->roomy);
  list_remove(&shard->touched);
  free(shard);
  live_add(LIVE_SHARDS, -1);
}

void shard_enter(struct shard *shard)
{
  if(++shard->running == SHARD_TRANSFERS)
    list_remove(&shard->roomy);
}

void shard_leave(struct shard *shard)
{
  if(shard->running-- == SHARD_TRANSFERS)
    list_push_front(&shard->engine->roomy, &shard->roomy);
}

void shard_touch(struct shard *shard)
{
  if(!linked(&shard->touched))
    list_push(&shard->engine->touched, &shard->touched);
}

void shard_run(struct shard *shard, int fd, int bits)
{
  int running;
  if(fd == CURL_SOCKET_TIMEOUT)
    shard->timer_us = NEVER; /* libcurl sets it anew while it runs */
  curl_multi_socket_action(shard->multi, fd, bits, &running);
  shard_touch(shard);
}
