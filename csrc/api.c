/* api.c - the calls on a queue: requests down, results up. What they change is read by the driver as mail. */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

static void configure(struct pnet_queue *queue, const struct pnet_queue_config *config)
{
  queue->config = *config;
  if(!queue->config.in_flight)
    queue->config.in_flight = 1;
  if(!queue->config.per_host)
    queue->config.per_host = queue->config.in_flight;
}

int pnet_queue_new(struct pnet_engine *engine, const struct pnet_queue_config *config, struct pnet_queue **out)
{
  struct pnet_queue *queue;
  if(engine_alien(engine))
    return PNET_FORKED;
  queue = calloc(1, sizeof(*queue));
  if(!queue)
    return PNET_NOMEM;
  queue->engine = engine;
  queue->head = queue->consumed_head = 1;
  configure(queue, config);
  queue->notify_fd = -1;
  sleeper_init(&queue->reaper);
  pipe_init(&queue->pipe);
  feed_init(&queue->feed);
  peer_init(&queue->peer);
  list_init(&queue->inbox);
  list_init(&queue->done);
  list_init(&queue->held);
  list_init(&queue->waiting);
  list_init(&queue->running);
  list_init(&queue->unblocked);
  list_init(&queue->starved);
  list_init(&queue->growing);
  atomic_fetch_add(&engine->refs, 1);
  live_add(LIVE_QUEUES, 1);
  *out = queue;
  return PNET_OK;
}

/* Lock held. */
static void post(struct pnet_queue *queue)
{
  struct pnet_engine *engine = queue->engine;
  if(!linked(&queue->mail))
    list_push(&engine->mail, &queue->mail);
  if(engine->blocked)
    engine_wake_driver(engine);
}

int pnet_queue_configure(struct pnet_queue *queue, const struct pnet_queue_config *config)
{
  struct pnet_engine *engine = queue->engine;
  if(engine_alien(engine))
    return PNET_FORKED;
  pthread_mutex_lock(&engine->lock);
  queue->next_config = *config;
  queue->configured = true;
  if(!queue->closing && queue->outstanding)
    post(queue); /* otherwise whoever submits next brings the driver to look */
  pthread_mutex_unlock(&engine->lock);
  return PNET_OK;
}

/* Lock held: the queue takes t. */
static void enqueue(struct pnet_queue *queue, struct transfer *t, int64_t now)
{
  t->queue = queue;
  t->submitted_us = now;
  list_push(&queue->inbox, &t->link);
  queue->outstanding++;
  queue->engine->outstanding++;
  atomic_fetch_add_explicit(&queue->stat_queued, 1, memory_order_relaxed);
}

/* Lock held: tell the driver, or make the engine's thread one. */
static void announce(struct pnet_queue *queue, unsigned flags)
{
  post(queue);
  if(queue->engine->idle && !(flags & PNET_SUBMIT_WILL_WAIT))
    engine_wake_driver(queue->engine);
}

int pnet_submit(struct pnet_queue *queue, const struct pnet_request *requests, size_t n, const uint8_t *text,
                size_t text_len, unsigned flags, size_t *taken)
{
  struct pnet_engine *engine = queue->engine;
  int64_t now = clock_us();
  int rc;
  *taken = 0;
  if(engine_alien(engine))
    return PNET_FORKED;
  pthread_mutex_lock(&engine->lock);
  rc = queue->closing ? PNET_CLOSED : engine_begin(engine);
  while(!rc && *taken < n) {
    struct transfer *t = transfer_new(engine);
    rc = t ? request_copy(t, &requests[*taken], text, text_len) : PNET_NOMEM;
    if(!rc) {
      if(t->req.flags & PNET_REQ_UPLOAD)
        feed_begin(&queue->feed, &t->req);
      enqueue(queue, t, now);
      ++*taken;
    }
    else if(t)
      transfer_recycle(engine, t);
  }
  if(*taken)
    announce(queue, flags);
  pthread_mutex_unlock(&engine->lock);
  return rc;
}

/* Lock held: plain URLs between line feeds. */
static int submit_lines(struct pnet_queue *queue, uint64_t first_id, size_t n, const uint8_t *at, const uint8_t *end,
                        unsigned request_flags, size_t *taken)
{
  struct pnet_engine *engine = queue->engine;
  int64_t now = clock_us();
  int rc = queue->closing ? PNET_CLOSED : engine_begin(engine);
  while(!rc && *taken < n) {
    const uint8_t *next = memchr(at, '\n', (size_t)(end - at));
    struct transfer *t = transfer_new(engine);
    if(!next)
      next = end;
    rc = t ? request_plain(t, first_id + *taken, at, (size_t)(next - at)) : PNET_NOMEM;
    if(!rc) {
      t->req.flags |= request_flags;
      enqueue(queue, t, now);
      ++*taken;
      at = next + 1;
    }
    else if(t)
      transfer_recycle(engine, t);
  }
  return rc;
}

