/* receive.c - libcurl's callbacks: what arrives for a transfer. They only collect and decide; nothing here
 * ends a transfer or wakes a thread. A callback that refuses has named the fault before (transfer_fail). */
#include "internal.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FIRST_STEP 16384u      /* memory for a body of unknown length to begin with */
#define SPARE 1u               /* room behind what is charged: whether a full body has an end is seen there */
#define SCRATCH 65536u         /* decoded bytes on their way to a file */
#define RATIO_FROM (16u << 20) /* below this a high ratio does no harm */

static void moved(struct transfer *t)
{
  t->moved_us = t->queue->engine->now_us;
}

static struct place *place_of(const struct transfer *t)
{
  return origin_place(t->lane->origin, t->shard);
}

/* ---- connection ---- */

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

curl_socket_t on_open_socket(void *handle, curlsocktype purpose, struct curl_sockaddr *address)
{
  struct transfer *t = ((struct handle *)handle)->transfer;
  struct pnet_engine *engine = t->queue->engine;
  struct socket_entry *entry;
  int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  (void)purpose;
  if(fd < 0) {
    t->done.os_errno = errno;
    return CURL_SOCKET_BAD;
  }
  forget_socket(engine, fd); /* one that was closed behind our back had this number before */
  entry = poller_entry(&engine->poller, fd);
  if(!entry || t->n_opened == MAX_OPENED) {
    close(fd);
    return CURL_SOCKET_BAD;
  }
  entry->shard = t->shard;
  entry->origin = t->lane->origin;
  entry->opener = t;
  entry->origin->refs++;
  place_of(t)->open++;
  t->opened[t->n_opened++] = fd;
  t->fresh_socket = true;
  live_add(LIVE_SOCKETS, 1);
  if(t->probe && !t->secure)
    origin_settle(entry->origin, ORIGIN_H1); /* the name is resolved, and cleartext HTTP is not negotiated */
  return fd;
}

