/* transfer.c - the life of one transfer: from the pool, through a multi handle, to its record. */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define TOO_LARGE 100       /* CURLE_TOO_LARGE of libcurl 8.6 and newer */
#define POOL_TRANSFERS 1024 /* kept for reuse with their buffers of up to PNET_SMALL_BODY */

struct transfer *transfer_new(struct pnet_engine *engine)
{
  struct link *link = engine->pool.prev;
  struct transfer *t;
  if(link != &engine->pool) {
    list_remove(link);
    engine->n_pool--;
    t = CONTAINER(link, struct transfer, link);
  }
  else {
    t = calloc(1, sizeof(*t));
    if(!t)
      return NULL;
    t->sink.fd = t->body_fd = t->fd = t->on_fd = -1;
  }
  live_add(LIVE_TRANSFERS, 1);
  return t;
}

void transfer_destroy(struct transfer *t)
{
  free(t->text);
  free(t->head);
  free(t->held);
  free(t->sink.data);
  free(t);
}

/* Keep the memory, forget the rest. */
static void reset(struct transfer *t)
{
  struct transfer kept = {.text = t->text, .text_cap = t->text_cap, .head = t->head, .head_cap = t->head_cap};
  kept.sink.data = t->sink.data;
  kept.sink.cap = t->sink.cap;
  free(t->held);
  if(kept.head_cap > 16384) {
    free(kept.head);
    kept.head = NULL;
    kept.head_cap = 0;
  }
  if(kept.text_cap > 16384) {
    free(kept.text);
    kept.text = NULL;
    kept.text_cap = 0;
  }
  if(kept.sink.cap > PNET_SMALL_BODY) {
    free(kept.sink.data);
    kept.sink.data = NULL;
    kept.sink.cap = 0;
  }
  kept.sink.fd = kept.body_fd = kept.fd = kept.on_fd = -1;
  *t = kept;
}

void transfer_recycle(struct pnet_engine *engine, struct transfer *t)
{
  list_remove(&t->link);
  live_add(LIVE_TRANSFERS, -1);
  if(engine->n_pool >= POOL_TRANSFERS) {
    transfer_destroy(t);
    return;
  }
  reset(t);
  list_push(&engine->pool, &t->link);
  engine->n_pool++;
}

void transfer_fail(struct transfer *t, enum pnet_fault fault, const char *detail)
{
  if(t->done.fault)
    return; /* the first one is the cause */
  t->done.fault = fault;
  if(detail) {
    size_t len = strlen(detail);
    if(len >= sizeof(t->detail))
      len = sizeof(t->detail) - 1;
    memcpy(t->detail, detail, len);
    t->detail[len] = 0;
  }
}