int pnet_submit_urls(struct pnet_queue *queue, uint64_t first_id, size_t n, const uint8_t *text, size_t text_len,
                     unsigned flags, size_t *taken)
{
  struct pnet_engine *engine = queue->engine;
  const uint8_t *at = text, *end = text + text_len;
  int rc;
  *taken = 0;
  if(engine_alien(engine))
    return PNET_FORKED;
  for(size_t lines = 1; lines <= n; lines++) { /* a URL with a line break inside would shift all behind it */
    const uint8_t *next = memchr(at, '\n', (size_t)(end - at));
    if((next != NULL) != (lines < n))
      return PNET_INVALID;
    at = next ? next + 1 : end;
  }
  pthread_mutex_lock(&engine->lock);
  rc = submit_lines(queue, first_id, n, text, end, 0, taken);
  if(*taken)
    announce(queue, flags);
  pthread_mutex_unlock(&engine->lock);
  return rc;
}

/* ---- reaping ---- */

static bool reserve_rows(struct pnet_queue *queue, size_t n)
{
  struct pnet_done *grown;
  if(n <= queue->cap_rows)
    return true;
  grown = realloc(queue->rows, n * sizeof(*grown));
  if(!grown)
    return false;
  queue->rows = grown;
  queue->cap_rows = n;
  return true;
}

static bool reserve_text(struct pnet_queue *queue, size_t len)
{
  uint8_t *grown;
  if(len <= queue->cap_text)
    return true;
  grown = realloc(queue->text, len + len / 2);
  if(!grown)
    return false;
  queue->text = grown;
  queue->cap_text = len + len / 2;
  return true;
}

static size_t text_of(const struct transfer *t)
{
  return t->head_len + t->done.detail_len + (t->done.body ? 0 : (size_t)t->done.body_len);
}

static void copy_out(struct pnet_batch *batch, struct transfer *t)
{
  struct pnet_done *done = &batch->rows[batch->n++];
  uint8_t *to = batch->text + batch->text_len;
  size_t body = t->done.body ? 0 : (size_t)t->done.body_len;
  *done = t->done;
  done->head_at = (uint32_t)batch->text_len;
  done->body_at = done->head_at + (uint32_t)t->head_len;
  done->detail_at = done->body_at + (uint32_t)body;
  if(t->head_len)
    memcpy(to, t->head, t->head_len);
  if(body)
    memcpy(to + t->head_len, t->sink.data, body);
  memcpy(to + t->head_len + body, t->detail, done->detail_len);
  batch->text_len += text_of(t);
  batch->special += done->special;
  batch->body_bytes += done->body_len;
  t->done.body = 0; /* handed over */
}

/* Lock held: up to cap finished transfers into the batch, as far as memory allows. */
static int collect(struct pnet_queue *queue, size_t cap, struct pnet_batch *out)
{
  struct pnet_engine *engine = queue->engine;
  size_t n = 0, text = 0;
  LIST_EACH(item, &queue->done)
  {
    const struct transfer *t = CONTAINER(item, struct transfer, link);
    size_t more = text_of(t);
    if(t->req.flags & PNET_REQ_PIPE && queue->pipe.len)
      break; /* its reader comes first */
    if(n == cap || (n && text + more > 64 * (size_t)PNET_SMALL_BODY))
      break;
    text += more;
    n++;
  }
  if(!reserve_rows(queue, n) || !reserve_text(queue, text + 1))
    return PNET_NOMEM;
  events_hand_over(queue, out);
  queue->notified = false;
  out->rows = queue->rows;
  out->text = queue->text;
  while(out->n < n) {
    struct transfer *t = CONTAINER(list_pop(&queue->done), struct transfer, link);
    queue->n_done--;
    if(t->req.flags & PNET_REQ_PIPE && queue->pipe.discarded && !t->done.fault && !(t->done.flags & PNET_DONE_HOP)) {
      t->done.fault = PNET_FAULT_CANCELLED; /* it was whole, but what was not read of it is gone */
      t->done.special = 1;
    }
    copy_out(out, t);
    if(t->done.flags & PNET_DONE_HOP) {
      t->state = T_HELD;
      list_push(&queue->held, &t->link);
    }
    else
      transfer_recycle(engine, t);
  }
  return PNET_OK;
}

