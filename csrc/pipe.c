/* pipe.c - a body that is read while it arrives: a ring of bounded size between the driver and one reader.
 *
 * While the reader itself drives the loop, bytes go straight to where it wants them. Otherwise they wait here; a full
 * ring pauses the transfer, and a reader that has made half of it free again asks for more. */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

#define PIPE_BYTES 262144u /* most that waits to be read */
#define PIPE_FIRST 16384u

int pipe_init(struct pipe *pipe)
{
  return pthread_mutex_init(&pipe->lock, NULL);
}

void pipe_free(struct pipe *pipe)
{
  pthread_mutex_destroy(&pipe->lock);
  free(pipe->data);
}

void pipe_begin(struct pipe *pipe, uint64_t id)
{
  pthread_mutex_lock(&pipe->lock);
  pipe->id = id;
  pipe->start = 0;
  pipe->len = 0;
  pipe->full = pipe->begun = pipe->discarded = false;
  if(pipe->cap > PNET_SMALL_BODY) {
    free(pipe->data);
    pipe->data = NULL;
    pipe->cap = 0;
  }
  pthread_mutex_unlock(&pipe->lock);
}

static void copy_out(const struct pipe *pipe, uint8_t *out, size_t n)
{
  size_t first = pipe->cap - pipe->start < n ? pipe->cap - pipe->start : n;
  if(!n)
    return;
  memcpy(out, pipe->data + pipe->start, first);
  memcpy(out + first, pipe->data, n - first);
}

static bool grow(struct pipe *pipe, size_t need)
{
  size_t cap = pipe->cap ? pipe->cap : PIPE_FIRST;
  uint8_t *grown;
  if(need <= pipe->cap)
    return true;
  while(cap < need)
    cap *= 2;
  grown = malloc(cap);
  if(!grown)
    return false;
  copy_out(pipe, grown, pipe->len);
  free(pipe->data);
  pipe->data = grown;
  pipe->cap = cap;
  pipe->start = 0;
  return true;
}

bool pipe_write(struct transfer *t, const uint8_t *data, size_t len)
{
  struct pipe *pipe = &t->queue->pipe;
  bool ok;
  pthread_mutex_lock(&pipe->lock);
  if(pipe->discarded)
    len = 0;
  if(pipe->to_cap > pipe->to_len && !pipe->len) {
    size_t direct = pipe->to_cap - pipe->to_len < len ? pipe->to_cap - pipe->to_len : len;
    memcpy(pipe->to + pipe->to_len, data, direct);
    pipe->to_len += direct;
    pipe->begun = true;
    data += direct;
    len -= direct;
  }
  ok = !len || grow(pipe, pipe->len + len);
  if(ok && len) {
    size_t at = (pipe->start + pipe->len) % pipe->cap;
    size_t first = pipe->cap - at < len ? pipe->cap - at : len;
    memcpy(pipe->data + at, data, first);
    memcpy(pipe->data, data + first, len - first);
    pipe->len += len;
  }
  pthread_mutex_unlock(&pipe->lock);
  if(!linked(&t->queue->news))
    list_push(&t->queue->engine->news, &t->queue->news);
  return ok;
}

/* Lock held. */
static size_t room_of(const struct pipe *pipe)
{
  size_t room = pipe->len < PIPE_BYTES ? PIPE_BYTES - pipe->len : 0;
  return pipe->len ? room : room + (pipe->to_cap - pipe->to_len);
}

size_t pipe_room(struct pipe *pipe)
{
  size_t room;
  pthread_mutex_lock(&pipe->lock);
  room = room_of(pipe);
  pthread_mutex_unlock(&pipe->lock);
  return room;
}

bool pipe_wait(struct pipe *pipe, size_t need)
{
  bool full;
  pthread_mutex_lock(&pipe->lock);
  full = pipe->full = need > room_of(pipe) && pipe->len;
  pthread_mutex_unlock(&pipe->lock);
  return full; /* and not what it is now: the reader may have made room already, and asked for more */
}

size_t pipe_read(struct pipe *pipe, uint8_t *out, size_t cap, bool *resume)
{
  size_t n;
  *resume = false;
  pthread_mutex_lock(&pipe->lock);
  pipe->begun = true;
  n = pipe->len < cap ? pipe->len : cap;
  copy_out(pipe, out, n);
  pipe->len -= n;
  pipe->start = pipe->len ? (pipe->start + n) % pipe->cap : 0;
  if(pipe->full && pipe->len <= PIPE_BYTES / 2) {
    pipe->full = false;
    *resume = true;
  }
  pthread_mutex_unlock(&pipe->lock);
  return n;
}

void pipe_discard(struct pipe *pipe, uint64_t id)
{
  pthread_mutex_lock(&pipe->lock);
  if(pipe->id == id) {
    pipe->discarded = true;
    pipe->len = 0;
  }
  pthread_mutex_unlock(&pipe->lock);
}

size_t pipe_drain(struct pipe *pipe, struct sink *sink, size_t most)
{
  size_t n = 0;
  pthread_mutex_lock(&pipe->lock);
  if(!pipe->begun && pipe->len <= most && pipe->len && !sink_reserve(sink, pipe->len)) {
    n = pipe->len;
    copy_out(pipe, sink->data, n);
    pipe->len = 0;
    pipe->start = 0;
  }
  pthread_mutex_unlock(&pipe->lock);
  return n;
}