static bool open_body(struct transfer *t)
{
  struct stat info;
  if(t->body_path) {
    t->body_fd = open(t->body_path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe must not hold up the loop */
    held_add(&t->queue->engine->poller, t->body_fd);
  }
  memset(&info, 0, sizeof(info));
  if(t->body_fd >= 0 && !fstat(t->body_fd, &info) && S_ISREG(info.st_mode)) {
    if(t->body_path)
      t->upload_len = info.st_size;
    else
      t->body_start = (int64_t)t->req.body_off;
    return true;
  }
  t->done.os_errno = t->body_fd < 0 ? errno : S_ISDIR(info.st_mode) ? EISDIR : EINVAL;
  t->done.flags |= PNET_DONE_BODY_FILE;
  transfer_fail(t, PNET_FAULT_LOCAL_FILE, "cannot read the request body");
  return false;
}

int transfer_start(struct transfer *t, struct shard *shard)
{
  struct pnet_engine *engine = t->queue->engine;
  int rc = PNET_NOMEM;
  const char *method = t->method ? t->method : "GET";
  t->state = T_RUNNING;
  t->idempotent = !strcmp(method, "GET") || !strcmp(method, "HEAD") || !strcmp(method, "PUT") ||
                  !strcmp(method, "DELETE") || !strcmp(method, "OPTIONS") || !strcmp(method, "TRACE");
  t->secure = t->lane->origin->secure;
  t->plain = !t->secure && (!t->proxy || !strncmp(t->proxy, "http://", 7));
  t->moved_us = engine->now_us;
  t->watched = t->req.flags & PNET_REQ_EVENTS;
  if(t->req.flags & PNET_REQ_PIPE)
    pipe_begin(&t->queue->pipe, t->req.id);
  t->upload_len = (int64_t)t->req.body_len; /* PNET_LENGTH_UNKNOWN becomes -1, which libcurl knows as unknown too */
  t->fed = !t->upload_len;
  if((t->body_path || t->body_fd >= 0) && !open_body(t))
    return PNET_INVALID;
  t->handle = handle_get(engine);
  if(t->handle) {
    rc = handle_prepare(t->handle, t);
    if(!rc && curl_multi_add_handle(shard->multi, t->handle->easy))
      rc = PNET_NOMEM;
    if(rc) {
      t->handle->shaped = true;
      handle_put(engine, t->handle);
      t->handle = NULL;
    }
  }
  if(rc) {
    transfer_fail(t, PNET_FAULT_MEMORY, NULL);
    return rc;
  }
  t->shard = shard;
  origin_place(t->lane->origin, shard)->running++;
  shard_enter(shard);
  return PNET_OK;
}

/* ---- the end ---- */

static void end_probe(struct transfer *t)
{
  struct origin *origin = t->lane ? t->lane->origin : NULL;
  if(!t->probe || !origin)
    return;
  t->probe = false;
  origin->probing = false;
  if(origin->gated)
    origin_settle(origin, ORIGIN_UNKNOWN); /* it failed before it could tell: the others try for themselves */
}

static int64_t phase(CURL *easy, CURLINFO info)
{
  curl_off_t us = 0;
  curl_easy_getinfo(easy, info, &us);
  return us;
}

/* Whether the failure is the proxy's, and its words. */
static void blame_proxy(struct transfer *t)
{
  CURL *easy = t->handle->easy;
  struct pnet_done *done = &t->done;
  long number = 0;
  curl_easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &number);
  if(number && number / 100 != 2)
    done->proxy_status = (uint32_t)number;
  else if(done->curl_code == CURLE_PROXY) {
    curl_easy_getinfo(easy, CURLINFO_PROXY_ERROR, &number);
    done->proxy_status = (uint32_t)number;
  }
  else if(!number && !t->connected && !strncmp(t->proxy, "https:", 6)) {
    done->flags |= PNET_DONE_AT_PROXY;
    curl_easy_getinfo(easy, CURLINFO_PROXY_SSL_VERIFYRESULT, &number);
    done->verify_result = (int32_t)number;
  }
}

static void measure(struct transfer *t)
{
  CURL *easy = t->handle->easy;
  struct pnet_done *done = &t->done;
  long number = 0;
  done->resolve_us = phase(easy, CURLINFO_NAMELOOKUP_TIME_T);
  done->connect_us = phase(easy, CURLINFO_CONNECT_TIME_T);
  done->tls_us = t->secure ? phase(easy, CURLINFO_APPCONNECT_TIME_T) : 0;
  done->sent_us = phase(easy, CURLINFO_PRETRANSFER_TIME_T);
  done->first_byte_us = phase(easy, CURLINFO_STARTTRANSFER_TIME_T);
  curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &number);
  done->new_connections = (uint32_t)number;
  if(!done->curl_code)
    return;
  if(!done->os_errno) {
    number = 0;
    curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &number);
    done->os_errno = (int32_t)number;
  }
  number = 0;
  curl_easy_getinfo(easy, CURLINFO_SSL_VERIFYRESULT, &number);
  done->verify_result = (int32_t)number;
  if(t->lane->origin->asks_cert && !t->replied && done->new_connections)
    done->flags |= PNET_DONE_CERT_ASKED;
  if(t->proxy)
    blame_proxy(t);
}

