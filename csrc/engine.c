/* engine.c - the engine's life, and who runs its loop.
 *
 * At any time at most one thread is the driver. A thread that waits for results drives the loop itself: handing each
 * result over from another thread would cost a wake-up a call. While nobody waits, the engine's own thread drives, so
 * transfers go on. Handing back is lazy: a waiter that leaves wakes nobody; the engine's thread looks every NAP_US
 * whether the loop was left alone. A waiter that finds the engine's thread driving asks for the loop (takeover); a
 * thread that closes something asks whoever drives (insisting), and goes first. */
#include "internal.h"
#include "portable.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAP_US 1000      /* a loop left alone for so long is taken up by the engine's thread */
#define NAP_MAX_US 16000 /* between looks while one waiter drives on and on */
#define TURN_US 1000000  /* longest wait in one turn of the engine's thread */
#define BROKEN 3         /* so often the promise to turn the loop may be broken before it is forgotten */
#define LINGER 64        /* naps with nothing to do before the thread sleeps without limit, while it is attended */

static void global_init(void)
{
  curl_global_init(CURL_GLOBAL_DEFAULT);
  fork_watch();
}

bool engine_alien(const struct pnet_engine *engine)
{
  return engine->generation != fork_generation();
}

int sleeper_init(struct sleeper *sleeper)
{
  sleeper->link.next = sleeper->link.prev = NULL;
  return portable_cond_init(&sleeper->wake);
}

/* ---- who drives ---- */

/* Whether the loop has anything to do at all. */
static bool has_work(const struct pnet_engine *engine)
{
  return engine->outstanding || !list_empty(&engine->mail);
}

void engine_wake_driver(struct pnet_engine *engine)
{
  if(engine->blocked) {
    engine->blocked = false;
    engine->poller.waiter->wake(engine);
  }
  else if(engine->idle) {
    engine->idle = false;
    pthread_cond_signal(&engine->wake);
  }
}

/* Lock held, nobody drives: somebody has to, if anything is outstanding. */
void engine_hand_over(struct pnet_engine *engine)
{
  if(engine->driver != DRIVER_NONE)
    return;
  if(!list_empty(&engine->sleepers))
    pthread_cond_signal(&CONTAINER(engine->sleepers.next, struct sleeper, link)->wake);
  else if(engine->idle && has_work(engine)) {
    engine->idle = false;
    pthread_cond_signal(&engine->wake);
  }
}

static void sleep_on(struct pnet_engine *engine, struct sleeper *sleeper, int64_t until_us, bool first)
{
  if(first)
    list_push_front(&engine->sleepers, &sleeper->link);
  else
    list_push(&engine->sleepers, &sleeper->link);
  if(until_us == NEVER)
    pthread_cond_wait(&sleeper->wake, &engine->lock);
  else
    portable_cond_wait(&sleeper->wake, &engine->lock, until_us);
  list_remove(&sleeper->link);
}

static void take(struct pnet_engine *engine, enum driver who)
{
  engine->driver = who;
  engine->takeover = false;
  engine->drives++;
}

static void ask_for_loop(struct pnet_engine *engine)
{
  engine->takeover = true;
  if(engine->blocked)
    engine_wake_driver(engine);
}

bool engine_take_loop(struct pnet_engine *engine, struct sleeper *sleeper, int64_t until_us)
{
  if(engine->driver == DRIVER_NONE && !engine->insisting) {
    take(engine, DRIVER_WAITER);
    return true;
  }
  if(engine->driver == DRIVER_ENGINE)
    ask_for_loop(engine);
  sleep_on(engine, sleeper, until_us, false);
  return false;
}

bool engine_try_loop(struct pnet_engine *engine)
{
  if(engine->driver == DRIVER_NONE && !engine->insisting) {
    take(engine, DRIVER_WAITER);
    return true;
  }
  if(engine->driver == DRIVER_ENGINE)
    ask_for_loop(engine);
  return false;
}

