/* salvage.c - an answer that has arrived and was not read before sending failed.
 *
 * A server that answers before it has read the whole body and closes resets the connection. However late one looks for
 * input before sending (upload_must_yield), the reset may come in between: libcurl then reports that sending failed, and
 * closes the socket with the answer still in it. Here it is read from there. Not for TLS: its keys are libcurl's. */
#include "internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define MOST (PNET_MAX_HEADER_BYTES + PNET_SMALL_BODY)

void salvage_watch(struct transfer *t, int fd)
{
  struct poller *poller = &t->queue->engine->poller;
  struct socket_entry *entry = t->on_fd >= 0 ? poller_entry(poller, t->on_fd) : NULL;
  if(entry && entry->sender == t)
    entry->sender = NULL;
  free(t->saved);
  t->saved = NULL;
  t->saved_len = 0;
  t->on_fd = fd;
  entry = fd >= 0 && sent_by_pieces(t) ? poller_entry(poller, fd) : NULL;
  if(entry)
    entry->sender = t;
}

void salvage_collect(struct transfer *t, int fd)
{
  size_t cap = 16384;
  ssize_t got = 0;
  if(t->done.fault || t->secure || has_answer(t) || (t->head_len && !t->response.ended))
    return;
  t->saved_len = 0;
  do {
    uint8_t *grown = t->saved_len < cap && t->saved ? t->saved : realloc(t->saved, t->saved ? cap *= 2 : cap);
    if(!grown)
      return;
    t->saved = grown;
    got = recv(fd, t->saved + t->saved_len, cap - t->saved_len, MSG_DONTWAIT);
    t->saved_len += got > 0 ? (size_t)got : 0;
  } while(got > 0 && t->saved_len < MOST);
}

static bool take_body(struct transfer *t, char *data, size_t len)
{
  bool chunked = in_chunks(t);
  int64_t n = chunked ? (int64_t)len : t->response.content_length;
  if(!has_body(t))
    return true;
  if(n < 0 || (size_t)n > len)
    return false;
  return (!n || on_body(data, 1, (size_t)n, t->handle) == (size_t)n) && (!chunked || t->chunks.state == CHUNKS_END);
}

bool salvage(struct transfer *t)
{
  char *at = (char *)t->saved, *end = at + t->saved_len;
  if(!t->saved_len || t->done.fault || has_answer(t) || t->saved_len < 7 || memcmp(at, "HTTP/1.", 7))
    return false;
  while(!has_answer(t)) {
    char *line = memchr(at, '\n', (size_t)(end - at));
    size_t len = line ? (size_t)(line - at) + 1 : 0;
    if(!len || on_header(at, 1, len, t->handle) != len)
      return false;
    at += len;
  }
  return (t->sink.kind != SINK_PIPE || announce_answer(t)) && take_body(t, at, (size_t)(end - at));
}
