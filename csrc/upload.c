/* upload.c - libcurl's callbacks for a request body that is sent piece by piece: from memory, a file or a writer. */
#include "internal.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool read_file(struct transfer *t, char *out, size_t *n)
{
  ssize_t got;
  do
    got = pread(t->body_fd, out, *n, t->body_start + t->upload_at);
  while(got < 0 && errno == EINTR);
  if(got <= 0) {
    t->done.os_errno = got ? errno : EIO;
    t->done.flags |= PNET_DONE_BODY_FILE;
    transfer_fail(t, PNET_FAULT_LOCAL_FILE, got ? "cannot read the request body" : "the request body became shorter");
    return false;
  }
  *n = (size_t)got;
  return true;
}

bool socket_has_input(int fd)
{
  struct pollfd socket = {.fd = fd, .events = POLLIN};
  return poll(&socket, 1, 0) > 0;
}

/* An answer that comes before all was sent has to be read before more is sent: a server that has said its last word
 * resets the connection, and sending into that would lose its answer. */
bool upload_must_yield(const struct transfer *t)
{
  char byte;
  if(t->on_fd < 0 || t->lane->origin->mode == ORIGIN_H2 || has_answer(t) || !socket_has_input(t->on_fd))
    return false;
  /* libcurl reads an end without an answer and goes on sending: there is nothing to wait for then */
  return !t->yielded || recv(t->on_fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

static size_t yield_to_input(struct transfer *t)
{
  t->yielding = t->yielded = true;
  t->queue->feeding = true;
  queue_busy(t->queue);
  return CURL_READFUNC_PAUSE;
}

/* From now on the reader alone is waited for, if it is. */
static void finish_feed(struct transfer *t)
{
  t->fed = true;
  if(t->paused && !t->paused_us)
    t->paused_us = t->queue->engine->now_us;
}

/* Without more to send the transfer waits, and no clock runs: the program is the one who takes its time. */
static size_t from_feed(struct transfer *t, char *out, size_t cap)
{
  size_t n;
  if(!t->wanted) {
    t->wanted = true;
    if(!event_record(t, PNET_EVENT_WANTED, 0, NULL, 0)) {
      transfer_fail(t, PNET_FAULT_MEMORY, NULL);
      return CURL_READFUNC_ABORT;
    }
  }
  switch(feed_take(t, out, cap, &n)) {
  case FEED_OK:
    t->yielded = false;
    t->upload_at += (int64_t)n;
    if(t->upload_at == t->upload_len)
      finish_feed(t);
    return n;
  case FEED_YIELD:
    return yield_to_input(t);
  case FEED_END:
    finish_feed(t);
    return 0;
  default:
    t->hungry = true;
    if(!t->paused_us)
      t->paused_us = t->queue->engine->now_us;
    return CURL_READFUNC_PAUSE;
  }
}

static size_t from_memory_or_file(struct transfer *t, char *out, size_t n)
{
  int64_t left = t->upload_len - t->upload_at;
  if((int64_t)n > left)
    n = (size_t)left; /* a file may have grown: Content-Length was said already */
  if(!n)
    return 0;
  if(t->body_fd < 0)
    memcpy(out, t->body + t->upload_at, n);
  else if(!read_file(t, out, &n))
    return CURL_READFUNC_ABORT;
  if(upload_must_yield(t)) /* asked at the last moment */
    return yield_to_input(t);
  t->yielded = false;
  t->upload_at += (int64_t)n;
  return n;
}

/* libcurl answers NTLM and Negotiate on the same connection, and asks for what is left of the body to get it out of the
 * way. It knows no end of chunks but that of the body: nothing was sent of it, or it would have to be sent again. */
static bool is_in_the_way(const struct transfer *t)
{
  return asked_again(t) && !t->response.closes;
}

static size_t end_chunks(struct transfer *t)
{
  if(!t->upload_at)
    return 0;
  t->unrepeatable = true;
  return CURL_READFUNC_ABORT;
}

/* libcurl stops by itself when such an answer comes, unless the connection is to be closed behind it. */
static bool is_refused(const struct transfer *t)
{
  return has_answer(t) && t->response.status >= 300 && !is_in_the_way(t);
}

/* To say that the body has ended would be an error to newer libcurl, and a lie: so it is waited for the end of the
 * answer, where that can be seen. */
static size_t send_no_more(struct transfer *t)
{
  if(has_body(t) && (t->response.chunked || t->response.content_length < 0))
    return 0;
  t->refused = true;
  queue_watch(t);
  t->queue->feeding = true;
  queue_busy(t->queue);
  return CURL_READFUNC_PAUSE;
}

size_t on_upload(char *out, size_t size, size_t n, void *handle)
{
  struct transfer *t = ((struct handle *)handle)->transfer;
  moved(t);
  if(is_refused(t))
    return send_no_more(t);
  if(t->upload_len < 0 && is_in_the_way(t))
    return end_chunks(t);
  return t->req.flags & PNET_REQ_UPLOAD ? from_feed(t, out, n * size) : from_memory_or_file(t, out, n * size);
}

int on_seek(void *handle, curl_off_t offset, int origin)
{
  struct transfer *t = ((struct handle *)handle)->transfer;
  if(origin != SEEK_SET || (t->req.flags & PNET_REQ_UPLOAD && offset != t->upload_at))
    return CURL_SEEKFUNC_FAIL; /* what a program has written is gone */
  t->upload_at = offset;
  return CURL_SEEKFUNC_OK;
}