void engine_seize_loop(struct pnet_engine *engine)
{
  struct sleeper self;
  sleeper_init(&self);
  engine->insisting++;
  while(engine->driver != DRIVER_NONE) {
    ask_for_loop(engine);
    sleep_on(engine, &self, NEVER, true);
  }
  engine->insisting--;
  take(engine, DRIVER_WAITER);
  pthread_cond_destroy(&self.wake);
}

void engine_leave_loop(struct pnet_engine *engine)
{
  engine->driver = DRIVER_NONE;
  engine->takeover = false;
  engine->driven_us = engine->now_us;
  engine_hand_over(engine);
}

bool engine_has_news(const struct pnet_engine *engine)
{
  return !list_empty(&engine->finished) || !list_empty(&engine->news);
}

/* Lock held: something can be reaped. */
static void tell(struct pnet_queue *queue)
{
  uint64_t one = 1;
  if(linked(&queue->reaper.link))
    pthread_cond_signal(&queue->reaper.wake);
  if(queue->notify_fd < 0 || queue->notified || queue->notify_fd == queue->engine->quiet_fd)
    return;
  queue->notified = write(queue->notify_fd, &one, sizeof(one)) == sizeof(one);
}

void engine_publish(struct pnet_engine *engine)
{
  struct link *link;
  pthread_mutex_lock(&engine->lock);
  while((link = list_pop(&engine->news))) {
    struct pnet_queue *queue = CONTAINER(link, struct pnet_queue, news);
    events_publish(queue);
    tell(queue);
  }
  while((link = list_pop(&engine->finished))) {
    struct transfer *t = CONTAINER(link, struct transfer, link);
    struct pnet_queue *queue = t->queue;
    t->state = T_DONE;
    list_push(&queue->done, &t->link);
    queue->n_done++;
    queue->outstanding--;
    engine->outstanding--;
    tell(queue);
  }
  pthread_mutex_unlock(&engine->lock);
}

static void nap(struct pnet_engine *engine, int64_t us)
{
  portable_cond_wait(&engine->wake, &engine->lock, clock_us() + us);
}

static void drive_for_nobody(struct pnet_engine *engine)
{
  take(engine, DRIVER_ENGINE);
  while(!engine->takeover && !engine->stopping && has_work(engine)) {
    pthread_mutex_unlock(&engine->lock);
    loop_once(engine, TURN_US);
    pthread_mutex_lock(&engine->lock);
  }
  engine_leave_loop(engine);
}

/* An event loop has promised to turn the loop: look now and then whether it does, and do one turn if not. */
static void mind(struct pnet_engine *engine, uint64_t *seen)
{
  bool same = engine->drives == *seen;
  *seen = engine->drives;
  nap(engine, NAP_MAX_US);
  if(!same || engine->drives != *seen || engine->driver != DRIVER_NONE || engine->insisting || engine->stopping)
    return;
  take(engine, DRIVER_ENGINE);
  pthread_mutex_unlock(&engine->lock);
  loop_turn(engine);
  pthread_mutex_lock(&engine->lock);
  engine_leave_loop(engine);
  engine->broken++;
  *seen = engine->drives;
}

static void *engine_main(void *arg)
{
  struct pnet_engine *engine = arg;
  int64_t nap_us = NAP_US;
  uint64_t seen = 0;
  int lingered = 0;
  pthread_mutex_lock(&engine->lock);
  while(!engine->stopping) {
    bool attended = engine->attendants && engine->broken < BROKEN;
    if(!has_work(engine) && attended && lingered++ < LINGER)
      nap(engine, NAP_MAX_US);
    else if(!has_work(engine)) {
      lingered = 0;
      engine->idle = true;
      pthread_cond_wait(&engine->wake, &engine->lock);
      engine->idle = false;
      nap_us = NAP_US;
    }
    else if(attended && list_empty(&engine->sleepers)) {
      lingered = 0;
      mind(engine, &seen);
    }
    else if(engine->driver != DRIVER_NONE || !list_empty(&engine->sleepers)) {
      bool same = engine->drives == seen;
      seen = engine->drives;
      nap_us = same && nap_us < NAP_MAX_US ? nap_us * 2 : NAP_US;
      nap(engine, nap_us);
      engine_hand_over(engine); /* a sleeper that was woken may have left without driving */
    }
    else {
      int64_t alone = clock_us() - engine->driven_us;
      nap_us = NAP_US;
      if(alone < NAP_US)
        nap(engine, NAP_US - alone);
      else
        drive_for_nobody(engine);
    }
  }
  pthread_mutex_unlock(&engine->lock);
  return NULL;
}

