/* wait_epoll.c - readiness of sockets through epoll with lazy interest, for many multi handles. Linux only.
 *
 * libcurl drops its interest in a socket after each transfer and asks for it again at the next one. Telling
 * epoll each time costs two system calls a request, so interest that was dropped stays registered until an
 * event arrives on it, and changes are applied together just before waiting.
 * Only sockets we opened (entry.origin) that are connected (no entry.opener) are treated so, and what lasts as long as
 * the multi handle (shard.inner): libcurl closes others, such as its older resolver's pair, behind our back, and a
 * number that comes back would be taken for registered.
 * Invariant: entry.have is what epoll holds; forget runs before every close, because epoll keeps a closed
 * socket alive when a forked child still holds a copy. */
#include "internal.h"

#ifdef PNET_LINUX

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define EVENTS 256

static int begin(struct pnet_engine *engine)
{
  struct poller *poller = &engine->poller;
  struct epoll_event event = {.events = EPOLLIN};
  poller->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  if(poller->epoll_fd < 0)
    return PNET_SYSTEM;
  poller->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  event.data.fd = poller->wake_fd;
  if(poller->wake_fd < 0 || epoll_ctl(poller->epoll_fd, EPOLL_CTL_ADD, poller->wake_fd, &event))
    return PNET_SYSTEM;
  held_add(poller, poller->epoll_fd);
  held_add(poller, poller->wake_fd);
  return PNET_OK;
}

static void end(struct pnet_engine *engine)
{
  const struct poller *poller = &engine->poller;
  if(poller->wake_fd >= 0)
    close(poller->wake_fd);
  if(poller->epoll_fd >= 0)
    close(poller->epoll_fd);
}

static uint32_t epoll_bits(int what)
{
  return (what & CURL_POLL_IN ? (uint32_t)EPOLLIN : 0) | (what & CURL_POLL_OUT ? (uint32_t)EPOLLOUT : 0);
}

static void apply(struct poller *poller, int fd, struct socket_entry *entry)
{
  struct epoll_event event = {.events = epoll_bits(entry->want)};
  event.data.fd = fd;
  if(epoll_ctl(poller->epoll_fd, entry->have ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event) && errno == EEXIST)
    epoll_ctl(poller->epoll_fd, EPOLL_CTL_MOD, fd, &event);
  entry->have = entry->want;
}

