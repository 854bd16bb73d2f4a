/* stress_streams.c - what stress.c leaves out, under many threads and the sanitizers: bodies that are read while they
 * arrive, events, and threads that wait for descriptors as event loops do. `stress_streams [seconds [seed]]`.
 *
 * Readers open one body after the other, some after they have written one, and read it in pieces of random size; loopers keep many plain transfers going by
 * pnet_turn; a waiter does the same in pnet_reap; a disturber cancels and closes. Whatever is read has to be what the URL
 * says, up to where somebody cut it off. */
#include "pnet.h"
#include "stress_server.h"

#include <poll.h>
#include <stdatomic.h>

#define READERS 3
#define BODIES 12 /* a reader has in a round */
#define LOOPERS 2
#define ROWS 60 /* a looper has in a round */
#define STUCK_SECONDS 20

struct round {
  const struct server *server;
  struct pnet_engine *engine;
  uint32_t seed;
  bool disturbed, closes;
  atomic_bool over;
  _Atomic uint64_t *progress;
  struct reader {
    struct round *round;
    struct pnet_queue *queue;
    unsigned index;
    _Atomic uint64_t ticket;
  } readers[READERS];
  struct looper {
    struct round *round;
    struct pnet_queue *queue;
    unsigned index;
  } loopers[LOOPERS];
};

static const char KINDS[] = "bbccgwxt";

static size_t url_of(const struct round *round, char *text, size_t cap, char kind, unsigned len, unsigned offset)
{
  return (size_t)snprintf(text, cap, "http://%s:%u/%c/%u/%u", offset % 2 ? "a.test" : "127.0.0.1", round->server->port,
                          kind, len, offset);
}

/* ---- readers ---- */

struct body {
  char kind;
  unsigned len, offset;
  uint64_t got; /* bytes read so far */
  bool answered, ended;
  struct pnet_done record;
};

static void check_bytes(const struct reader *r, struct body *body, const uint8_t *data, size_t n)
{
  CHECK(body->got + n <= body->len, "%llu of %u", (unsigned long long)(body->got + n), body->len);
  CHECK(!memcmp(data, r->round->server->reference + body->offset + body->got, n), "/%c/%u/%u at %llu", body->kind,
        body->len, body->offset, (unsigned long long)body->got);
  body->got += n;
}

static void take_events(const struct reader *r, struct body *body, const struct pnet_batch *batch)
{
  for(size_t i = 0; i < batch->n_events; i++) {
    const struct pnet_event *event = &batch->events[i];
    CHECK(event->text_at + event->text_len <= batch->event_text_len, "event %u", event->kind);
    if(event->id != r->ticket)
      continue; /* of one that was cancelled */
    if(event->kind == PNET_EVENT_ANSWER) {
      CHECK(!body->answered && event->value == (body->kind == 'e' ? 413 : 200) && event->text_len > 12, "answer %u",
            event->value);
      body->answered = true;
    }
  }
}

/* false: the queue was closed */
static bool reap(struct reader *r, struct body *body, int timeout)
{
  struct pnet_batch batch;
  const int rc = pnet_reap(r->queue, 8, timeout, &batch);
  CHECK(rc == PNET_OK || (rc == PNET_CLOSED && r->round->closes), "pnet_reap: %d", rc);
  if(rc)
    return false;
  take_events(r, body, &batch);
  for(size_t i = 0; i < batch.n; i++) {
    if(batch.rows[i].id != r->ticket)
      continue;
    body->record = batch.rows[i];
    body->ended = true;
    CHECK(!body->record.body, "a streamed body by address");
    check_bytes(r, body, batch.text + body->record.body_at, (size_t)body->record.body_len);
  }
  return true;
}

static bool read_some(struct reader *r, struct body *body, uint32_t *random)
{
  uint8_t out[70000];
  const size_t cap = 1 + random_next(random) % (random_next(random) % 2 ? sizeof(out) : 600);
  const size_t least = 1 + random_next(random) % cap;
  const int timeout = (int)(random_next(random) % 20);
  size_t n;
  const int rc = pnet_read(r->queue, out, cap, least, timeout, &n);
  CHECK(rc == PNET_OK || rc == PNET_END || rc == PNET_AGAIN || (rc == PNET_CLOSED && r->round->closes), "%d", rc);
  CHECK(n <= cap && (rc != PNET_OK || n >= least), "%zu of %zu, at least %zu", n, cap, least);
  check_bytes(r, body, out, n);
  if(rc == PNET_CLOSED)
    return false;
  return rc == PNET_OK || reap(r, body, 0);
}

