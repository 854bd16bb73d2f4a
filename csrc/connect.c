/* connect.c - libcurl's callbacks about sockets and connections: which are open where, what a new one speaks, and
 * whether a kept-alive one may be used. */
#include "internal.h"
#include "portable.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The entry's socket is gone, or about to go: it no longer counts as open where it was. */
static void forget_socket(struct pnet_engine *engine, int fd)
{
  struct socket_entry *entry = poller_entry(&engine->poller, fd);
  struct origin *origin = entry ? entry->origin : NULL;
  if(origin) {
    struct place *place = origin_place(origin, entry->shard);
    if(--place->open == 0)
      place->h2 = false;
    live_add(LIVE_SOCKETS, -1);
  }
  poller_forget(&engine->poller, fd);
  if(origin)
    origin_unref(engine, origin);
}

static bool too_many(struct transfer *t)
{
  unsigned limit = t->queue->config.max_addresses;
  return limit && ++t->tried > limit;
}

curl_socket_t on_open_socket(void *handle, curlsocktype purpose, struct curl_sockaddr *address)
{
  struct transfer *t = ((struct handle *)handle)->transfer;
  struct pnet_engine *engine = t->queue->engine;
  struct socket_entry *entry;
  int fd = portable_socket(address->family, address->socktype, address->protocol);
  (void)purpose;
  if(fd < 0) {
    t->done.os_errno = errno;
    return CURL_SOCKET_BAD;
  }
  forget_socket(engine, fd); /* one that was closed behind our back had this number before */
  entry = poller_entry(&engine->poller, fd);
  if(!entry || t->n_opened == MAX_OPENED || too_many(t)) {
    close(fd);
    return CURL_SOCKET_BAD;
  }
  held_add(&engine->poller, fd);
  entry->shard = t->shard;
  entry->origin = t->lane->origin;
  entry->opener = t;
  entry->origin->refs++;
  place_of(t)->open++;
  t->opened[t->n_opened++] = fd;
  t->fresh_socket = true;
  t->tls_begun = 0;
  live_add(LIVE_SOCKETS, 1);
  if(t->watched)
    watch_socket(t, &address->addr);
  if(t->probe && !t->secure)
    origin_settle(entry->origin, ORIGIN_H1); /* the name is resolved, and cleartext HTTP is not negotiated */
  return fd;
}

/* Whom the closing concerns: who uses the connection, or who has opened it and got no further than TCP. */
static struct transfer *concerned(struct pnet_engine *engine, int fd)
{
  const struct socket_entry *entry = poller_entry(&engine->poller, fd);
  if(!entry || !entry->origin)
    return NULL;
  if(entry->opener)
    return entry->opener->watched && entry->opener->told_connected ? entry->opener : NULL;
  return entry->user;
}

int on_close_socket(void *engine, curl_socket_t fd)
{
  const struct socket_entry *entry = poller_entry(&((struct pnet_engine *)engine)->poller, fd);
  struct transfer *t = concerned(engine, fd);
  int rc;
  if(entry && entry->sender)
    salvage_collect(entry->sender, fd);
  if(t)
    watch_closing(t);
  forget_socket(engine, fd);
  rc = close(fd);
  if(t)
    watch_closed(t);
  return rc;
}

static int local_port_of(int fd)
{
  struct sockaddr_storage name;
  socklen_t len = sizeof(name);
  if(getsockname(fd, (struct sockaddr *)&name, &len))
    return -1;
  if(name.ss_family == AF_INET)
    return ntohs(((struct sockaddr_in *)&name)->sin_port);
  return name.ss_family == AF_INET6 ? ntohs(((struct sockaddr_in6 *)&name)->sin6_port) : -1;
}

/* Of the sockets a transfer opened one carries the connection, and libcurl tells but its port. The others lost, or
 * all did: libcurl closes such sockets without calling on_close_socket. Returns the one, or -1. */
int sockets_settle(struct transfer *t, int local_port, int remote_port)
{
  struct pnet_engine *engine = t->queue->engine;
  int found = -1;
  for(int i = 0; i < t->n_opened; i++) {
    int fd = t->opened[i];
    struct socket_entry *entry = poller_entry(&engine->poller, fd);
    if(!entry || entry->opener != t)
      continue; /* closed, and told */
    if(local_port >= 0 && local_port_of(fd) == local_port) {
      entry->opener = NULL;
      found = fd;
      poller_name(&engine->poller, fd, local_port, remote_port);
    }
    else
      forget_socket(engine, fd);
  }
  t->n_opened = 0;
  t->tried = 0;
  return found;
}

