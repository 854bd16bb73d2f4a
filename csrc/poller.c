/* poller.c - readiness of sockets through epoll with lazy interest. Knows neither transfers nor limits.
 *
 * libcurl drops its interest in a socket after each transfer and asks for it again at the next one. Telling
 * epoll each time costs two system calls a request, so interest that was dropped stays registered until an
 * event arrives on it, and changes are applied together just before waiting.
 * Only sockets we opened (entry.origin) are treated so: libcurl closes others, such as its resolver's
 * wake-up pair, behind our back, and a number that comes back would be taken for registered.
 * Invariant: entry.have is what epoll holds; poller_forget runs before every close, because epoll keeps a closed
 * socket alive when a forked child still holds a copy. */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

int poller_init(struct poller *poller)
{
  struct epoll_event event = {.events = EPOLLIN};
  poller->wake_fd = -1;
  poller->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  if(poller->epoll_fd < 0)
    return PNET_SYSTEM;
  poller->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  event.data.fd = poller->wake_fd;
  if(poller->wake_fd < 0 || epoll_ctl(poller->epoll_fd, EPOLL_CTL_ADD, poller->wake_fd, &event)) {
    poller_free(poller);
    return PNET_SYSTEM;
  }
  return PNET_OK;
}

void poller_free(struct poller *poller)
{
  if(poller->wake_fd >= 0)
    close(poller->wake_fd);
  if(poller->epoll_fd >= 0)
    close(poller->epoll_fd);
  free(poller->sockets);
  free(poller->dirty);
  free(poller->port_owner);
}

struct socket_entry *poller_entry(struct poller *poller, int fd)
{
  size_t index = (size_t)fd;
  if(index >= poller->n_sockets) {
    size_t n = index + index / 2 + 64;
    struct socket_entry *grown = realloc(poller->sockets, n * sizeof(*grown));
    if(!grown)
      return NULL;
    memset(grown + poller->n_sockets, 0, (n - poller->n_sockets) * sizeof(*grown));
    poller->sockets = grown;
    poller->n_sockets = n;
  }
  return &poller->sockets[index];
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

static void unregister(struct poller *poller, int fd, struct socket_entry *entry)
{
  if(entry->have)
    epoll_ctl(poller->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
  entry->have = 0;
}

int poller_want(struct poller *poller, int fd, int what, struct shard *shard)
{
  struct socket_entry *entry = poller_entry(poller, fd);
  if(!entry)
    return PNET_NOMEM;
  entry->shard = shard;
  entry->want = what == CURL_POLL_REMOVE ? 0 : (uint8_t)what;
  if(!entry->want && (!entry->origin || entry->opener)) {
    unregister(poller, fd, entry);
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

void poller_flush(struct poller *poller)
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

void poller_forget(struct poller *poller, int fd)
{
  if((size_t)fd >= poller->n_sockets)
    return;
  unregister(poller, fd, &poller->sockets[fd]);
  memset(&poller->sockets[fd], 0, sizeof(poller->sockets[fd]));
}

void poller_name(struct poller *poller, int fd, int local_port, int remote_port)
{
  struct socket_entry *entry = poller_entry(poller, fd);
  if(!poller->port_owner) {
    poller->port_owner = malloc(65536 * sizeof(int));
    if(!poller->port_owner)
      return; /* the check that needs it is left out then */
    for(size_t i = 0; i < 65536; i++)
      poller->port_owner[i] = -1;
  }
  if(entry) {
    entry->local_port = (uint16_t)local_port;
    entry->remote_port = (uint16_t)remote_port;
    poller->port_owner[entry->local_port] = fd;
  }
}

struct socket_entry *poller_named(const struct poller *poller, int local_port, int remote_port)
{
  int fd = poller->port_owner ? poller->port_owner[local_port & 0xffff] : -1;
  struct socket_entry *entry;
  if(fd < 0 || (size_t)fd >= poller->n_sockets)
    return NULL;
  entry = &poller->sockets[fd];
  return entry->local_port == local_port && entry->remote_port == remote_port ? entry : NULL;
}

void poller_wake(struct poller *poller)
{
  uint64_t one = 1;
  ssize_t written = write(poller->wake_fd, &one, sizeof(one));
  (void)written; /* a full counter is a wake-up already */
}