static void check_end(const struct reader *r, const struct body *body)
{
  const int fault = body->record.fault;
  if(fault == PNET_FAULT_CANCELLED)
    CHECK(r->round->disturbed, "cancelled by nobody");
  else if(body->kind == 't')
    CHECK(fault, "a cut body is whole");
  else if(body->kind == 'u' && !body->got && (fault == PNET_FAULT_CURL || fault == PNET_FAULT_LOST))
    ; /* it met a connection that 'x' had closed, and what was written is not sent again */
  else if((body->kind != 'x' && body->kind != 'e') || fault != PNET_FAULT_CURL) { /* a reset may cut an early answer */
    CHECK(!fault && body->got == body->len, "/%c/%u: fault %d after %llu", body->kind, body->len, fault,
          (unsigned long long)body->got);
    CHECK(body->answered, "no answer was announced");
  }
}

/* Write what the URL says. false: the queue was closed */
static bool write_body(struct reader *r, struct body *body, bool patient, uint32_t *random)
{
  const uint8_t *from = r->round->server->reference + body->offset;
  size_t at = 0;
  while(at < body->len && !body->ended) {
    size_t size = 1 + random_next(random) % (random_next(random) % 2 ? 100000 : 3000), n;
    int rc;
    if(size > body->len - at)
      size = body->len - at;
    if(!patient && random_next(random) % 8 == 0)
      pnet_cancel(r->queue, r->ticket);
    if(random_next(random) % 16 == 0)
      nap_us(random_next(random) % 3000); /* the transfer waits */
    rc = pnet_write(r->queue, from + at, size, (int)(random_next(random) % 20), &n);
    CHECK(n <= size && (rc != PNET_OK || n == size), "%zu of %zu", n, size);
    at += n;
    if(rc == PNET_CLOSED && r->round->closes)
      return false;
    CHECK(rc == PNET_OK || rc == PNET_AGAIN || rc == PNET_END, "pnet_write: %d", rc);
    if(rc != PNET_OK && !reap(r, body, rc == PNET_END ? 10 : 0))
      return false;
    if(rc == PNET_END && (body->answered || body->ended))
      return true;
  }
  return body->ended || pnet_write_end(r->queue) != PNET_CLOSED;
}

/* false: the queue was closed */
static bool read_body(struct reader *r, uint32_t *random)
{
  struct pnet_request request = {.flags = PNET_REQ_PIPE | PNET_REQ_HTTP1};
  struct body body = {.kind = KINDS[random_next(random) % (sizeof(KINDS) - 1)],
                      .len = random_next(random) % (random_next(random) % 4 ? 3000 : LARGEST),
                      .offset = random_next(random) % PERIOD};
  const bool patient = random_next(random) % 4, writes = random_next(random) % 3 == 0;
  char url[128] = "";
  size_t taken;
  int rc;
  request.id = ++r->ticket;
  if(writes) {
    body.kind = random_next(random) % 4 ? 'u' : 'e';
    request.flags |= PNET_REQ_UPLOAD;
    request.body_len = random_next(random) % 2 ? body.len : PNET_LENGTH_UNKNOWN;
  }
  request.url_len = (uint32_t)url_of(r->round, url, sizeof(url), body.kind, body.len, body.offset);
  request.flags |= random_next(random) % 2 ? PNET_REQ_EVENTS : 0;
  if(writes) {
    memcpy(url + request.url_len, "PUTExpect:\n", 11);
    request.method_off = request.url_len;
    request.method_len = 3;
    request.headers_off = request.url_len + 3;
    request.headers_len = 8;
  }
  rc = pnet_submit(r->queue, &request, 1, (const uint8_t *)url, request.url_len + 11, PNET_SUBMIT_WILL_WAIT, &taken);
  if(rc == PNET_CLOSED && r->round->closes)
    return false;
  CHECK(rc == PNET_OK && taken == 1, "%d", rc);
  if(writes && !write_body(r, &body, patient, random))
    return false;
  while(!body.answered && !body.ended)
    if(!reap(r, &body, 10))
      return false;
  while(!body.ended) {
    if(!patient && random_next(random) % 8 == 0)
      pnet_cancel(r->queue, request.id);
    if(random_next(random) % 16 == 0)
      nap_us(random_next(random) % 3000); /* the ring fills */
    if(!read_some(r, &body, random))
      return false;
  }
  ++*r->round->progress;
  if(patient || body.record.fault != PNET_FAULT_CANCELLED)
    check_end(r, &body);
  return true;
}