/* Leave the multi handle; a transfer that was not complete takes its connection with it. */
static void detach(struct transfer *t)
{
  struct pnet_engine *engine = t->queue->engine;
  struct place *place;
  if(!t->handle)
    return;
  measure(t);
  curl_multi_remove_handle(t->shard->multi, t->handle->easy); /* may close its connection */
  if(t->watched)
    watch_leave(t);
  salvage_watch(t, -1);
  sockets_settle(t, -1, -1); /* what did not become a connection is closed now */
  if(t->done.fault <= PNET_FAULT_CURL && !t->detail[0])
    memcpy(t->detail, t->handle->error, sizeof(t->detail));
  handle_put(engine, t->handle);
  t->handle = NULL;
  place = origin_place(t->lane->origin, t->shard);
  place->running--;
  shard_leave(t->shard);
  if(t->lane->origin->mode == ORIGIN_H2)
    origin_unblock(t->lane->origin); /* a stream is free */
  t->shard = NULL;
}

static void cut_head(struct transfer *t)
{
  transfer_fail(t, PNET_FAULT_HEADERS_CUT, "the connection was closed inside the header section");
}

/* Whether a field is beyond libcurl's own limit: of a header section, until 8.5 lack of memory to it, or a trailer. */
static bool line_too_long(const struct transfer *t)
{
  const int code = t->done.curl_code;
  if(has_answer(t))
    return strstr(t->detail, "Out of memory in chunked-encoding") != NULL;
  return t->connected && (code == CURLE_OUT_OF_MEMORY || code == TOO_LARGE);
}

/* What libcurl calls a success, but is none. */
static void examine(struct transfer *t)
{
  int error;
  if(!has_answer(t)) {
    cut_head(t);
    return;
  }
  if(t->skips)
    return;
  if(in_chunks(t) && has_body(t) && t->chunks.state != CHUNKS_END) {
    transfer_fail(t, PNET_FAULT_LOST, "the connection was closed inside a chunked body");
    return;
  }
  if(t->decoder && decoder_end(t->decoder) != DECODE_OK) {
    transfer_fail(t, PNET_FAULT_DECODING, decoder_why(t->decoder));
    return;
  }
  if(t->sink.kind != SINK_FILE)
    return;
  held_drop(&t->queue->engine->poller, t->sink.fd);
  error = sink_commit_file(&t->sink, t->path);
  if(error) {
    t->done.os_errno = error;
    transfer_fail(t, PNET_FAULT_LOCAL_FILE, NULL);
  }
  else
    t->done.flags |= PNET_DONE_FILE;
}

/* What is wrong with its body does not matter when it is followed. */
static bool is_hop(const struct transfer *t)
{
  switch(t->done.fault) {
  case PNET_FAULT_NONE:
  case PNET_FAULT_DECODING:
  case PNET_FAULT_TOO_LARGE:
  case PNET_FAULT_RATIO:
  case PNET_FAULT_NO_ROOM:
    return leads_on(t);
  default:
    return false;
  }
}

static void keep_body(struct transfer *t)
{
  struct sink *sink = &t->sink;
  if(sink->kind == SINK_PIPE) { /* a small one, complete before anybody has read of it, goes up with the record */
    if(!t->done.fault || t->done.fault == PNET_FAULT_CURL)
      t->done.body_len = pipe_drain(&t->queue->pipe, sink, PNET_SMALL_BODY);
    return;
  }
  t->done.body_len = sink->kind == SINK_MEMORY || sink->kind == SINK_CAPTURE ? sink->len : 0;
  if(t->done.fault && t->done.fault != PNET_FAULT_CURL)
    t->done.body_len = 0; /* only bytes that were cut short by the peer are worth a look */
  budget_trim(t, (size_t)t->done.body_len);
  if(sink->cut)
    t->done.flags |= PNET_DONE_CUT;
  if(t->done.body_len <= PNET_SMALL_BODY)
    return;
  t->done.body = body_hand_over(sink->data, (size_t)t->done.body_len);
  sink->data = NULL;
  sink->cap = 0;
}

