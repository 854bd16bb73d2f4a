/* shard.c - one multi handle and the place it has in the loop. Knows sockets and timers, not transfers. */
#include "internal.h"
#include "portable.h"

#include <stdlib.h>
#include <unistd.h>

/* The number the next descriptor gets, if no other thread is faster. */
static int next_number(void)
{
  int fd = portable_socket(AF_UNIX, SOCK_STREAM, 0);
  if(fd >= 0)
    close(fd);
  return fd;
}

struct shard *shard_new(struct pnet_engine *engine)
{
  struct shard *shard = calloc(1, sizeof(*shard));
  struct shard **grown = NULL;
  int from = next_number();
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
  shard->room = SHARD_TRANSFERS;
  engine->shards[engine->n_shards++] = shard;
  list_push(&engine->roomy, &shard->roomy);
  held_add_wakeup(shard, from);
  engine->poller.waiter->attach(shard);
  curl_multi_setopt(shard->multi, CURLMOPT_MAXCONNECTS, (long)SHARD_CONNECTIONS);
  curl_multi_setopt(shard->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
  curl_multi_setopt(shard->multi, CURLMOPT_MAX_CONCURRENT_STREAMS, (long)SHARD_STREAMS);
  live_add(LIVE_SHARDS, 1);
  return shard;
}

void shard_free(struct shard *shard)
{
  struct poller *poller = &shard->engine->poller;
  for(int i = 0; i < 2; i++) { /* before libcurl closes them */
    poller_forget(poller, shard->wakeup[i]);
    poller_forget(poller, shard->inner[i]);
  }
  curl_multi_cleanup(shard->multi);
  list_remove(&shard->roomy);
  list_remove(&shard->touched);
  free(shard);
  live_add(LIVE_SHARDS, -1);
}

void shard_enter(struct shard *shard)
{
  if(++shard->running < shard->room)
    return;
  if(shard->engine->poller.waiter->sharded) {
    list_remove(&shard->roomy);
    return;
  }
  shard->room += SHARD_TRANSFERS;
  curl_multi_setopt(shard->multi, CURLMOPT_MAXCONNECTS, (long)(shard->room / SHARD_TRANSFERS * SHARD_CONNECTIONS));
}

void shard_leave(struct shard *shard)
{
  if(shard->running-- == shard->room)
    list_push_front(&shard->engine->roomy, &shard->roomy);
}

void shard_touch(struct shard *shard)
{
  if(!linked(&shard->touched))
    list_push(&shard->engine->touched, &shard->touched);
}

void shard_run(struct shard *shard, int fd, int bits)
{
  shard->engine->poller.waiter->run(shard, fd, bits);
  shard_touch(shard);
}