/* ---- life ---- */

static struct curl_slist *list_of(const char *lines, bool *failed)
{
  struct curl_slist *list = NULL, *grown;
  while(lines && *lines) {
    const char *end = strchr(lines, '\n');
    char *line = end ? strndup(lines, (size_t)(end - lines)) : strdup(lines);
    grown = line ? curl_slist_append(list, line) : NULL;
    free(line);
    if(!grown) {
      *failed = true;
      break;
    }
    list = grown;
    lines = end ? end + 1 : NULL;
  }
  return list;
}

static char *copy_of(const char *text, bool *failed)
{
  char *copy = text && *text ? strdup(text) : NULL;
  if(text && *text && !copy)
    *failed = true;
  return copy;
}

/* Close every connection (driver, nothing in flight). */
static void disconnect(struct pnet_engine *engine)
{
  struct link *link;
  while((link = list_pop(&engine->handles)))
    handle_free(CONTAINER(link, struct handle, link));
  for(size_t i = 0; i < engine->n_shards; i++)
    shard_free(engine->shards[i]);
  free(engine->shards);
  engine->shards = NULL;
  engine->n_shards = 0;
}

static void destroy(struct pnet_engine *engine)
{
  struct link *link;
  fork_lock();
  fork_remove(engine);
  disconnect(engine);
  if(engine->share)
    curl_share_cleanup(engine->share);
  while((link = list_pop(&engine->pool)))
    transfer_destroy(CONTAINER(link, struct transfer, link));
  if(engine->poller.waiter)
    engine->poller.waiter->end(engine);
  poller_free(&engine->poller);
  fork_unlock();
  free(engine->origins);
  curl_slist_free_all(engine->default_headers);
  curl_slist_free_all(engine->raw_headers);
  curl_slist_free_all(engine->bare_headers);
  curl_slist_free_all(engine->connect_to);
  free(engine->ca_file);
  pthread_cond_destroy(&engine->wake);
  pthread_mutex_destroy(&engine->turn);
  pthread_mutex_destroy(&engine->lock);
  free(engine);
  live_add(LIVE_ENGINES, -1);
}

/* PYINET_DRIVER=poll: as on platforms without epoll. */
static const struct waiter *choose_waiter(void)
{
#ifdef PNET_LINUX
  const char *name = getenv("PYINET_DRIVER");
  if(!name || strcmp(name, "poll"))
    return &wait_epoll;
#endif
  return &wait_poll;
}

static int begin_waiting(struct pnet_engine *engine)
{
  int rc;
  fork_lock();
  fork_add(engine);
  engine->poller.waiter = choose_waiter();
  rc = engine->poller.waiter->begin(engine);
  fork_unlock();
  return rc;
}