static void conclude(struct transfer *t)
{
  struct pnet_done *done = &t->done;
  end_probe(t);
  if(done->curl_code == CURLE_SEND_FAIL_REWIND && has_answer(t) && t->sink.kind == SINK_PIPE)
    announce_answer(t); /* the challenge, as it cannot be answered */
  if(t->req.flags & PNET_REQ_UPLOAD)
    feed_close(&t->queue->feed, t->req.id);
  if(t->watched && !done->curl_code && !done->fault && !t->response.ended)
    watch_cut(t);
  detach(t);
  if(!done->fault && done->curl_code)
    done->fault = PNET_FAULT_CURL;
  if(done->fault == PNET_FAULT_CURL && done->curl_code == CURLE_UNSUPPORTED_PROTOCOL && t->connected)
    done->fault = PNET_FAULT_BAD_REPLY; /* HTTP/0.9, or something that is not HTTP */
  if(done->fault == PNET_FAULT_CURL && line_too_long(t))
    done->fault = PNET_FAULT_HEADERS_SIZE;
  if(done->fault == PNET_FAULT_CURL && done->curl_code == CURLE_PARTIAL_FILE && !has_answer(t)) {
    done->fault = PNET_FAULT_NONE; /* libcurl counts what is missing of a body that has not begun */
    cut_head(t);
  }
  if(!done->fault)
    examine(t);
  held_drop(&t->queue->engine->poller, t->sink.fd);
  sink_abort_file(&t->sink);
  if(t->decoder) {
    decoder_free(t->decoder);
    t->decoder = NULL;
    live_add(LIVE_DECODERS, -1);
  }
  if(t->body_fd >= 0) {
    held_drop(&t->queue->engine->poller, t->body_fd);
    close(t->body_fd);
    t->body_fd = -1;
  }
  done->id = t->req.id;
  done->status = t->response.ended ? t->response.status : 0;
  done->http_version = t->response.http_version;
  if(!t->response.ended)
    t->head_len = 0;
  done->decoded_bytes = t->sink.decoded;
  done->bytes_received = t->head_total + t->wire_body;
  if(t->admitted_us) {
    done->queue_us = t->admitted_us - t->submitted_us;
    done->total_us = clock_us() - t->admitted_us;
  }
  else
    done->queue_us = clock_us() - t->submitted_us;
  keep_body(t);
  if(!done->fault)
    t->detail[0] = 0;
  done->detail_len = (uint32_t)strlen(t->detail);
  if(t->response.ended && t->response.sets_cookies)
    done->flags |= PNET_DONE_COOKIES;
  if(is_hop(t)) {
    done->flags |= PNET_DONE_HOP;
    t->paused_us = clock_us();
  }
  done->special = done->fault || done->body || done->flags & (PNET_DONE_HOP | PNET_DONE_COOKIES);
  queue_settle(t);
}

/* Once more on another connection: this one had bytes waiting that nobody asked for, or a server that closes it refused
 * to be asked whether it wants the body. */
static void start_over(struct transfer *t)
{
  CURL *easy = t->handle->easy;
  t->again = t->hungry = t->yielding = t->yielded = false;
  t->upload_at = 0;
  if(!t->paused)
    t->paused_us = 0;
  curl_multi_remove_handle(t->shard->multi, easy);
  if(++t->tainted > 3) {
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    t->handle->shaped = true;
  }
  if(curl_multi_add_handle(t->shard->multi, easy)) {
    transfer_fail(t, PNET_FAULT_MEMORY, NULL);
    conclude(t);
  }
}

