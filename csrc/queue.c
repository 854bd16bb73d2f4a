/* queue.c - which transfer of a queue runs when: in_flight, per_host, order, deadlines, cancelling.
 *
 * Waiting transfers stand in one list, in order. One that meets a full or gated lane (its origin's share) steps
 * aside into that lane; when the lane frees a slot, those who stepped aside go before the list. */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

#define LOOK_US 20000 /* how often a refused upload is looked at, while the rest of its answer does not come */

void queue_busy(struct pnet_queue *queue)
{
  if(!linked(&queue->busy))
    list_push(&queue->engine->busy, &queue->busy);
}

/* ---- clocks ---- */

static int64_t earlier(int64_t a, int64_t b)
{
  return a < b ? a : b;
}

static int64_t running_deadline(const struct transfer *t, enum pnet_fault *fault)
{
  const struct pnet_queue_config *config = &t->queue->config;
  int64_t limit, from, at = NEVER;
  if(t->hungry || (t->paused && !is_written(t)))
    return NEVER; /* we are the ones who wait */
  if(!t->connected) {
    from = t->moved_us;
    limit = config->connect_time_us;
    *fault = PNET_FAULT_CONNECT_TIME;
  }
  else if(!has_answer(t) && is_sending(t)) {
    from = t->moved_us;
    limit = config->send_time_us;
    *fault = PNET_FAULT_SEND_TIME;
  }
  else if(!t->replied) {
    from = t->moved_us;
    limit = config->reply_time_us;
    *fault = PNET_FAULT_REPLY_TIME;
  }
  else {
    from = t->moved_us;
    limit = config->idle_time_us;
    *fault = PNET_FAULT_IDLE_TIME;
  }
  if(limit)
    at = from + limit;
  if(t->deadline_us && t->deadline_us < at) {
    at = t->deadline_us;
    *fault = PNET_FAULT_TOTAL_TIME;
  }
  if(t->refused && at > t->queue->engine->now_us)
    at = earlier(at, t->queue->engine->now_us + LOOK_US);
  return at;
}

static int64_t waiting_deadline(const struct transfer *t, enum pnet_fault *fault)
{
  int64_t limit = t->queue->config.queue_time_us;
  *fault = PNET_FAULT_QUEUE_TIME;
  return limit && !t->admitted_us ? t->submitted_us + limit : NEVER;
}

static int64_t transfer_deadline(const struct transfer *t)
{
  enum pnet_fault fault;
  return t->state == T_RUNNING ? running_deadline(t, &fault) : waiting_deadline(t, &fault);
}

void queue_watch(const struct transfer *t)
{
  struct pnet_engine *engine = t->queue->engine;
  engine->deadline_us = earlier(engine->deadline_us, transfer_deadline(t));
}

/* ---- slots ---- */

static void take_slot(struct transfer *t)
{
  t->slot = true;
  t->queue->in_flight++;
  t->lane->running++;
  atomic_fetch_add_explicit(&t->queue->stat_in_flight, 1, memory_order_relaxed);
}

static void give_slot(struct transfer *t)
{
  if(!t->slot)
    return;
  t->slot = false;
  t->queue->in_flight--;
  t->lane->running--;
  atomic_fetch_sub_explicit(&t->queue->stat_in_flight, 1, memory_order_relaxed);
  lane_unblock(t->lane);
  queue_busy(t->queue);
}

static void leave_lane(struct transfer *t)
{
  struct lane *lane = t->lane;
  give_slot(t);
  t->lane = NULL;
  if(lane)
    lane_unref(lane);
}

void queue_settle(struct transfer *t)
{
  struct pnet_queue *queue = t->queue;
  list_remove(&t->link);
  if(!t->slot)
    atomic_fetch_sub_explicit(&queue->stat_queued, 1, memory_order_relaxed);
  if(!(t->done.flags & PNET_DONE_HOP)) {
    leave_lane(t);
    atomic_fetch_add_explicit(&queue->stat_done, 1, memory_order_relaxed);
    if(t->done.fault)
      atomic_fetch_add_explicit(&queue->stat_failed, 1, memory_order_relaxed);
  }
  if(!list_empty(&queue->starved))
    queue_busy(queue);
  list_push(&queue->engine->finished, &t->link);
}

void queue_drop(struct pnet_queue *queue)
{
  struct link *link;
  while((link = list_pop(&queue->done))) {
    struct transfer *t = CONTAINER(link, struct transfer, link);
    leave_lane(t); /* a hop nobody answered holds its slot */
    pnet_body_free((uint8_t *)(uintptr_t)t->done.body);
    transfer_recycle(queue->engine, t);
  }
  queue->n_done = 0;
  queue->used = 0;
  atomic_store_explicit(&queue->stat_body, 0, memory_order_relaxed);
}