static bool must_wait(const struct pnet_queue *queue)
{
  return !queue->n_done && !queue->ready.n && queue->outstanding && !queue->closing && !queue->engine->stopping;
}

/* Lock held: wait until something is done, nothing is left to wait for, the time is over, or a signal came. */
static void wait_for_done(struct pnet_queue *queue, int64_t until_us)
{
  struct pnet_engine *engine = queue->engine;
  enum loop_rc rc = LOOP_OK;
  while(must_wait(queue) && rc == LOOP_OK) {
    int64_t now = clock_us();
    if(until_us <= now)
      break;
    if(!engine_take_loop(engine, &queue->reaper, until_us))
      continue;
    while(must_wait(queue) && !engine->takeover && rc == LOOP_OK && now < until_us) {
      pthread_mutex_unlock(&engine->lock);
      rc = loop_once(engine, until_us == NEVER ? INT32_MAX : until_us - now);
      now = engine->now_us;
      pthread_mutex_lock(&engine->lock);
    }
    engine_leave_loop(engine);
  }
}

int pnet_reap(struct pnet_queue *queue, size_t cap, int timeout_ms, struct pnet_batch *out)
{
  struct pnet_engine *engine = queue->engine;
  int rc;
  memset(out, 0, sizeof(*out));
  if(engine_alien(engine))
    return PNET_FORKED;
  pthread_mutex_lock(&engine->lock);
  if(timeout_ms)
    wait_for_done(queue, timeout_ms < 0 ? NEVER : clock_us() + timeout_ms * (int64_t)1000);
  rc = engine->stopping || queue->closing ? PNET_CLOSED : collect(queue, cap, out);
  out->drained = !queue->n_done && !queue->outstanding && list_empty(&queue->held);
  engine_hand_over(engine);
  pthread_mutex_unlock(&engine->lock);
  return rc;
}

/* Lock held: the one finished transfer into the caller's memory. */
static int collect_into(struct pnet_queue *queue, uint8_t *out, size_t cap)
{
  struct transfer *t = CONTAINER(queue->done.next, struct transfer, link);
  struct pnet_done row;
  struct pnet_batch batch = {.rows = &row, .text = out + sizeof(row)};
  if(queue->n_done != 1 || queue->pipe.len || t->done.special || sizeof(row) + text_of(t) > cap)
    return PNET_AGAIN;
  list_pop(&queue->done);
  queue->n_done = 0;
  queue->ready.n = queue->ready.text_len = 0; /* the answer is in the record */
  copy_out(&batch, t);
  memcpy(out, &row, sizeof(row));
  transfer_recycle(queue->engine, t);
  return PNET_OK;
}

int pnet_perform_url(struct pnet_queue *queue, uint64_t id, const uint8_t *line, size_t line_len,
                     unsigned request_flags, int timeout_ms, uint8_t *out, size_t cap)
{
  struct pnet_engine *engine = queue->engine;
  size_t taken = 0;
  int rc;
  if(engine_alien(engine))
    return PNET_FORKED;
  if(memchr(line, '\n', line_len))
    return PNET_INVALID;
  pthread_mutex_lock(&engine->lock);
  rc = submit_lines(queue, id, 1, line, line + line_len, request_flags, &taken);
  if(!rc) {
    post(queue);
    wait_for_done(queue, clock_us() + timeout_ms * (int64_t)1000);
    rc = engine->stopping || queue->closing ? PNET_CLOSED : collect_into(queue, out, cap);
    engine_hand_over(engine);
  }
  pthread_mutex_unlock(&engine->lock);
  return rc;
}

/* ---- orders ---- */

int pnet_consumed(struct pnet_queue *queue, uint64_t bytes, uint64_t head)
{
  struct pnet_engine *engine = queue->engine;
  if(engine_alien(engine))
    return PNET_FORKED;
  pthread_mutex_lock(&engine->lock);
  if(!queue->closing) {
    queue->released += bytes;
    if(head > queue->head)
      queue->head = head;
    post(queue);
  }
  pthread_mutex_unlock(&engine->lock);
  return PNET_OK;
}