int on_close_socket(void *engine, curl_socket_t fd)
{
  forget_socket(engine, fd);
  return close(fd);
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
 * all did: libcurl closes such sockets without calling on_close_socket. */
void sockets_settle(struct transfer *t, int local_port, int remote_port)
{
  struct pnet_engine *engine = t->queue->engine;
  for(int i = 0; i < t->n_opened; i++) {
    int fd = t->opened[i];
    struct socket_entry *entry = poller_entry(&engine->poller, fd);
    if(!entry || entry->opener != t)
      continue; /* closed, and told */
    if(local_port >= 0 && local_port_of(fd) == local_port) {
      entry->opener = NULL;
      poller_name(&engine->poller, fd, local_port, remote_port);
    }
    else
      forget_socket(engine, fd);
  }
  t->n_opened = 0;
}

int on_debug(CURL *easy, curl_infotype type, char *data, size_t len, void *handle)
{
  struct transfer *t = ((struct handle *)handle)->transfer;
  (void)easy;
  if(type != CURLINFO_TEXT || len < 4 || memcmp(data, "ALPN", 4))
    return 0;
  if(memmem(data, len, "accepted", 8))
    t->alpn = memmem(data, len, "h2", 2) ? ORIGIN_H2 : ORIGIN_H1;
  else if(memmem(data, len, "did not agree", 13))
    t->alpn = ORIGIN_H1;
  return 0;
}

/* Bytes on a kept-alive connection before anything was asked: they would be taken for the answer. Between requests
 * HTTP/1.1 has nothing to say; a late TLS session ticket costs a new connection, no more. */
static bool unsolicited_input(const struct transfer *t, int local_port, int remote_port)
{
  const struct poller *poller = &t->queue->engine->poller;
  const struct socket_entry *entry = poller_named(poller, local_port, remote_port);
  char byte;
  if(!entry || entry->shard != t->shard)
    return false;
  return recv((int)(entry - poller->sockets), &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0;
}

int on_prereq(void *handle, char *remote, char *local, int remote_port, int local_port)
{
  struct transfer *t = ((struct handle *)handle)->transfer;
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
  if(t->fresh_socket)
    sockets_settle(t, local_port, remote_port);
  else if(t->lane->origin->mode != ORIGIN_H2 && unsolicited_input(t, local_port, remote_port)) {
    t->starts--;
    t->again = true; /* libcurl closes this connection; the transfer starts over on another */
    return CURL_PREREQFUNC_ABORT;
  }
  return CURL_PREREQFUNC_OK;
}

/* ---- header section ---- */

/* All sections count together: interim answers and trailers could go on for ever. */
static bool count_head(struct transfer *t, size_t len)
{
  t->head_total += len;
  atomic_fetch_add_explicit(&t->queue->stat_bytes, len, memory_order_relaxed);
  if(t->head_total <= PNET_MAX_HEADER_BYTES)
    return true;
  transfer_fail(t, PNET_FAULT_HEADERS_SIZE, NULL);
  return false;
}

static bool append_head(struct transfer *t, const char *line, size_t len)
{
  if(t->head_len + len > t->head_cap) {
    size_t cap = (t->head_len + len) * 2 > 1024 ? (t->head_len + len) * 2 : 1024;
    char *grown = realloc(t->head, cap);
    if(!grown) {
      transfer_fail(t, PNET_FAULT_MEMORY, NULL);
      return false;
    }
    t->head = grown;
    t->head_cap = cap;
  }
  memcpy(t->head + t->head_len, line, len);
  t->head_len += len;
  return true;
}

static void learn_protocol(struct transfer *t)
{
  struct origin *origin = t->lane->origin;
  struct place *place = place_of(t);
  if(!t->secure)
    return;
  if(t->response.http_version >= 20) {
    if(origin->mode != ORIGIN_H2 || !place->h2) {
      place->h2 = true;
      origin_settle(origin, ORIGIN_H2);
    }
  }
  else if(origin->mode != ORIGIN_H1)
    origin_settle(origin, ORIGIN_H1);
}

static bool has_body(const struct transfer *t)
{
  int status = t->response.status;
  return status != 204 && status != 304 && !(t->method && !strcmp(t->method, "HEAD"));
}

static int64_t max_size(const struct transfer *t)
{
  if(t->req.max_size)
    return t->req.max_size;
  return t->sink.kind == SINK_MEMORY ? t->queue->config.max_size : 0;
}

static bool begin_decoding(struct transfer *t)
{
  const struct response *response = &t->response;
  int rc =
    response->coding_overflow ? DECODE_TOO_DEEP : decoder_new(&t->decoder, response->coding, response->coding_len);
  if(t->decoder)
    live_add(LIVE_DECODERS, 1);
  switch(rc) {
  case DECODE_OK:
    return true;
  case DECODE_NOMEM:
    transfer_fail(t, PNET_FAULT_MEMORY, NULL);
    return false;
  case DECODE_UNKNOWN:
    transfer_fail(t, PNET_FAULT_DECODING, "Content-Encoding names a coding that is not known");
    return false;
  default:
    transfer_fail(t, PNET_FAULT_DECODING, "Content-Encoding stacks more than 5 codings");
    return false;
  }
}

static bool open_sink(struct transfer *t, int64_t expected)
{
  int error = sink_open_file(&t->sink, t->path, expected);
  if(!error)
    return true;
  t->done.os_errno = error;
  transfer_fail(t, PNET_FAULT_LOCAL_FILE, NULL);
  return false;
}

/* The final header section is whole: judge it and choose the sink. Runs again when an authentication round or a
 * retry brings another one. */
static bool begin_body(struct transfer *t)
{
  const struct response *response = &t->response;
  int64_t expected = response->chunked ? -1 : response->content_length;
  sink_abort_file(&t->sink);
  if(t->decoder) {
    decoder_free(t->decoder);
    t->decoder = NULL;
    live_add(LIVE_DECODERS, -1);
  }
  t->sink.len = 0;
  t->sink.decoded = 0;
  t->sink.cut = false;
  t->sink.kind = t->req.flags & PNET_REQ_DISCARD ? SINK_DISCARD : t->path ? SINK_CAPTURE : SINK_MEMORY;
  if(!has_body(t)) {
    bool wanted = t->path && response->status / 100 == 2 && t->sink.kind == SINK_CAPTURE;
    return !wanted || (t->method && !strcmp(t->method, "HEAD")) || open_sink(t, 0);
  }
  if(response->bad_length && !response->chunked) {
    transfer_fail(t, PNET_FAULT_BAD_REPLY, "Content-Length is not one number that can be counted to");
    return false;
  }
  if(response->bad_transfer) {
    transfer_fail(t, PNET_FAULT_BAD_REPLY, "the reply has a transfer coding that was not asked for");
    return false;
  }
  if(response->coding_len || response->coding_overflow) {
    /* a range is cut out of the encoded form: it cannot be decoded alone */
    if(!(t->req.flags & PNET_REQ_RAW) && response->status != 206 && !begin_decoding(t))
      return false;
  }
  if(t->decoder)
    expected = -1;
  if(max_size(t) && expected > max_size(t)) {
    transfer_fail(t, PNET_FAULT_TOO_LARGE, NULL);
    return false;
  }
  if(t->path && response->status / 100 == 2 && t->sink.kind == SINK_CAPTURE)
    return open_sink(t, expected);
  return true;
}

size_t on_header(char *line, size_t size, size_t n, void *handle)
{
  struct transfer *t = ((struct handle *)handle)->transfer;
  bool status_line = n > 5 && !memcmp(line, "HTTP/", 5);
  (void)size;
  moved(t);
  if(!count_head(t, n))
    return 0;
  if(t->response.ended && !status_line)
    return n; /* a trailer field: not kept */
  if(status_line) {
    t->head_len = 0;
    t->replied = true;
    queue_watch(t);
    t->starts = 0; /* what follows an answer is a new request, not a repetition */
    t->fresh_socket = false;
  }
  if(!append_head(t, line, n))
    return 0;
  response_line(&t->response, line, n);
  if(t->response.malformed || memchr(line, 0, n) || (!t->secure && t->response.http_version >= 20)) {
    transfer_fail(t, PNET_FAULT_BAD_REPLY, "the reply has a malformed status line or header field");
    return 0;
  }
  if(status_line)
    learn_protocol(t);
  if(t->response.ended && t->response.status >= 200 && !begin_body(t))
    return 0;
  return n;
}

/* ---- body ---- */

enum window_rc { WINDOW_OK, WINDOW_WAIT, WINDOW_FAILED };

/* Memory for at least `need` more bytes behind what the sink holds. */
static enum window_rc memory_window(struct transfer *t, size_t need)
{
  struct sink *sink = &t->sink;
  size_t least = sink->len + need, cap = least;
  enum room room;
  if(sink->charged && least <= sink->charged && least < sink->cap)
    return WINDOW_OK;
  if(known_length(t) && sink->kind == SINK_MEMORY)
    cap = (size_t)t->response.content_length > least ? (size_t)t->response.content_length : least;
  else if(least < 2 * sink->charged || least < FIRST_STEP)
    cap = 2 * sink->charged > FIRST_STEP ? 2 * sink->charged : FIRST_STEP;
  room = budget_take(t, cap);
  for(size_t step = cap - least; room != ROOM_OK && step && !known_length(t);) {
    step = step > FIRST_STEP ? step / 4 : 0; /* near the bound, grow by less, but not byte by byte */
    cap = least + step;
    room = budget_take(t, cap);
  }
  if(room == ROOM_NEVER) {
    transfer_fail(t, PNET_FAULT_NO_ROOM, NULL);
    return WINDOW_FAILED;
  }
  if(room == ROOM_WAIT) {
    budget_starve(t, cap);
    return WINDOW_WAIT;
  }
  if(sink_reserve(sink, sink->charged + SPARE)) {
    transfer_fail(t, PNET_FAULT_MEMORY, NULL);
    return WINDOW_FAILED;
  }
  return WINDOW_OK;
}

static bool within_limits(struct transfer *t, uint64_t decoded)
{
  int64_t limit = max_size(t), ratio = t->queue->config.max_ratio;
  if(limit && decoded > (uint64_t)limit) {
    transfer_fail(t, PNET_FAULT_TOO_LARGE, NULL);
    return false;
  }
  if(t->decoder && ratio && !t->req.max_size && decoded > RATIO_FROM && decoded / (uint64_t)ratio > t->wire_body) {
    transfer_fail(t, PNET_FAULT_RATIO, NULL);
    return false;
  }
  return true;
}

/* Take `len` bytes at `data`, which stand in the sink's memory already when the window was there. */
static bool sink_take(struct transfer *t, const uint8_t *data, size_t len)
{
  struct sink *sink = &t->sink;
  int error;
  if(!within_limits(t, sink->decoded + len))
    return false;
  sink->decoded += len;
  switch(sink->kind) {
  case SINK_FILE:
    error = sink_write_file(sink, data, len);
    if(error) {
      t->done.os_errno = error;
      transfer_fail(t, PNET_FAULT_LOCAL_FILE, NULL);
      return false;
    }
    break;
  case SINK_CAPTURE:
    if(len > PNET_CAPTURE_BYTES - sink->len) {
      len = PNET_CAPTURE_BYTES - sink->len;
      sink->cut = true;
    }
    memcpy(sink->data + sink->len, data, len);
    sink->len += len;
    break;
  case SINK_MEMORY:
    if(data != sink->data + sink->len)
      memcpy(sink->data + sink->len, data, len);
    sink->len += len;
    break;
  default:
    break;
  }
  return true;
}

static enum window_rc window(struct transfer *t, size_t need)
{
  size_t left = PNET_CAPTURE_BYTES - t->sink.len;
  if(t->sink.kind == SINK_MEMORY)
    return memory_window(t, need);
  if(t->sink.kind == SINK_CAPTURE && left)
    return memory_window(t, need < left ? need : left);
  return WINDOW_OK;
}

static enum window_rc decode(struct transfer *t, const uint8_t **in, size_t *in_len)
{
  uint8_t scratch[SCRATCH];
  for(;;) {
    struct sink *sink = &t->sink;
    /* all the room there is gets used; more is asked for when the spare byte is taken */
    enum window_rc rc = window(t, sink->kind == SINK_CAPTURE ? SCRATCH : 0);
    bool direct = sink->kind == SINK_MEMORY;
    size_t cap, produced = 0;
    uint8_t *out;
    int decoded;
    if(rc != WINDOW_OK)
      return rc;
    out = direct ? sink->data + sink->len : scratch;
    cap = direct ? sink->charged + SPARE - sink->len : sizeof(scratch);
    decoded = decoder_run(t->decoder, in, in_len, out, cap, &produced);
    if(produced && !sink_take(t, out, produced))
      return WINDOW_FAILED;
    if(decoded != DECODE_OK) {
      transfer_fail(t, decoded == DECODE_NOMEM ? PNET_FAULT_MEMORY : PNET_FAULT_DECODING, decoder_why(t->decoder));
      return WINDOW_FAILED;
    }
    if(produced < cap)
      return WINDOW_OK;
  }
}

static bool hold(struct transfer *t, const uint8_t *data, size_t len)
{
  size_t have = t->held_len - t->held_off;
  if(t->held_off) {
    memmove(t->held, t->held + t->held_off, have);
    t->held_off = 0;
    t->held_len = have;
  }
  if(have + len > t->held_cap) {
    uint8_t *grown = realloc(t->held, have + len);
    if(!grown) {
      transfer_fail(t, PNET_FAULT_MEMORY, NULL);
      return false;
    }
    t->held = grown;
    t->held_cap = have + len;
  }
  if(len)
    memcpy(t->held + have, data, len);
  t->held_len = have + len;
  t->unread = true;
  return true;
}

bool receive_rest(struct transfer *t)
{
  const uint8_t *in = t->held + t->held_off;
  size_t in_len = t->held_len - t->held_off;
  enum window_rc rc = decode(t, &in, &in_len);
  t->held_off = t->held_len - in_len;
  t->unread = rc == WINDOW_WAIT;
  return rc == WINDOW_OK;
}

size_t on_body(char *data, size_t size, size_t n, void *handle)
{
  struct handle *h = handle;
  struct transfer *t = h->transfer;
  const uint8_t *in = (const uint8_t *)data;
  size_t in_len = n;
  (void)size;
  moved(t);
  if(t->done.fault)
    return 0;
  if(!t->decoder) {
    switch(window(t, n)) {
    case WINDOW_WAIT:
      return CURL_WRITEFUNC_PAUSE; /* libcurl keeps it and brings it again */
    case WINDOW_FAILED:
      return 0;
    default:
      break;
    }
    t->wire_body += n;
    atomic_fetch_add_explicit(&t->queue->stat_bytes, n, memory_order_relaxed);
    return sink_take(t, in, n) ? n : 0;
  }
  t->wire_body += n;
  atomic_fetch_add_explicit(&t->queue->stat_bytes, n, memory_order_relaxed);
  if(t->paused)
    return hold(t, in, in_len) ? n : 0;
  switch(decode(t, &in, &in_len)) {
  case WINDOW_WAIT:
    if(!hold(t, in, in_len))
      return 0;
    curl_easy_pause(h->easy, CURLPAUSE_RECV);
    return n;
  case WINDOW_FAILED:
    return 0;
  default:
    return n;
  }
}

/* ---- request body ---- */

static bool read_file(struct transfer *t, char *out, size_t *n)
{
  ssize_t got;
  do
    got = read(t->body_fd, out, *n);
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

size_t on_upload(char *out, size_t size, size_t n, void *handle)
{
  struct transfer *t = ((struct handle *)handle)->transfer;
  int64_t left = t->upload_len - t->upload_at;
  moved(t);
  n *= size;
  if((int64_t)n > left)
    n = (size_t)left; /* a file may have grown: Content-Length was said already */
  if(!n)
    return 0;
  if(t->body_fd < 0)
    memcpy(out, t->body + t->upload_at, n);
  else if(!read_file(t, out, &n))
    return CURL_READFUNC_ABORT;
  t->upload_at += (int64_t)n;
  return n;
}

int on_seek(void *handle, curl_off_t offset, int origin)
{
  struct transfer *t = ((struct handle *)handle)->transfer;
  if(origin != SEEK_SET || (t->body_fd >= 0 && lseek(t->body_fd, offset, SEEK_SET) < 0))
    return CURL_SEEKFUNC_FAIL;
  t->upload_at = offset;
  return CURL_SEEKFUNC_OK;
}