/* ---- admission ---- */

/* Rows of an ordered queue that are complete wait for those before them, with their memory. So the first row that has
 * not ended must be able to start whatever the limits, or those behind it starve for ever. */
static uint64_t first_running(const struct pnet_queue *queue)
{
  uint64_t first = UINT64_MAX;
  LIST_EACH(item, &queue->running)
  if(CONTAINER(item, struct transfer, link)->req.id < first)
    first = CONTAINER(item, struct transfer, link)->req.id;
  return first;
}

/* The lane into which that row stepped aside, or NULL. Meanwhile a slot is kept for it. (In the line it is in front
 * anyway.) */
static struct lane *first_aside(const struct pnet_queue *queue)
{
  struct lane *found = NULL;
  uint64_t first;
  if(!queue->config.ordered || !queue->n_blocked)
    return NULL;
  first = first_running(queue);
  for(size_t i = 0; i < queue->cap_lanes; i++)
    for(struct lane *lane = queue->lanes[i]; lane; lane = lane->chain) {
      uint64_t id =
        list_empty(&lane->blocked) ? UINT64_MAX : CONTAINER(lane->blocked.next, struct transfer, link)->req.id;
      if(id < first) {
        first = id;
        found = lane;
      }
    }
  return found;
}

static bool may_exceed(const struct transfer *t)
{
  const struct pnet_queue *queue = t->queue;
  return queue->config.ordered && !list_empty(&queue->starved) && t->req.id < first_running(queue);
}

/* Keep a list in ticket order; all but the hops of redirects come in order. */
static void insert(struct link *list, struct transfer *t)
{
  struct link *before = list->prev;
  while(before != list && CONTAINER(before, struct transfer, link)->req.id > t->req.id)
    before = before->prev;
  list_push_front(before, &t->link);
}

/* A slot for t now, or false: its lane is full or gated. A transfer that cannot start ends here with its fault. */
static bool admit(struct transfer *t)
{
  struct pnet_queue *queue = t->queue;
  struct pnet_engine *engine = queue->engine;
  struct origin *origin = t->lane->origin;
  struct place *place;
  if(t->lane->running >= queue->config.per_host && !may_exceed(t))
    return false;
  place = origin_pick(engine, origin);
  if(!place)
    return false;
  list_remove(&t->link);
  list_push(&queue->running, &t->link);
  atomic_fetch_sub_explicit(&queue->stat_queued, 1, memory_order_relaxed);
  take_slot(t);
  if(!t->admitted_us) {
    t->admitted_us = engine->now_us;
    if(t->req.timeout_us)
      t->deadline_us = t->admitted_us + t->req.timeout_us;
  }
  t->probe = origin->gated;
  origin->probing = origin->probing || t->probe;
  if(transfer_start(t, place->shard) != PNET_OK) {
    transfer_abort(t, PNET_FAULT_MEMORY);
    return true;
  }
  queue_watch(t);
  return true;
}

/* Who stepped aside and may be tried again goes before the line, unless the line begins with an earlier row: a hop. */
static struct transfer *next_waiting(struct pnet_queue *queue)
{
  struct transfer *first = list_empty(&queue->waiting) ? NULL : CONTAINER(queue->waiting.next, struct transfer, link);
  while(!list_empty(&queue->unblocked)) {
    struct lane *lane = CONTAINER(queue->unblocked.next, struct lane, unblocked);
    if(!list_empty(&lane->blocked)) {
      struct transfer *aside = CONTAINER(lane->blocked.next, struct transfer, link);
      return first && first->req.id < aside->req.id ? first : aside;
    }
    list_remove(&lane->unblocked);
  }
  return first;
}

/* Nobody in front of it in its lane. */
static bool admissible(const struct transfer *t, bool aside)
{
  const struct link *blocked = &t->lane->blocked;
  return aside || list_empty(blocked) || CONTAINER(blocked->next, struct transfer, link)->req.id > t->req.id;
}

static void step_aside(struct transfer *t)
{
  list_remove(&t->link);
  insert(&t->lane->blocked, t);
  t->queue->n_blocked++;
  queue_watch(t);
}