static void forget(struct poller *poller, int fd, struct socket_entry *entry)
{
  if(entry->have)
    epoll_ctl(poller->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
  entry->have = 0;
}

static int want(struct poller *poller, int fd, int what, struct shard *shard)
{
  struct socket_entry *entry = poller_entry(poller, fd);
  bool brief;
  if(!entry)
    return PNET_NOMEM;
  entry->shard = shard;
  entry->want = what == CURL_POLL_REMOVE ? 0 : (uint8_t)what;
  brief = !entry->origin && fd != shard->inner[0];
  if(brief && entry->want)
    held_add(poller, fd);
  else if(brief)
    held_drop(poller, fd);
  if(!entry->want && (brief || entry->opener)) {
    forget(poller, fd, entry);
    return PNET_OK;
  }
  if(entry->dirty || entry->want == entry->have || !entry->want)
    return PNET_OK;
  if(poller->n_dirty == poller->cap_dirty) {
    size_t cap = poller->cap_dirty * 2 + 64;
    int *grown = realloc(poller->dirty, cap * sizeof(*grown));
    if(!grown) {
      apply(poller, fd, entry);
      return PNET_OK;
    }
    poller->dirty = grown;
    poller->cap_dirty = cap;
  }
  entry->dirty = true;
  poller->dirty[poller->n_dirty++] = fd;
  return PNET_OK;
}

static void flush(struct poller *poller)
{
  for(size_t i = 0; i < poller->n_dirty; i++) {
    int fd = poller->dirty[i];
    struct socket_entry *entry = &poller->sockets[fd];
    if(!entry->dirty)
      continue;
    entry->dirty = false;
    if(entry->want && entry->want != entry->have)
      apply(poller, fd, entry);
  }
  poller->n_dirty = 0;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *data, void *unused)
{
  struct shard *shard = data;
  (void)easy;
  (void)unused;
  return want(&shard->engine->poller, fd, what, shard) == PNET_OK ? 0 : -1;
}

static int on_timer(CURLM *multi, long timeout_ms, void *data)
{
  struct shard *shard = data;
  (void)multi;
  shard->timer_us = timeout_ms < 0 ? NEVER : timeout_ms ? clock_us() + timeout_ms * 1000 : 0;
  return 0;
}

static void attach(struct shard *shard)
{
  curl_multi_setopt(shard->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
  curl_multi_setopt(shard->multi, CURLMOPT_SOCKETDATA, shard);
  curl_multi_setopt(shard->multi, CURLMOPT_TIMERFUNCTION, on_timer);
  curl_multi_setopt(shard->multi, CURLMOPT_TIMERDATA, shard);
}

static int64_t due_us(const struct shard *shard)
{
  return shard->timer_us;
}

static void run(struct shard *shard, int fd, int bits)
{
  int running;
  if(fd == CURL_SOCKET_TIMEOUT)
    shard->timer_us = NEVER; /* libcurl sets it anew while it runs */
  curl_multi_socket_action(shard->multi, fd, bits, &running);
}

static void take_event(struct pnet_engine *engine, const struct epoll_event *event)
{
  int fd = event->data.fd, bits = 0;
  struct socket_entry *entry;
  uint64_t count;
  if(fd == engine->poller.wake_fd) {
    ssize_t got = read(fd, &count, sizeof(count));
    (void)got;
    return;
  }
  entry = poller_entry(&engine->poller, fd);
  if(!entry || !entry->shard)
    return;
  if(!entry->want) { /* idle: libcurl looks at it before it uses it again; until then it must not wake us */
    epoll_ctl(engine->poller.epoll_fd, EPOLL_CTL_DEL, fd, NULL);
    entry->have = 0;
    return;
  }
  if(event->events & (EPOLLIN | EPOLLHUP | EPOLLERR))
    bits |= CURL_CSELECT_IN;
  if(event->events & EPOLLOUT)
    bits |= CURL_CSELECT_OUT;
  if(event->events & EPOLLERR)
    bits |= CURL_CSELECT_ERR;
  if(bits == CURL_CSELECT_OUT && entry->sender && socket_has_input(fd))
    bits |= CURL_CSELECT_IN; /* since then; see upload_must_yield */
  shard_run(entry->shard, fd, bits);
}

static enum loop_rc wait_events(struct pnet_engine *engine, int timeout_ms)
{
  struct epoll_event events[EVENTS];
  int n, error;
  turn_end(engine);
  n = epoll_wait(engine->poller.epoll_fd, events, EVENTS, timeout_ms);
  error = n < 0 ? errno : 0;
  engine->blocked = false;
  turn_begin(engine);
  engine->now_us = clock_us();
  for(int i = 0; i < n; i++)
    take_event(engine, &events[i]);
  return error == EINTR ? LOOP_SIGNAL : LOOP_OK;
}

static void wake(struct pnet_engine *engine)
{
  uint64_t one = 1;
  ssize_t written = write(engine->poller.wake_fd, &one, sizeof(one));
  (void)written; /* a full counter is a wake-up already */
}

const struct waiter wait_epoll = {.sharded = true,
                                  .begin = begin,
                                  .end = end,
                                  .attach = attach,
                                  .due_us = due_us,
                                  .run = run,
                                  .flush = flush,
                                  .forget = forget,
                                  .wait = wait_events,
                                  .wake = wake};

#else
typedef int wait_epoll_is_not_here;
#endif