/* libcurl sets up TLS with the origin, or before that with an HTTPS proxy, whose certificate is forgiven nothing. */
CURLcode on_tls(CURL *easy, void *context, void *handle)
{
  struct transfer *t = ((struct handle *)handle)->transfer;
  bool proxy = t->proxy && !strncmp(t->proxy, "https:", 6) && !t->tls_begun++;
  (void)easy;
  return proxy || openssl_forgive(context, forgiven(t)) ? CURLE_OK : CURLE_NOT_BUILT_IN;
}

int on_debug(CURL *easy, curl_infotype type, char *data, size_t len, void *handle)
{
  struct transfer *t = ((struct handle *)handle)->transfer;
  (void)easy;
  if(t->watched)
    watch_debug(t, type, data, len);
  if(type != CURLINFO_TEXT || len < 4)
    return 0;
  if(portable_find(data, len, "(IN), TLS handshake, Request CERT"))
    t->lane->origin->asks_cert = true;
  if(memcmp(data, "ALPN", 4))
    return 0;
  if(portable_find(data, len, "accepted"))
    t->alpn = portable_find(data, len, "h2") ? ORIGIN_H2 : ORIGIN_H1;
  else if(portable_find(data, len, "did not agree"))
    t->alpn = ORIGIN_H1;
  return 0;
}

/* Bytes on a kept-alive connection before anything was asked: they would be taken for the answer. Between requests
 * HTTP/1.1 has nothing to say; a late TLS session ticket costs a new connection, no more. */
static bool unsolicited_input(int fd)
{
  char byte;
  return fd >= 0 && (recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK));
}

/* The socket of a kept-alive connection, or -1. */
static int kept_socket(const struct transfer *t, int local_port, int remote_port)
{
  const struct poller *poller = &t->queue->engine->poller;
  const struct socket_entry *entry = poller_named(poller, local_port, remote_port);
  return entry && entry->shard == t->shard ? (int)(entry - poller->sockets) : -1;
}

/* Whether a kept-alive connection belongs to others: see origin.apart. libcurl knows it by less. */
static bool of_others(const struct transfer *t, int fd)
{
  const struct socket_entry *entry = fd >= 0 ? poller_entry(&t->queue->engine->poller, fd) : NULL;
  const struct origin *own = t->lane->origin;
  return entry && entry->origin && entry->origin != own && (entry->origin->apart || own->apart);
}

int on_prereq(void *handle, char *remote, char *local, int remote_port, int local_port)
{
  struct transfer *t = ((struct handle *)handle)->transfer;
  int fd;
  (void)remote;
  (void)local;
  t->connected = true;
  moved(t);
  queue_watch(t);
  if(t->probe && t->alpn != ORIGIN_UNKNOWN) {
    place_of(t)->h2 = t->alpn == ORIGIN_H2;
    origin_settle(t->lane->origin, t->alpn);
  }
  /* libcurl sends a request again when a kept-alive connection proves dead. RFC 9110 section 9.2.2 allows that for
   * idempotent methods; once is enough. */
  if(++t->starts > (t->idempotent ? 2 : 1)) {
    transfer_fail(t, PNET_FAULT_LOST, "the connection was closed before an answer, and the request is not sent twice");
    return CURL_PREREQFUNC_ABORT;
  }
  fd = t->fresh_socket && t->n_opened ? sockets_settle(t, local_port, remote_port)
                                      : kept_socket(t, local_port, remote_port);
  if(!t->fresh_socket && (of_others(t, fd) || (t->lane->origin->mode != ORIGIN_H2 && unsolicited_input(fd)))) {
    t->starts--;
    t->again = true; /* libcurl closes this connection; the transfer starts over on another */
    return CURL_PREREQFUNC_ABORT;
  }
  salvage_watch(t, fd);
  t->response.ended = false; /* what was answered before is no answer to this */
  if(t->watched)
    watch_request(t, fd);
  return CURL_PREREQFUNC_OK;
}