static void *read_bodies(void *arg)
{
  struct reader *r = arg;
  uint32_t random = (r->round->seed + r->index * 7919u) | 1;
  for(int i = 0; i < BODIES && read_body(r, &random); i++)
    ;
  return NULL;
}

/* ---- loopers ---- */

struct feed {
  uint64_t submitted, ended;
  uint32_t random;
};

/* false: closed */
static bool submit_rows(struct looper *l, struct feed *feed)
{
  while(feed->submitted < ROWS && feed->submitted - feed->ended < 8) {
    char url[128];
    const size_t len = url_of(l->round, url, sizeof(url), "bcgw"[feed->submitted % 4],
                              random_next(&feed->random) % 5000, random_next(&feed->random) % PERIOD);
    size_t taken;
    const int rc = pnet_submit_urls(l->queue, feed->submitted + 1, 1, (const uint8_t *)url, len,
                                    l->index ? PNET_SUBMIT_WILL_WAIT : 0, &taken);
    if(rc == PNET_CLOSED && l->round->closes)
      return false;
    CHECK(rc == PNET_OK && taken == 1, "%d", rc);
    feed->submitted++;
  }
  return true;
}

static bool take_rows(struct looper *l, struct feed *feed, int timeout)
{
  struct pnet_batch batch;
  const int rc = pnet_reap(l->queue, 16, timeout, &batch);
  CHECK(rc == PNET_OK || (rc == PNET_CLOSED && l->round->closes), "pnet_reap: %d", rc);
  for(size_t i = 0; i < batch.n; i++) {
    CHECK(!batch.rows[i].fault && batch.rows[i].status == 200, "fault %d", batch.rows[i].fault);
    pnet_body_free((uint8_t *)(uintptr_t)batch.rows[i].body);
    feed->ended++;
    ++*l->round->progress;
  }
  return rc == PNET_OK;
}

/* As an event loop does: waits for two descriptors, turns the loop, reaps what is there. */
static void *loop_by_descriptor(void *arg)
{
  struct looper *l = arg;
  struct feed feed = {.random = (l->round->seed + 77) | 1};
  const int descriptor = pnet_engine_descriptor(l->round->engine);
  int fds[2], rc = PNET_OK;
  CHECK(!pipe2(fds, O_NONBLOCK | O_CLOEXEC), "a pipe");
  pnet_queue_notify(l->queue, fds[1]);
  if(descriptor >= 0)
    pnet_engine_attend(l->round->engine, 1);
  while(feed.ended < ROWS) {
    struct pollfd wanted[] = {{.fd = fds[0], .events = POLLIN}, {.fd = descriptor, .events = POLLIN}};
    uint64_t bytes[8];
    if(!submit_rows(l, &feed))
      break;
    if(descriptor >= 0)
      rc = pnet_turn(l->queue);
    if(rc == PNET_CLOSED || !take_rows(l, &feed, 0))
      break;
    if(feed.random % 16 == 0)
      nap_us(40000); /* the promise is broken */
    wanted[1].fd = rc == PNET_BUSY ? -1 : descriptor;
    poll(wanted, 2, rc == PNET_AGAIN || feed.submitted - feed.ended < 8 ? 0 : 100);
    while(read(fds[0], bytes, sizeof(bytes)) > 0)
      ;
  }
  if(descriptor >= 0)
    pnet_engine_attend(l->round->engine, -1);
  pnet_queue_notify(l->queue, -1);
  close(fds[0]);
  close(fds[1]);
  return NULL;
}

static void *loop_by_waiting(void *arg)
{
  struct looper *l = arg;
  struct feed feed = {.random = (l->round->seed + 99) | 1};
  while(feed.ended < ROWS && submit_rows(l, &feed) && take_rows(l, &feed, (int)(random_next(&feed.random) % 5)))
    ;
  return NULL;
}

/* ---- rounds ---- */