void queue_admit(struct pnet_queue *queue)
{
  struct transfer *t;
  struct lane *first = first_aside(queue);
  if(first && (linked(&first->unblocked) || !list_empty(&queue->starved))) {
    list_remove(&first->unblocked);
    list_push_front(&queue->unblocked, &first->unblocked); /* those who starve wait for it */
  }
  while(queue->in_flight < queue->config.in_flight && (t = next_waiting(queue))) {
    bool aside = t->lane != NULL; /* it stepped aside before */
    if(!aside) {
      t->lane = lane_get(queue, t);
      if(!t->lane) {
        transfer_abort(t, PNET_FAULT_MEMORY);
        continue;
      }
    }
    first = queue->in_flight + 1 == queue->config.in_flight ? first_aside(queue) : NULL;
    if(first && CONTAINER(first->blocked.next, struct transfer, link)->req.id < t->req.id) {
      if(!aside)
        leave_lane(t); /* it stays in the line */
      break;
    }
    if(admissible(t, aside) && admit(t)) {
      queue->n_blocked -= aside;
      continue;
    }
    if(aside)
      list_remove(&t->lane->unblocked);
    else
      step_aside(t);
  }
}

/* ---- mail ---- */

static struct transfer *find_held(struct pnet_queue *queue, uint64_t id)
{
  LIST_EACH(item, &queue->held)
  if(CONTAINER(item, struct transfer, link)->req.id == id)
    return CONTAINER(item, struct transfer, link);
  return NULL;
}

static void end_hop(struct pnet_queue *queue, struct transfer *held)
{
  leave_lane(held);
  transfer_recycle(queue->engine, held);
}

/* The next hop of a ticket: clocks go on where they stopped, and it is first in line for the slot just freed. */
static void receive_hop(struct pnet_queue *queue, struct transfer *t)
{
  struct transfer *held = find_held(queue, t->req.id);
  if(held) {
    t->submitted_us = held->submitted_us;
    t->admitted_us = held->admitted_us;
    if(held->deadline_us)
      t->deadline_us = held->deadline_us + (clock_us() - held->paused_us);
    end_hop(queue, held);
  }
  insert(&queue->waiting, t);
}

static void mark_cancelled(struct link *list, uint64_t id, bool all)
{
  LIST_EACH(item, list)
  {
    struct transfer *t = CONTAINER(item, struct transfer, link);
    if(all || t->req.id == id)
      t->cancelled = true;
  }
}

static void mark_everywhere(struct pnet_queue *queue, uint64_t id, bool all)
{
  mark_cancelled(&queue->waiting, id, all);
  mark_cancelled(&queue->running, id, all);
  for(size_t i = 0; i < queue->cap_lanes; i++)
    for(struct lane *lane = queue->lanes[i]; lane; lane = lane->chain)
      mark_cancelled(&lane->blocked, id, all);
  queue->cancelling = true;
}

/* A hop whose body is still arriving, and may be read. */
static void decide_hop(struct pnet_queue *queue, uint64_t id, bool stays)
{
  LIST_EACH(item, &queue->running)
  {
    struct transfer *t = CONTAINER(item, struct transfer, link);
    if(t->req.id != id || t->sink.kind != SINK_PIPE || !leads_on(t))
      continue;
    t->stays = stays;
    t->skips = !stays;
    queue->resuming = queue->resuming || !stays;
  }
}

static void take_config(struct pnet_queue *queue)
{
  struct pnet_queue_config old = queue->config;
  queue->config = queue->next_config;
  queue->config.buffer_bytes = old.buffer_bytes;
  queue->config.in_flight = old.in_flight;
  queue->config.per_host = old.per_host;
  queue->config.ordered = old.ordered;
  queue->engine->deadline_us = 0; /* look at every clock again */
}

