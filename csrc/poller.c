/* poller.c - what is known of each descriptor, by its number; how it is waited for is in wait_epoll.c and wait_poll.c. */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

void poller_free(struct poller *poller)
{
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

void poller_forget(struct poller *poller, int fd)
{
  if((size_t)fd >= poller->n_sockets)
    return;
  poller->waiter->forget(poller, fd, &poller->sockets[fd]);
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