static void *disturb(void *arg)
{
  struct round *round = arg;
  uint32_t random = round->seed | 1;
  while(round->disturbed && !round->over) {
    struct reader *r = &round->readers[random_next(&random) % READERS];
    pnet_cancel(r->queue, r->ticket);
    nap_us(random_next(&random) % 3000);
  }
  if(!round->closes)
    return NULL;
  nap_us(random_next(&random) % 20000);
  for(int i = 0; i < READERS; i++)
    CHECK(pnet_queue_close(round->readers[i].queue) == PNET_OK, "pnet_queue_close");
  CHECK(pnet_engine_stop(round->engine) == PNET_OK, "pnet_engine_stop");
  return NULL;
}

static void start(pthread_t *thread, void *(*body)(void *), void *arg)
{
  CHECK(!pthread_create(thread, NULL, body, arg), "a thread");
}

static void run_round(const struct server *server, const char *directory, uint32_t seed, unsigned n,
                      _Atomic uint64_t *progress)
{
  char names[64];
  const struct pnet_engine_config config = {.default_headers = "User-Agent: stress\n", .resolve = names};
  const struct pnet_queue_config single = {.in_flight = 1, .idle_time_us = 60000000};
  const struct pnet_queue_config many = {.in_flight = 8, .idle_time_us = 60000000};
  struct round *round = calloc(1, sizeof(*round));
  pthread_t threads[READERS + LOOPERS], disturber;
  CHECK(round != NULL, "a round");
  snprintf(names, sizeof(names), "a.test:%u:127.0.0.1:\n", server->port);
  round->server = server;
  round->seed = seed;
  round->progress = progress;
  round->disturbed = n % 3 == 1;
  round->closes = n % 3 == 2;
  CHECK(pnet_engine_new(&config, &round->engine) == PNET_OK, "pnet_engine_new");
  for(unsigned i = 0; i < READERS; i++) {
    round->readers[i].round = round;
    round->readers[i].index = i;
    CHECK(pnet_queue_new(round->engine, &single, &round->readers[i].queue) == PNET_OK, "pnet_queue_new");
  }
  for(unsigned i = 0; i < LOOPERS; i++) {
    round->loopers[i].round = round;
    round->loopers[i].index = i;
    CHECK(pnet_queue_new(round->engine, &many, &round->loopers[i].queue) == PNET_OK, "pnet_queue_new");
  }
  for(int i = 0; i < READERS; i++)
    start(&threads[i], read_bodies, &round->readers[i]);
  start(&threads[READERS], loop_by_descriptor, &round->loopers[0]);
  start(&threads[READERS + 1], loop_by_waiting, &round->loopers[1]);
  start(&disturber, disturb, round);
  for(int i = 0; i < READERS + LOOPERS; i++)
    pthread_join(threads[i], NULL);
  round->over = true;
  pthread_join(disturber, NULL);
  for(int i = 0; i < READERS; i++)
    pnet_queue_free(round->readers[i].queue);
  for(int i = 0; i < LOOPERS; i++)
    pnet_queue_free(round->loopers[i].queue);
  pnet_engine_free(round->engine);
  free(round);
  check_nothing_lives(directory, "streams");
}

static void *look(void *arg)
{
  _Atomic uint64_t *progress = arg;
  uint64_t seen = 0;
  for(int quiet = 0;; nap_us(100000)) {
    const uint64_t now = *progress;
    if(now == UINT64_MAX)
      return NULL;
    quiet = now == seen ? quiet + 1 : 0;
    seen = now;
    if(quiet > STUCK_SECONDS * 10) {
      fprintf(stderr, "stress_streams: no progress for %d s\n", STUCK_SECONDS);
      abort();
    }
  }
}

int main(int argc, char **argv)
{
  const int seconds = argc > 1 ? atoi(argv[1]) : 10;
  uint32_t random = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 1;
  const time_t until = time(NULL) + seconds;
  char directory[] = "/tmp/pyinet-stress-XXXXXX";
  static struct server server;
  static _Atomic uint64_t progress;
  pthread_t looker;
  unsigned rounds = 0;
  CHECK(random, "a seed above 0");
  printf("stress_streams: %d s, seed %u\n", seconds, random);
  fflush(stdout);
  CHECK(mkdtemp(directory) != NULL, "%s", directory);
  server_start(&server);
  start(&looker, look, &progress);
  do {
    run_round(&server, directory, random_next(&random), rounds++, &progress);
    progress++;
  } while(time(NULL) < until);
  progress = UINT64_MAX;
  pthread_join(looker, NULL);
  server_stop(&server);
  CHECK(!rmdir(directory), "%s is not empty", directory);
  printf("stress_streams: %u rounds, every check held\n", rounds);
  return 0;
}