void queue_read_mail(struct pnet_queue *queue)
{
  struct link *link;
  struct pnet_engine *engine = queue->engine;
  if(!linked(&queue->of_engine))
    list_push(&engine->queues, &queue->of_engine);
  while((link = list_pop(&queue->inbox))) {
    struct transfer *t = CONTAINER(link, struct transfer, link);
    t->state = T_WAITING;
    held_add(&engine->poller, t->body_fd);
    if(t->req.flags & PNET_REQ_HOP)
      receive_hop(queue, t);
    else
      list_push(&queue->waiting, &t->link);
    queue_watch(t);
  }
  queue->used -= queue->released;
  queue->released = 0;
  queue->consumed_head = queue->head;
  atomic_store_explicit(&queue->stat_body, queue->used, memory_order_relaxed);
  for(size_t i = 0; i < queue->n_orders; i += 2) {
    struct transfer *held;
    if(queue->orders[i] == ORDER_CANCEL)
      mark_everywhere(queue, queue->orders[i + 1], false);
    if(queue->orders[i] == ORDER_PIPE)
      queue->resuming = true;
    if(queue->orders[i] == ORDER_FEED)
      queue->feeding = true;
    if(queue->orders[i] == ORDER_HOP_END || queue->orders[i] == ORDER_HOP_SKIP)
      decide_hop(queue, queue->orders[i + 1], queue->orders[i] == ORDER_HOP_END);
    held = find_held(queue, queue->orders[i + 1]);
    if(held && queue->orders[i] == ORDER_HOP_END) {
      atomic_fetch_add_explicit(&queue->stat_done, 1, memory_order_relaxed);
      end_hop(queue, held);
    }
  }
  queue->n_orders = 0;
  if(queue->configured) {
    take_config(queue);
    queue->configured = false;
  }
  if(queue->closing) {
    while((link = queue->held.next) != &queue->held)
      end_hop(queue, CONTAINER(link, struct transfer, link));
    mark_everywhere(queue, 0, true);
  }
  queue_busy(queue);
}

void queue_resume(struct pnet_queue *queue)
{
  bool read = queue->resuming, written = queue->feeding;
  if(!read && !written)
    return;
  queue->resuming = queue->feeding = false;
  LIST_EACH_SAFE(item, &queue->running)
  {
    struct transfer *t = CONTAINER(item, struct transfer, link);
    bool goes_on = (read && t->sink.kind == SINK_PIPE && t->paused) || (written && (t->hungry || t->yielding));
    if(t->refused && written && transfer_finish_refused(t))
      continue;
    if(t->skips)
      transfer_skip(t);
    else if(goes_on) {
      t->paused = t->paused && !(read && t->sink.kind == SINK_PIPE);
      t->hungry = t->hungry && !written;
      t->yielding = t->yielding && !written;
      transfer_resume(t);
    }
  }
}

static void cancel_marked(struct link *list)
{
  LIST_EACH_SAFE(item, list)
  {
    struct transfer *t = CONTAINER(item, struct transfer, link);
    if(t->cancelled)
      transfer_abort(t, PNET_FAULT_CANCELLED);
  }
}

/* Blocked transfers go back to the line first: ending one may free its lane. */
static void unblock_marked(struct pnet_queue *queue)
{
  for(size_t i = 0; i < queue->cap_lanes; i++)
    for(struct lane *lane = queue->lanes[i]; lane; lane = lane->chain)
      LIST_EACH_SAFE(item, &lane->blocked)
      {
        struct transfer *t = CONTAINER(item, struct transfer, link);
        if(t->cancelled) {
          list_remove(&t->link);
          list_push(&queue->waiting, &t->link);
          queue->n_blocked--;
        }
      }
}

void queue_cancel(struct pnet_queue *queue)
{
  if(!queue->cancelling)
    return;
  queue->cancelling = false;
  unblock_marked(queue);
  cancel_marked(&queue->waiting);
  cancel_marked(&queue->running);
}

/* ---- clocks run out ---- */

static int64_t expire(struct link *list, int64_t now, bool running)
{
  int64_t next = NEVER;
  LIST_EACH_SAFE(item, list)
  {
    struct transfer *t = CONTAINER(item, struct transfer, link);
    enum pnet_fault fault;
    int64_t at = running ? running_deadline(t, &fault) : waiting_deadline(t, &fault);
    if(t->state == T_DRAINING || (running && t->refused && transfer_end_cut(t)))
      continue;
    if(at <= now)
      transfer_expire(t, fault);
    else
      next = earlier(next, at);
  }
  return next;
}

void queue_check_deadlines(struct pnet_queue *queue)
{
  struct pnet_engine *engine = queue->engine;
  int64_t next = expire(&queue->running, engine->now_us, true);
  if(queue->config.queue_time_us) {
    for(size_t i = 0; i < queue->cap_lanes; i++)
      for(struct lane *lane = queue->lanes[i]; lane; lane = lane->chain) {
        LIST_EACH(item, &lane->blocked)
        {
          struct transfer *t = CONTAINER(item, struct transfer, link);
          if(transfer_deadline(t) <= engine->now_us)
            t->cancelled = true;
          else
            next = earlier(next, transfer_deadline(t));
        }
      }
    unblock_marked(queue); /* they are found in the line below */
    next = earlier(next, expire(&queue->waiting, engine->now_us, false));
  }
  engine->deadline_us = earlier(engine->deadline_us, next);
}
