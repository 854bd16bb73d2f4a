/* budget.c - buffer_bytes: unconsumed body bytes of a queue never exceed it. A transfer that finds no room is
 * paused and goes on when the consumer has made some.
 *
 * Three kinds of body differ in what they can promise:
 *   known length    charged whole before its first byte, so once begun it can always end and be consumed;
 *   unknown length  (chunked, encoded) grows step by step and could wait for ever beside others like it. So the
 *                   oldest may take all that is free, the younger ones together at most half of the budget;
 *   ordered         nothing behind the next row to be consumed can be given back before that row is. So that row may
 *                   take all that is free, the rows behind it together at most half.
 * Hence a body of up to half the budget always fits. One that cannot fit fails, it does not wait for ever. */
#include "internal.h"

static void charge(struct transfer *t, size_t cap)
{
  struct pnet_queue *queue = t->queue;
  size_t more = cap - t->sink.charged;
  queue->used += more;
  if(linked(&t->growing))
    queue->loose += more;
  t->sink.charged = cap;
  atomic_store_explicit(&queue->stat_body, queue->used, memory_order_relaxed);
}

/* The oldest body of unknown length, or the next row to be consumed: it may take all that is free. */
bool budget_senior(const struct transfer *t)
{
  const struct pnet_queue *queue = t->queue;
  return queue->config.ordered ? t->req.id <= queue->consumed_head : queue->growing.next == &t->growing;
}

static bool fits(const struct transfer *t, size_t more)
{
  const struct pnet_queue *queue = t->queue;
  uint64_t limit = queue->config.buffer_bytes;
  if(queue->used + more > limit)
    return false;
  if(budget_senior(t))
    return true;
  if(!list_empty(&queue->starved) && queue->starved.next != &t->starved)
    return false; /* in order, lest small bodies overtake a large one for ever */
  if(queue->config.ordered)
    return queue->used + more <= limit / 2;
  return !linked(&t->growing) || queue->loose + more <= limit / 2;
}

/* Nothing but the holders themselves could make room for t. */
static bool hopeless(const struct transfer *t, size_t cap)
{
  const struct pnet_queue *queue = t->queue;
  if(cap > queue->config.buffer_bytes)
    return true;
  if(!budget_senior(t))
    return false;
  if(queue->config.ordered)
    return true; /* all else belongs to rows behind it */
  if(queue->used > queue->loose)
    return false; /* some of it is whole, or will be, and is given back when consumed */
  LIST_EACH(item, &queue->growing)
  if(!linked(&CONTAINER(item, struct transfer, growing)->starved) && CONTAINER(item, struct transfer, growing) != t)
    return false;
  return true;
}

enum room budget_take(struct transfer *t, size_t cap)
{
  struct pnet_queue *queue = t->queue;
  if(cap <= t->sink.charged)
    return ROOM_OK;
  if(queue->config.buffer_bytes) {
    if(cap > queue->config.buffer_bytes)
      return ROOM_NEVER;
    if(!known_length(t) && !linked(&t->growing))
      list_push(&queue->growing, &t->growing);
    if(!fits(t, cap - t->sink.charged))
      return ROOM_WAIT;
  }
  charge(t, cap);
  return ROOM_OK;
}

void budget_trim(struct transfer *t, size_t kept)
{
  struct pnet_queue *queue = t->queue;
  list_remove(&t->starved);
  if(linked(&t->growing)) {
    queue->loose -= t->sink.charged;
    list_remove(&t->growing);
  }
  queue->used += kept;
  queue->used -= t->sink.charged;
  t->sink.charged = kept;
  atomic_store_explicit(&queue->stat_body, queue->used, memory_order_relaxed);
}

void budget_starve(struct transfer *t, size_t cap)
{
  t->want = cap;
  t->paused = true;
  if(!t->paused_us)
    t->paused_us = t->queue->engine->now_us;
  if(!linked(&t->starved))
    list_push(&t->queue->starved, &t->starved);
  queue_busy(t->queue); /* it may be hopeless, and then nothing else would tell */
}

/* Serve one starved transfer; true when something changed. */
static bool serve(struct transfer *t)
{
  enum room room = budget_take(t, t->want);
  if(room == ROOM_WAIT && !hopeless(t, t->want))
    return false;
  list_remove(&t->starved);
  if(room != ROOM_OK)
    transfer_fail(t, PNET_FAULT_NO_ROOM, "the body does not fit into buffer_bytes");
  t->paused = false;
  transfer_resume(t);
  return true;
}

void budget_review(struct pnet_queue *queue)
{
  bool again = true;
  while(again) {
    again = false;
    LIST_EACH_SAFE(item, &queue->starved)
    {
      again = serve(CONTAINER(item, struct transfer, starved));
      if(again)
        break; /* serving may have changed the list: start over */
    }
  }
}