/* Lock held. */
static int give_order(struct pnet_queue *queue, enum order what, uint64_t id)
{
  int rc = PNET_OK;
  if(queue->closing)
    rc = PNET_CLOSED;
  else if(queue->n_orders + 2 > queue->cap_orders) {
    size_t cap = queue->cap_orders * 2 + 16;
    uint64_t *grown = realloc(queue->orders, cap * sizeof(*grown));
    if(!grown)
      rc = PNET_NOMEM;
    else {
      queue->orders = grown;
      queue->cap_orders = cap;
    }
  }
  if(!rc) {
    queue->orders[queue->n_orders++] = what;
    queue->orders[queue->n_orders++] = id;
    post(queue);
    engine_wake_driver(queue->engine);
  }
  return rc;
}

static int order(struct pnet_queue *queue, enum order what, uint64_t id)
{
  struct pnet_engine *engine = queue->engine;
  int rc;
  if(engine_alien(engine))
    return PNET_FORKED;
  pthread_mutex_lock(&engine->lock);
  rc = give_order(queue, what, id);
  pthread_mutex_unlock(&engine->lock);
  return rc;
}

int pnet_cancel(struct pnet_queue *queue, uint64_t id)
{
  if(engine_alien(queue->engine))
    return PNET_FORKED;
  pipe_discard(&queue->pipe, id);
  return order(queue, ORDER_CANCEL, id);
}

int pnet_hop_end(struct pnet_queue *queue, uint64_t id)
{
  return order(queue, ORDER_HOP_END, id);
}

int pnet_hop_skip(struct pnet_queue *queue, uint64_t id)
{
  if(engine_alien(queue->engine))
    return PNET_FORKED;
  pipe_discard(&queue->pipe, id);
  return order(queue, ORDER_HOP_SKIP, id);
}

/* ---- reading a body while it arrives ---- */

/* What waits in the pipe; a transfer that waits for room goes on. */
static size_t read_pipe(struct pnet_queue *queue, uint8_t *out, size_t cap)
{
  bool resume;
  size_t n = pipe_read(&queue->pipe, out, cap, &resume);
  if(resume)
    order(queue, ORDER_PIPE, 0);
  return n;
}

/* Lock held, and this thread drives: turn the loop while bytes go straight to out; returns how many did. */
static size_t drive_for_reader(struct pnet_queue *queue, uint8_t *out, size_t cap, size_t least, int64_t until_us,
                               enum loop_rc *rc)
{
  struct pnet_engine *engine = queue->engine;
  struct pipe *pipe = &queue->pipe;
  int64_t now = clock_us();
  size_t n;
  pipe->to = out;
  pipe->to_cap = cap;
  pipe->to_len = 0;
  while(must_wait(queue) && pipe->to_len < least && !pipe->len && !engine->takeover && *rc == LOOP_OK &&
        now < until_us) {
    pthread_mutex_unlock(&engine->lock);
    *rc = loop_once(engine, until_us - now);
    now = engine->now_us;
    pthread_mutex_lock(&engine->lock);
  }
  n = pipe->to_len;
  pipe->to = NULL;
  pipe->to_cap = pipe->to_len = 0;
  return n;
}

int pnet_read(struct pnet_queue *queue, uint8_t *out, size_t cap, size_t least, int timeout_ms, size_t *n)
{
  struct pnet_engine *engine = queue->engine;
  enum loop_rc rc = LOOP_OK;
  int64_t until_us;
  bool ended, closed;
  *n = 0;
  if(engine_alien(engine))
    return PNET_FORKED;
  *n = read_pipe(queue, out, cap);
  if(*n >= least)
    return PNET_OK;
  until_us = clock_us() + timeout_ms * (int64_t)1000;
  pthread_mutex_lock(&engine->lock);
  while(*n < least && must_wait(queue) && rc == LOOP_OK && clock_us() < until_us) {
    if(!queue->pipe.len && engine_take_loop(engine, &queue->reaper, until_us)) {
      *n += drive_for_reader(queue, out + *n, cap - *n, least - *n, until_us, &rc);
      engine_leave_loop(engine);
    }
    pthread_mutex_unlock(&engine->lock);
    *n += read_pipe(queue, out + *n, cap - *n);
    pthread_mutex_lock(&engine->lock);
  }
  closed = engine->stopping || queue->closing;
  ended = !closed && !queue->ready.n && !must_wait(queue);
  engine_hand_over(engine);
  pthread_mutex_unlock(&engine->lock);
  if(closed)
    return PNET_CLOSED;
  *n += read_pipe(queue, out + *n, cap - *n); /* what came with the end */
  return *n >= least ? PNET_OK : ended ? PNET_END : PNET_AGAIN;
}

/* ---- writing a request body while it is sent ---- */

