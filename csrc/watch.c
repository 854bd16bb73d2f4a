/* watch.c - a watched transfer: libcurl's signals as events. libcurl says "connected" only in its log, and otherwise the
 * first bytes of a TLS handshake, of a CONNECT or of the request itself prove it: whichever comes first counts. */
#include "internal.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

static void record(struct transfer *t, enum pnet_event_kind kind, uint64_t value)
{
  event_record(t, kind, value, NULL, 0);
}

int on_resolve(void *resolver, void *reserved, void *handle)
{
  struct transfer *t = ((struct handle *)handle)->transfer;
  (void)resolver;
  (void)reserved;
  if(t->watched)
    record(t, PNET_EVENT_RESOLVING, 0);
  return 0;
}

void watch_socket(struct transfer *t, const struct sockaddr *address)
{
  unsigned port = 0;
  t->address[0] = 0;
  if(address->sa_family == AF_INET) {
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)address;
    inet_ntop(AF_INET, &v4->sin_addr, t->address, sizeof(t->address));
    port = ntohs(v4->sin_port);
  }
  else if(address->sa_family == AF_INET6) {
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)address;
    inet_ntop(AF_INET6, &v6->sin6_addr, t->address, sizeof(t->address));
    port = ntohs(v6->sin6_port);
  }
  t->told_connected = false;
  t->asking = false;
  t->port = port;
  event_record(t, PNET_EVENT_CONNECTING, port, t->address, strlen(t->address));
}

static void tell_connected(struct transfer *t, const char *address, size_t len)
{
  if(t->told_connected || !t->fresh_socket)
    return;
  t->told_connected = true;
  event_record(t, PNET_EVENT_CONNECTED, t->port, address, len);
}

void watch_request(struct transfer *t, int fd)
{
  tell_connected(t, t->address, strlen(t->address));
  t->asking = true;
  t->sent = 0;
  t->fd = fd;
  if(fd >= 0)
    poller_entry(&t->queue->engine->poller, fd)->user = t;
  record(t, PNET_EVENT_SENDING, 0);
}

static void finish_sending(struct transfer *t)
{
  if(!t->sent)
    return;
  record(t, PNET_EVENT_SENT, t->sent);
  t->sent = 0;
}

static bool is_address(const char *text, size_t len)
{
  char copy[64];
  struct in6_addr parsed;
  if(len >= sizeof(copy))
    return false;
  memcpy(copy, text, len);
  copy[len] = 0;
  return inet_pton(AF_INET, copy, &parsed) == 1 || inet_pton(AF_INET6, copy, &parsed) == 1;
}

/* "Connected to NAME (ADDRESS) port ..." or "Established connection to NAME (ADDRESS port ...) from ...". The name may be
 * anything, "(nil)" among others. */
static void read_log(struct transfer *t, const char *line, size_t len)
{
  const char *end = line + len;
  if(!(len > 13 && !memcmp(line, "Connected to ", 13)) && !(len > 12 && !memcmp(line, "Established ", 12)))
    return;
  while((line = memchr(line, '(', (size_t)(end - line)))) {
    const char *close = ++line;
    while(close < end && *close != ')' && *close != ' ')
      close++;
    if(is_address(line, (size_t)(close - line))) {
      tell_connected(t, line, (size_t)(close - line));
      return;
    }
  }
  tell_connected(t, t->address, strlen(t->address));
}

void watch_debug(struct transfer *t, curl_infotype type, const char *data, size_t len)
{
  switch(type) {
  case CURLINFO_TEXT:
    read_log(t, data, len);
    break;
  case CURLINFO_SSL_DATA_OUT:
    tell_connected(t, t->address, strlen(t->address));
    break;
  case CURLINFO_HEADER_OUT:
    if(!t->asking) { /* CONNECT: libcurl announces only the request itself */
      tell_connected(t, t->address, strlen(t->address));
      record(t, PNET_EVENT_SENDING, 0);
      record(t, PNET_EVENT_SENT, len);
      t->tunnel = 0;
      break;
    }
    t->sent += len;
    t->sent_body = 0;
    if(!t->upload_len || t->req.flags & PNET_REQ_UPLOAD)
      finish_sending(t); /* whoever writes the body knows of its parts */
    break;
  case CURLINFO_DATA_OUT:
    if(t->req.flags & PNET_REQ_UPLOAD)
      break;
    t->sent += len;
    t->sent_body += len;
    if(t->sent_body >= (uint64_t)t->upload_len)
      finish_sending(t);
    break;
  case CURLINFO_HEADER_IN:
    if(t->asking)
      break; /* on_header counts these */
    t->tunnel += len;
    if(len <= 2 && data[len - 1] == '\n')
      record(t, PNET_EVENT_RECEIVED, t->tunnel);
    break;
  default:
    break;
  }
}

void watch_head(struct transfer *t)
{
  if(t->response.status < 200) {
    record(t, PNET_EVENT_INTERIM, (uint64_t)t->response.status);
    return;
  }
  finish_sending(t); /* the answer came before all was sent */
  record(t, PNET_EVENT_RECEIVED, t->head_len);
}

void watch_closing(struct transfer *t)
{
  finish_sending(t);
  record(t, PNET_EVENT_CLOSING, 0);
}

void watch_closed(struct transfer *t)
{
  t->fd = -1;
  record(t, PNET_EVENT_CLOSED, 0);
}

void watch_cut(struct transfer *t)
{
  int fd = t->fd;
  if(fd < 0)
    return;
  watch_leave(t);
  watch_closing(t);
  shutdown(fd, SHUT_RDWR); /* libcurl believes it alive, and closes it when it finds out */
  watch_closed(t);
}

void watch_leave(struct transfer *t)
{
  struct socket_entry *entry = t->fd >= 0 ? poller_entry(&t->queue->engine->poller, t->fd) : NULL;
  if(entry && entry->user == t)
    entry->user = NULL;
  t->fd = -1;
}