void transfer_ended(struct transfer *t, CURLcode code)
{
  if(t->again && !t->done.fault) {
    start_over(t);
    return;
  }
  if(code == CURLE_SEND_ERROR && (answer_complete(t) || salvage(t)))
    code = CURLE_OK; /* the server did not want the rest */
  if(code == CURLE_ABORTED_BY_CALLBACK && t->unrepeatable)
    code = CURLE_SEND_FAIL_REWIND;
  t->done.curl_code = (int32_t)code;
  if(!code && !t->done.fault && t->unread) {
    end_probe(t);
    detach(t); /* the connection is free for others while the rest waits for room */
    t->state = T_DRAINING;
    return;
  }
  conclude(t);
}

void transfer_abort(struct transfer *t, enum pnet_fault fault)
{
  transfer_fail(t, fault, NULL);
  conclude(t);
}

int transfer_pauses(const struct transfer *t)
{
  return (t->paused ? CURLPAUSE_RECV : 0) | (t->hungry || t->yielding || t->refused ? CURLPAUSE_SEND : 0);
}

bool transfer_finish_refused(struct transfer *t)
{
  if(!answer_complete(t) || t->paused || t->unread)
    return false;
  conclude(t);
  return true;
}

/* libcurl reads the end of the connection in the middle of an answer, and goes on waiting until it may send. */
bool transfer_end_cut(struct transfer *t)
{
  char byte;
  ssize_t got;
  if(t->on_fd < 0 || t->paused || t->unread || answer_complete(t) || t->lane->origin->mode == ORIGIN_H2)
    return false;
  got = recv(t->on_fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if(got > 0 || (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)))
    return false;
  t->done.os_errno = got ? errno : 0;
  transfer_fail(t, PNET_FAULT_LOST, "the connection was closed inside the answer to a request that was not sent whole");
  conclude(t);
  return true;
}

void transfer_skip(struct transfer *t)
{
  bool little = !t->response.chunked && t->response.content_length >= 0 &&
                t->response.content_length - (int64_t)t->wire_body <= PNET_CAPTURE_BYTES;
  if(t->state != T_RUNNING || !little)
    conclude(t);
  else if(t->paused) {
    t->paused = false;
    transfer_resume(t);
  }
}

/* A clock has run out, unless bytes of the request body got away, of which libcurl tells only when it is asked. */
void transfer_expire(struct transfer *t, enum pnet_fault fault)
{
  curl_off_t sent = 0;
  if(t->connected && t->state == T_RUNNING && fault != PNET_FAULT_TOTAL_TIME && sent_by_pieces(t)) {
    curl_easy_getinfo(t->handle->easy, CURLINFO_SIZE_UPLOAD_T, &sent);
    if(sent != t->got_away) {
      t->got_away = sent;
      moved(t);
      queue_watch(t);
      return;
    }
    if(is_sending(t) && answer_complete(t)) { /* the server does not want the rest */
      conclude(t);
      return;
    }
  }
  transfer_abort(t, fault);
}

void transfer_resume(struct transfer *t)
{
  CURLcode code = CURLE_OK;
  int64_t now = t->queue->engine->now_us;
  if(!t->paused && !t->hungry) {
    if(t->deadline_us && t->paused_us)
      t->deadline_us += now - t->paused_us; /* the clock stood still while we were the ones who waited */
    t->paused_us = 0;
  }
  t->moved_us = now;
  queue_watch(t);
  if(!t->done.fault && t->unread && !t->paused && !receive_rest(t) && !t->done.fault &&
     (t->state == T_DRAINING || !is_sending(t)))
    return; /* starved again */
  if(!t->done.fault && t->state == T_RUNNING) {
    code = curl_easy_pause(t->handle->easy, transfer_pauses(t));
    if(code == CURLE_BAD_FUNCTION_ARGUMENT)
      code = CURLE_OK; /* it has no connection any more: its message is on the way */
    shard_touch(t->shard);
  }
  if(code && !t->done.fault)
    t->done.curl_code = (int32_t)code;
  if(code || t->done.fault || t->state == T_DRAINING)
    conclude(t);
  else if(t->refused)
    transfer_finish_refused(t);
}