int pnet_engine_new(const struct pnet_engine_config *config, struct pnet_engine **out)
{
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  struct pnet_engine *engine;
  bool failed = false;
  int rc;
  pthread_once(&once, global_init);
  engine = calloc(1, sizeof(*engine));
  if(!engine)
    return PNET_NOMEM;
  live_add(LIVE_ENGINES, 1);
  engine->generation = fork_generation();
  engine->refs = 1;
  engine->deadline_us = NEVER;
  engine->quiet_fd = -1;
  pthread_mutex_init(&engine->lock, NULL);
  pthread_mutex_init(&engine->turn, NULL);
  portable_cond_init(&engine->wake);
  list_init(&engine->queues);
  list_init(&engine->mail);
  list_init(&engine->sleepers);
  list_init(&engine->pool);
  list_init(&engine->roomy);
  list_init(&engine->touched);
  list_init(&engine->handles);
  list_init(&engine->finished);
  list_init(&engine->busy);
  list_init(&engine->news);
  engine->ca_file = copy_of(config->ca_file, &failed);
  engine->capitals = handle_capitals();
  engine->fresh_handles = handles_must_be_fresh();
  engine->default_headers = list_of(config->default_headers, &failed);
  engine->raw_headers = list_of(config->raw_headers, &failed);
  engine->bare_headers = list_of(config->bare_headers, &failed);
  engine->connect_to = list_of(config->resolve, &failed);
  engine->share = curl_share_init();
  engine->poller.epoll_fd = engine->poller.wake_fd = -1;
  rc = failed || !engine->share ? PNET_NOMEM : begin_waiting(engine);
  if(rc) {
    destroy(engine);
    return rc;
  }
  curl_share_setopt(engine->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS);
  curl_share_setopt(engine->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
  *out = engine;
  return PNET_OK;
}

/* Start the engine's thread with every signal blocked: signals belong to the threads of the program. Lock held. */
static int start_thread(struct pnet_engine *engine)
{
  sigset_t all, old;
  int rc;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &old);
  rc = pthread_create(&engine->thread, NULL, engine_main, engine);
  pthread_sigmask(SIG_SETMASK, &old, NULL);
  engine->started = !rc;
  return rc ? PNET_SYSTEM : PNET_OK;
}

int engine_begin(struct pnet_engine *engine)
{
  if(engine->stopping)
    return PNET_CLOSED;
  return engine->started ? PNET_OK : start_thread(engine);
}

/* Every queue there is anything of: those the driver knows, and those whose first mail is unread. */
static void cancel_all(struct pnet_engine *engine)
{
  LIST_EACH(item, &engine->mail)
  CONTAINER(item, struct pnet_queue, mail)->closing = true;
  LIST_EACH(item, &engine->queues)
  {
    struct pnet_queue *queue = CONTAINER(item, struct pnet_queue, of_engine);
    queue->closing = true;
    if(!linked(&queue->mail))
      list_push(&engine->mail, &queue->mail);
  }
}

int pnet_engine_stop(struct pnet_engine *engine)
{
  bool join;
  if(engine_alien(engine))
    return PNET_FORKED;
  pthread_mutex_lock(&engine->lock);
  join = engine->started && !engine->stopping;
  engine->stopping = true;
  engine->idle = false;
  pthread_cond_signal(&engine->wake);
  if(engine->blocked)
    engine->poller.waiter->wake(engine);
  pthread_mutex_unlock(&engine->lock);
  if(join)
    pthread_join(engine->thread, NULL);
  pthread_mutex_lock(&engine->lock);
  engine_seize_loop(engine);
  if(!engine->stopped) {
    cancel_all(engine);
    while(has_work(engine)) {
      pthread_mutex_unlock(&engine->lock);
      loop_once(engine, 0);
      pthread_mutex_lock(&engine->lock);
    }
    LIST_EACH(item, &engine->queues)
    queue_drop(CONTAINER(item, struct pnet_queue, of_engine));
    pthread_mutex_unlock(&engine->lock);
    turn_begin(engine);
    disconnect(engine);
    turn_end(engine);
    pthread_mutex_lock(&engine->lock);
    engine->stopped = true;
  }
  engine_leave_loop(engine);
  LIST_EACH(item, &engine->sleepers)
  pthread_cond_signal(&CONTAINER(item, struct sleeper, link)->wake);
  pthread_mutex_unlock(&engine->lock);
  return PNET_OK;
}

void engine_unref(struct pnet_engine *engine)
{
  if(atomic_fetch_sub(&engine->refs, 1) == 1)
    destroy(engine);
}

void pnet_engine_free(struct pnet_engine *engine)
{
  if(!engine || pnet_engine_stop(engine) == PNET_FORKED)
    return; /* in a forked child the memory is left as it is: see fork.c */
  engine_unref(engine);
}
