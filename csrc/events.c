/* events.c - what happened, on its way up: recorded by the driver, published with the records, handed to the reaper.
 * Three logs a queue change places, so that nothing is copied while the reaper keeps up. Bounded by what the network can
 * cause: a few events a request, and header bytes, which are limited. */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

static bool reserve(struct event_log *log, size_t n, size_t text_len)
{
  if(log->n + n > log->cap) {
    size_t cap = (log->n + n) * 2 + 16;
    struct pnet_event *grown = realloc(log->events, cap * sizeof(*grown));
    if(!grown)
      return false;
    log->events = grown;
    log->cap = cap;
  }
  if(log->text_len + text_len > log->text_cap) {
    size_t cap = (log->text_len + text_len) * 2 + 256;
    uint8_t *grown = realloc(log->text, cap);
    if(!grown)
      return false;
    log->text = grown;
    log->text_cap = cap;
  }
  return true;
}

bool event_record(struct transfer *t, enum pnet_event_kind kind, uint64_t value, const char *text, size_t len)
{
  struct pnet_queue *queue = t->queue;
  struct event_log *log = &queue->fresh;
  struct pnet_event *event;
  if(!reserve(log, 1, len))
    return false;
  event = &log->events[log->n++];
  event->id = t->req.id;
  event->kind = kind;
  event->value = value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
  event->text_at = (uint32_t)log->text_len;
  event->text_len = (uint32_t)len;
  if(len)
    memcpy(log->text + log->text_len, text, len);
  log->text_len += len;
  if(!linked(&queue->news))
    list_push(&queue->engine->news, &queue->news);
  return true;
}

static void swap(struct event_log *a, struct event_log *b)
{
  struct event_log kept = *a;
  *a = *b;
  *b = kept;
}

void events_publish(struct pnet_queue *queue)
{
  struct event_log *from = &queue->fresh, *to = &queue->ready;
  if(!from->n)
    return;
  if(!to->n)
    swap(from, to);
  else if(reserve(to, from->n, from->text_len)) {
    for(size_t i = 0; i < from->n; i++) {
      to->events[to->n] = from->events[i];
      to->events[to->n++].text_at += (uint32_t)to->text_len;
    }
    if(from->text_len)
      memcpy(to->text + to->text_len, from->text, from->text_len);
    to->text_len += from->text_len;
  }
  else
    return; /* they stay fresh until the next time */
  from->n = from->text_len = 0;
}

void events_hand_over(struct pnet_queue *queue, struct pnet_batch *out)
{
  struct event_log *log = &queue->handed;
  log->n = log->text_len = 0;
  if(!queue->ready.n)
    return;
  swap(log, &queue->ready);
  out->events = log->events;
  out->n_events = log->n;
  out->event_text = log->text;
  out->event_text_len = log->text_len;
}

void event_log_free(struct event_log *log)
{
  free(log->events);
  free(log->text);
}
