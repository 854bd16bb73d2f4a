/* lane.c - an origin within one queue: its share of per_host, and who waits for it. */
#include "internal.h"

#include <stdlib.h>

static bool grow_lanes(struct pnet_queue *queue)
{
  size_t cap = queue->cap_lanes ? queue->cap_lanes * 2 : 16;
  struct lane **table = calloc(cap, sizeof(struct lane *));
  if(!table)
    return false;
  for(size_t i = 0; i < queue->cap_lanes; i++) {
    for(struct lane *lane = queue->lanes[i], *next; lane; lane = next) {
      next = lane->chain;
      lane->chain = table[lane->origin->hash & (cap - 1)];
      table[lane->origin->hash & (cap - 1)] = lane;
    }
  }
  free(queue->lanes);
  queue->lanes = table;
  queue->cap_lanes = cap;
  return true;
}

struct lane *lane_get(struct pnet_queue *queue, const struct transfer *t)
{
  struct pnet_engine *engine = queue->engine;
  struct origin *origin;
  struct lane *lane;
  if(queue->n_lanes >= queue->cap_lanes && !grow_lanes(queue))
    return NULL;
  origin = origin_get(engine, t);
  if(!origin)
    return NULL;
  for(lane = queue->lanes[origin->hash & (queue->cap_lanes - 1)]; lane; lane = lane->chain) {
    if(lane->origin == origin) {
      origin_unref(engine, origin);
      lane->refs++;
      return lane;
    }
  }
  lane = calloc(1, sizeof(*lane));
  if(!lane) {
    origin_unref(engine, origin);
    return NULL;
  }
  lane->origin = origin;
  lane->queue = queue;
  lane->refs = 1;
  list_init(&lane->blocked);
  list_push(&origin->lanes, &lane->of_origin);
  lane->chain = queue->lanes[origin->hash & (queue->cap_lanes - 1)];
  queue->lanes[origin->hash & (queue->cap_lanes - 1)] = lane;
  queue->n_lanes++;
  return lane;
}

void lane_unref(struct lane *lane)
{
  struct pnet_queue *queue = lane->queue;
  struct lane **at;
  if(--lane->refs)
    return;
  at = &queue->lanes[lane->origin->hash & (queue->cap_lanes - 1)];
  while(*at != lane)
    at = &(*at)->chain;
  *at = lane->chain;
  queue->n_lanes--;
  list_remove(&lane->of_origin);
  list_remove(&lane->unblocked);
  origin_unref(queue->engine, lane->origin);
  free(lane);
}

void lane_unblock(struct lane *lane)
{
  if(list_empty(&lane->blocked) || linked(&lane->unblocked))
    return;
  list_push(&lane->queue->unblocked, &lane->unblocked);
  queue_busy(lane->queue);
}
