/* receive.c - libcurl's callbacks: what arrives for a transfer. They only collect and decide; nothing here
 * ends a transfer or wakes a thread. A callback that refuses has named the fault before (transfer_fail). */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_STEP 16384u      /* memory for a body of unknown length to begin with */
#define SPARE 1u               /* room behind what is charged: whether a full body has an end is seen there */
#define SCRATCH 65536u         /* decoded bytes on their way to a file */
#define MAX_ROUNDS 10          /* challenges that are answered: a server may call every nonce stale */
#define RATIO_FROM (16u << 20) /* below this a high ratio does no harm */

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

static int64_t max_size(const struct transfer *t)
{
  if(leads_on(t) && t->sink.kind != SINK_PIPE)
    return PNET_CAPTURE_BYTES; /* nobody will look at it */
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
  if(!error) {
    held_add(&t->queue->engine->poller, t->sink.fd);
    return true;
  }
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
  held_drop(&t->queue->engine->poller, t->sink.fd);
  sink_abort_file(&t->sink);
  if(t->decoder) {
    decoder_free(t->decoder);
    t->decoder = NULL;
    live_add(LIVE_DECODERS, -1);
  }
  memset(&t->chunks, 0, sizeof(t->chunks));
  t->sink.len = 0;
  t->sink.decoded = 0;
  t->sink.cut = false;
  t->sink.kind = t->req.flags & PNET_REQ_DISCARD ? SINK_DISCARD
                 : t->req.flags & PNET_REQ_PIPE  ? SINK_PIPE
                 : t->path                       ? SINK_CAPTURE
                                                 : SINK_MEMORY;
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
    bool whole = response->status != 206 && (!(t->req.flags & PNET_REQ_PIPE) || response_plainly_coded(response));
    if(!(t->req.flags & PNET_REQ_RAW) && whole && !begin_decoding(t))
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

bool announce_answer(struct transfer *t)
{
  if(t->answered)
    return true;
  t->answered = true;
  if(event_record(t, leads_on(t) ? PNET_EVENT_HOP : PNET_EVENT_ANSWER, (uint64_t)t->response.status, t->head,
                  t->head_len))
    return true;
  transfer_fail(t, PNET_FAULT_MEMORY, NULL);
  return false;
}

/* The section before was answered by libcurl, with credentials. What a proxy has said (407) is not the origin's, and sets
 * no cookies for it. */
static bool tell_cookies(struct transfer *t)
{
  if(t->response.status == 407 ||
     event_record(t, PNET_EVENT_COOKIES, (uint64_t)t->response.status, t->head, t->head_len))
    return true;
  transfer_fail(t, PNET_FAULT_MEMORY, NULL);
  return false;
}

/* Such an answer ends the sending: libcurl does not ask for the rest. */
static void stop_sending(struct transfer *t)
{
  t->unwanted = true;
  if(t->req.flags & PNET_REQ_UPLOAD)
    feed_close(&t->queue->feed, t->req.id);
  if(t->hungry || t->yielding) { /* libcurl would wait for the rest nevertheless */
    t->queue->feeding = true;
    queue_busy(t->queue);
  }
}

/* A server that does not know 100-continue says so with 417, and the request is sent once more without (RFC 9110 section
 * 10.1.1): "Expect:" stands for no such line. libcurl does that where the connection stays; elsewhere we do, unless some
 * of the body is gone. */
static void drop_expect(struct transfer *t)
{
  struct curl_slist *line = t->handle->expect;
  bool gone = t->req.flags & PNET_REQ_UPLOAD && t->upload_at;
  if(!line)
    return;
  t->handle->expect = NULL;
  line->data[strlen("Expect:")] = 0;
  t->unexpecting = !t->response.closes;
  t->again = t->response.closes && !gone;
}

size_t on_header(char *line, size_t size, size_t n, void *handle)
{
  struct transfer *t = ((struct handle *)handle)->transfer;
  bool status_line = n > 5 && !memcmp(line, "HTTP/", 5);
  (void)size;
  if(!n || line[n - 1] != '\n')
    return n; /* libcurl 8 hands over the rest when the connection ends inside a line; examine tells of the end */
  moved(t);
  if(!count_head(t, n))
    return 0;
  if(t->response.ended && !status_line)
    return n; /* a trailer field: not kept */
  if(status_line) {
    if(t->response.status >= 200 && t->response.sets_cookies && !tell_cookies(t))
      return 0;
    if(t->response.status >= 200 && ++t->rounds > MAX_ROUNDS) {
      transfer_fail(t, PNET_FAULT_BAD_REPLY, "the server asks for credentials again and again");
      return 0;
    }
    t->head_len = 0;
    t->unexpecting = false;
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
  if(t->response.ended && t->watched)
    watch_head(t);
  if(t->response.ended && t->response.status >= 200 && !begin_body(t))
    return 0;
  if(t->response.ended && t->response.status >= 200 && t->req.flags & PNET_REQ_PIPE)
    peer_note(t);
  if(t->response.ended && t->response.status == 417)
    drop_expect(t);
  if(t->again)
    return 0;
  if(t->response.ended && t->response.status >= 300 && sent_by_pieces(t) && !asked_again(t))
    stop_sending(t);
  if(has_answer(t) && t->sink.kind == SINK_PIPE && !asked_again(t))
    return announce_answer(t) ? n : 0;
  return n;
}

/* ---- body ---- */

enum window_rc { WINDOW_OK, WINDOW_WAIT, WINDOW_FAILED };

/* Memory for at least `need` more bytes behind what the sink holds. */
static enum window_rc memory_window(struct transfer *t, size_t need)
{
  struct sink *sink = &t->sink;
  size_t least = sink->len + need, cap = least, step, crumb;
  enum room room;
  if(sink->charged && least <= sink->charged && sink->charged + SPARE <= sink->cap)
    return WINDOW_OK; /* what was granted to a starved transfer is charged, and not there yet */
  if(known_length(t) && sink->kind == SINK_MEMORY)
    cap = (size_t)t->response.content_length > least ? (size_t)t->response.content_length : least;
  else if(least < 2 * sink->charged || least < FIRST_STEP)
    cap = 2 * sink->charged > FIRST_STEP ? 2 * sink->charged : FIRST_STEP;
  room = budget_take(t, cap);
  step = cap - least;
  crumb = budget_senior(t) ? 0 : FIRST_STEP;
  /* Near the bound, half of what might be left; but never crumbs, each of which would be copied around, save for the
   * one transfer that has to end for the others to go on. */
  while(room != ROOM_OK && !known_length(t) && step > crumb) {
    step = step / 2 > crumb ? step / 2 : crumb;
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
  case SINK_PIPE:
    if(!announce_answer(t))
      return false;
    if(!pipe_write(t, data, len)) {
      transfer_fail(t, PNET_FAULT_MEMORY, NULL);
      return false;
    }
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

/* The reader resumes it (ORDER_PIPE). Meanwhile no clock runs: we are the ones who wait. */
static void pause_for_reader(struct transfer *t)
{
  t->paused = true;
  if(!t->paused_us && !is_written(t))
    t->paused_us = t->queue->engine->now_us;
}

static enum window_rc window(struct transfer *t, size_t need)
{
  size_t left = PNET_CAPTURE_BYTES - t->sink.len;
  if(t->sink.kind == SINK_MEMORY)
    return memory_window(t, need);
  if(t->sink.kind == SINK_CAPTURE && left)
    return memory_window(t, need < left ? need : left);
  if(t->sink.kind == SINK_PIPE && pipe_wait(&t->queue->pipe, need ? need : 1)) {
    pause_for_reader(t);
    return WINDOW_WAIT;
  }
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
    if(sink->kind == SINK_PIPE && pipe_room(&t->queue->pipe) < cap)
      cap = pipe_room(&t->queue->pipe);
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

/* Take a piece of the body, for which there is a window when nothing is to be decoded. */
static bool take_piece(struct transfer *t, const uint8_t *in, size_t in_len)
{
  t->wire_body += in_len;
  atomic_fetch_add_explicit(&t->queue->stat_bytes, in_len, memory_order_relaxed);
  if(!t->decoder)
    return sink_take(t, in, in_len);
  if(t->paused)
    return hold(t, in, in_len);
  switch(decode(t, &in, &in_len)) {
  case WINDOW_WAIT:
    return hold(t, in, in_len);
  case WINDOW_FAILED:
    return false;
  default:
    return true;
  }
}

static bool take_chunks(struct transfer *t, const uint8_t *in, size_t in_len)
{
  const uint8_t *data = NULL;
  size_t len = 0;
  while(in_len && t->chunks.state != CHUNKS_END) {
    if(!chunks_run(&t->chunks, &in, &in_len, &data, &len)) {
      transfer_fail(t, PNET_FAULT_BAD_REPLY, "the reply has malformed chunks");
      return false;
    }
    if(t->chunks.extra > PNET_MAX_HEADER_BYTES && (chunks_in_trailer(&t->chunks) || t->chunks.extra > t->wire_body)) {
      transfer_fail(t, PNET_FAULT_HEADERS_SIZE, NULL);
      return false;
    }
    if(len && !take_piece(t, data, len))
      return false;
  }
  return true;
}

/* How many bytes of the body there are among these. */
static size_t data_among(const struct transfer *t, const uint8_t *in, size_t in_len)
{
  struct chunks ahead = t->chunks;
  const uint8_t *data = NULL;
  size_t len = 0, sum = 0;
  if(!in_chunks(t))
    return in_len;
  while(in_len && ahead.state != CHUNKS_END && chunks_run(&ahead, &in, &in_len, &data, &len))
    sum += len;
  return sum;
}

size_t on_body(char *data, size_t size, size_t n, void *handle)
{
  struct handle *h = handle;
  struct transfer *t = h->transfer;
  const uint8_t *in = (const uint8_t *)data;
  bool waited = t->paused;
  size_t need;
  (void)size;
  moved(t);
  if(t->done.fault)
    return 0;
  if(t->refused) { /* it ends with its last byte */
    t->queue->feeding = true;
    queue_busy(t->queue);
  }
  need = t->decoder ? 0 : data_among(t, in, n);
  if(need) {
    switch(window(t, need)) {
    case WINDOW_WAIT:
      return CURL_WRITEFUNC_PAUSE; /* libcurl keeps it and brings it again */
    case WINDOW_FAILED:
      return 0;
    default:
      break;
    }
  }
  if(!(in_chunks(t) ? take_chunks(t, in, n) : take_piece(t, in, n)))
    return 0;
  if(t->paused && !waited)
    curl_easy_pause(h->easy, transfer_pauses(t));
  return n;
}