int pnet_write(struct pnet_queue *queue, const uint8_t *data, size_t len, int timeout_ms, size_t *n)
{
  struct pnet_engine *engine = queue->engine;
  int64_t until_us = clock_us() + timeout_ms * (int64_t)1000;
  enum loop_rc turn = LOOP_OK;
  bool open, closed, collected, resume;
  int64_t now;
  int rc;
  *n = 0;
  if(engine_alien(engine))
    return PNET_FORKED;
  rc = feed_offer(&queue->feed, data, len, &collected, &resume);
  if(rc || (collected && !resume)) {
    *n = rc ? 0 : len;
    return rc;
  }
  pthread_mutex_lock(&engine->lock);
  if(queue->closing || engine->stopping)
    rc = PNET_CLOSED;
  else if(resume)
    rc = give_order(queue, ORDER_FEED, 0);
  while(!rc && feed_waits(&queue->feed) && must_wait(queue) && turn == LOOP_OK && clock_us() < until_us) {
    if(!engine_take_loop(engine, &queue->reaper, until_us))
      continue;
    now = clock_us();
    while(feed_waits(&queue->feed) && must_wait(queue) && !engine->takeover && turn == LOOP_OK && now < until_us) {
      pthread_mutex_unlock(&engine->lock);
      turn = loop_once(engine, until_us - now);
      now = engine->now_us;
      pthread_mutex_lock(&engine->lock);
    }
    engine_leave_loop(engine);
  }
  *n = feed_withdraw(&queue->feed, &open);
  if(collected)
    *n = len;
  closed = engine->stopping || queue->closing;
  engine_hand_over(engine);
  pthread_mutex_unlock(&engine->lock);
  if(rc)
    return rc;
  if(closed)
    return PNET_CLOSED;
  return *n == len ? PNET_OK : open ? PNET_AGAIN : PNET_END;
}

int pnet_write_end(struct pnet_queue *queue)
{
  int rc;
  if(engine_alien(queue->engine))
    return PNET_FORKED;
  rc = feed_end(&queue->feed);
  return rc ? rc : order(queue, ORDER_FEED, 0);
}

int pnet_queue_stats(struct pnet_queue *queue, struct pnet_stats *out)
{
  out->queued = atomic_load_explicit(&queue->stat_queued, memory_order_relaxed);
  out->in_flight = atomic_load_explicit(&queue->stat_in_flight, memory_order_relaxed);
  out->done = atomic_load_explicit(&queue->stat_done, memory_order_relaxed);
  out->failed = atomic_load_explicit(&queue->stat_failed, memory_order_relaxed);
  out->bytes_received = atomic_load_explicit(&queue->stat_bytes, memory_order_relaxed);
  out->body_bytes = atomic_load_explicit(&queue->stat_body, memory_order_relaxed);
  return PNET_OK;
}

/* ---- closing ---- */

int pnet_queue_close(struct pnet_queue *queue)
{
  struct pnet_engine *engine = queue->engine;
  if(engine_alien(engine))
    return PNET_FORKED;
  pthread_mutex_lock(&engine->lock);
  queue->closing = true;
  pthread_cond_signal(&queue->reaper.wake); /* a thread that reaps leaves */
  if(!queue->closed)
    post(queue);
  while(!queue->closed) {
    engine_seize_loop(engine); /* another thread may close it meanwhile */
    do {                       /* at least once: the mail holds the order to end what is held */
      pthread_mutex_unlock(&engine->lock);
      loop_once(engine, 0);
      pthread_mutex_lock(&engine->lock);
    } while(queue->outstanding || linked(&queue->mail));
    queue_drop(queue);
    list_remove(&queue->of_engine);
    list_remove(&queue->busy);
    list_remove(&queue->news);
    queue->closed = true;
    engine_leave_loop(engine);
  }
  pthread_mutex_unlock(&engine->lock);
  return PNET_OK;
}

void pnet_queue_free(struct pnet_queue *queue)
{
  struct pnet_engine *engine;
  if(!queue || pnet_queue_close(queue) == PNET_FORKED)
    return;
  engine = queue->engine;
  pthread_cond_destroy(&queue->reaper.wake);
  pipe_free(&queue->pipe);
  feed_free(&queue->feed);
  peer_free(&queue->peer);
  event_log_free(&queue->fresh);
  event_log_free(&queue->ready);
  event_log_free(&queue->handed);
  free(queue->orders);
  free(queue->lanes);
  free(queue->rows);
  free(queue->text);
  free(queue);
  live_add(LIVE_QUEUES, -1);
  engine_unref(engine);
}
