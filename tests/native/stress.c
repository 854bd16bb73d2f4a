/* stress.c - the core under many threads, without Python: `stress [seconds [seed]]`, meant for the thread and the
 * address sanitizer. A round is one scenario: an engine, some workers that submit and reap (a queue each), and threads
 * that disturb them. After each round nothing of the core may be alive. What a request is, and so what has to come
 * back, follows from its ticket alone. A failed check is one line and exit code 1; a round that hangs aborts. */
#include "pnet.h"
#include "stress_server.h"

#include <stdatomic.h>
#include <sys/wait.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define WORKERS 4
#define ROWS 40  /* tickets a worker has in a round */
#define BATCH 16 /* requests a pnet_submit */
#define KEPT 8   /* bodies that outlive their batch */
#define STUCK_SECONDS 20
#define SMALL_BUFFER (256u << 10)

enum disturbance {
  CANCELS = 1, /* a thread cancels at random */
  CLOSES = 2,  /* two threads close every queue */
  STOPS = 4,   /* two threads stop the engine */
  HOPS = 8,    /* the workers answer redirects themselves */
  FILES = 16,  /* most bodies go to files */
  ORDERED = 32,
  SMALL = 64,  /* buffer_bytes is SMALL_BUFFER, bodies are up to as large */
  BRIEF = 128, /* few rows: the life of the engine is what is tested */
  FORKS = 256  /* a thread forks children that look at what they inherit */
};

struct scenario {
  const char *name;
  const char
    *kinds;      /* of stress_server.h, drawn at random; 'n' needs somebody who cancels, 'o' is one with a timeout */
  unsigned with; /* enum disturbance */
};

static const struct scenario SCENARIOS[] = {
  {"queues", "bbbbccgwrxto", 0},
  {"cancel", "bbccgwrxtno", CANCELS},
  {"close", "bbccgwrxn", CLOSES},
  {"stop", "bbccgwrxn", STOPS},
  {"small buffer", "bcgto", SMALL},
  {"small buffer in order", "bcgw", SMALL | ORDERED},
  {"small buffer, cancel", "bcgn", SMALL | CANCELS},
  {"small buffer in order, close", "bcgn", SMALL | ORDERED | CLOSES},
  {"hops", "brrrwo", HOPS},
  {"hops, cancel", "brrrwn", HOPS | CANCELS},
  {"hops, close", "brrrwn", HOPS | CLOSES},
  {"hops, stop", "brrrwn", HOPS | STOPS},
  {"hops in order", "brrrgc", HOPS | SMALL | ORDERED},
  {"files", "bbcgrwxto", FILES},
  {"files, cancel", "bbcgrwxtn", FILES | CANCELS},
  {"files, close", "bbcgrwxtn", FILES | CLOSES},
  {"brief", "bcw", BRIEF},
  {"brief, close", "bcwn", BRIEF | CLOSES},
  {"brief, stop", "bcwn", BRIEF | STOPS},
  {"forks", "bbbbccgwrxto", FORKS},
  {"forks, files", "bbcgrwxto", FORKS | FILES},
};

struct worker {
  struct run *run;
  struct pnet_queue *queue;
  pthread_t thread;
  uint32_t random;
  unsigned index;
  unsigned pending; /* tickets without their last answer */
  unsigned enough;  /* pending ones, to wait before more are submitted */
  bool closed, must_reap;
  _Atomic uint64_t submitted; /* tickets are 1..submitted */
  bool ended[ROWS + 1];
  uint64_t size[ROWS + 1], owed, head;
  uint64_t kept[KEPT];
};

struct run {
  struct stress *stress;
  const struct scenario *scenario;
  struct pnet_engine *engine;
  uint32_t seed;
  uint64_t rows;
  atomic_bool over; /* the workers have returned */
  struct worker workers[WORKERS];
};

struct stress {
  struct server server;
  char directory[64];
  _Atomic uint64_t progress, rows;
  atomic_bool over;
  pthread_mutex_t lock;
  struct run *run;   /* (lock) while its queues exist */
  const char *doing; /* (lock) */
};

static bool has(const struct run *run, unsigned what)
{
  return run->scenario->with & what;
}

static struct want want_of(const struct worker *w, uint64_t id)
{
  const struct run *run = w->run;
  uint32_t random = run->seed + w->index * 7919u + (uint32_t)id * 104729u;
  struct want want = {.kind = 0};
  uint32_t size;
  random = random ? random : 1;
  for(int i = 0; i < 4; i++) /* neighbouring tickets begin alike */
    random_next(&random);
  want.kind = run->scenario->kinds[random_next(&random) % strlen(run->scenario->kinds)];
  size = random_next(&random) % 100;
  if(has(run, SMALL))
    want.len = random_next(&random) % (size < 50 ? SMALL_BUFFER / 8 : SMALL_BUFFER);
  else
    want.len = size < 98 ? random_next(&random) % (size < 75 ? 2048 : 100000) : LARGEST;
  want.offset = random_next(&random) % PERIOD;
  want.file = has(run, FILES) && random_next(&random) % 4;
  want.discard = !want.file && !has(run, HOPS) && random_next(&random) % 16 == 0;
  want.may_be_cancelled = has(run, CANCELS | CLOSES | STOPS);
  want.may_find_no_room = has(run, SMALL) && want.len > SMALL_BUFFER / 2; /* every body is sure of half the budget */
  return want;
}

static void path_of(const struct worker *w, uint64_t id, char *path, size_t cap)
{
  snprintf(path, cap, "%s/%u-%llu", w->run->stress->directory, w->index, (unsigned long long)id);
}

/* ---- workers ---- */

static void check_row(const struct worker *w, const struct pnet_done *row, const uint8_t *text)
{
  const struct server *server = &w->run->stress->server;
  char path[128];
  CHECK(row->id && row->id <= w->submitted, "ticket %llu", (unsigned long long)row->id);
  CHECK(!w->ended[row->id], "ticket %llu came twice", (unsigned long long)row->id);
  path_of(w, row->id, path, sizeof(path));
  check_reply(server, row, text, want_of(w, row->id), path);
}

static void submit(struct worker *w, uint64_t first, size_t n, unsigned flags, bool hop)
{
  struct pnet_request requests[BATCH] = {{0}};
  char text[BATCH * 256];
  size_t len = 0, taken = 0;
  bool plain = has(w->run, HOPS) && !hop; /* as pnet_submit_urls takes them */
  int rc;
  for(size_t i = 0; i < n; i++) {
    struct pnet_request *request = &requests[i];
    const struct want want = want_of(w, first + i);
    const char kind = hop ? 'b' : want.kind == 'o' ? 'n' : want.kind;
    request->id = first + i;
    request->url_off = (uint32_t)len;
    /* a name is gated until it is resolved, an address is not */
    len += (size_t)snprintf(text + len, sizeof(text) - len, "http://%s:%u/%c/%u/%u\n",
                            request->id % 3 ? (request->id % 2 ? "a.test" : "b.test") : "127.0.0.1",
                            w->run->stress->server.port, kind, want.len, want.offset);
    request->url_len = (uint32_t)len - 1 - request->url_off;
    request->timeout_us = want.kind == 'o' ? 1000 + want.offset * 10 : 0;
    request->flags |= hop ? PNET_REQ_HOP : 0;
    request->flags |= has(w->run, HOPS) ? PNET_REQ_RETURN_HOPS : 0;
    request->flags |= want.discard ? PNET_REQ_DISCARD : 0;
    plain = plain && !request->timeout_us;
    if(want.file) {
      request->path_off = (uint32_t)len;
      path_of(w, request->id, text + len, sizeof(text) - len);
      request->path_len = (uint32_t)strlen(text + len);
      len += request->path_len;
    }
  }
  if(!hop)
    w->submitted += n;
  if(plain)
    rc = pnet_submit_urls(w->queue, first, n, (const uint8_t *)text, len - 1, flags, &taken);
  else
    rc = pnet_submit(w->queue, requests, n, (const uint8_t *)text, len, flags, &taken);
  CHECK(rc == PNET_OK || (rc == PNET_CLOSED && has(w->run, CLOSES | STOPS)), "%d", rc);
  CHECK(taken == (rc ? 0 : n), "%zu of %zu taken", taken, n);
  if(rc)
    w->closed = true;
  else if(!hop)
    w->pending += (unsigned)n;
}

static void submit_some(struct worker *w)
{
  const uint64_t left = w->run->rows - w->submitted;
  const uint64_t n = 1 + random_next(&w->random) % BATCH;
  w->must_reap = random_next(&w->random) % 2;
  w->enough = random_next(&w->random) % 4 ? random_next(&w->random) % 32 : 0;
  submit(w, w->submitted + 1, (size_t)(n < left ? n : left), w->must_reap ? PNET_SUBMIT_WILL_WAIT : 0, false);
}

static void release(struct worker *w, uint64_t bytes)
{
  const int rc = pnet_consumed(w->queue, bytes, w->head);
  CHECK(rc == PNET_OK, "pnet_consumed: %d", rc);
}

/* Bodies are consumed as their rows come, or in the order of their tickets. */
static void consume(struct worker *w, const struct pnet_done *row)
{
  if(!has(w->run, ORDERED)) {
    w->owed += row->body_len;
    return;
  }
  w->size[row->id] = row->body_len;
  while(w->head <= w->submitted && w->ended[w->head])
    w->owed += w->size[w->head++];
}

static void keep(struct worker *w, uint64_t body)
{
  uint64_t *place = &w->kept[random_next(&w->random) % KEPT];
  pnet_body_free((uint8_t *)(uintptr_t)*place);
  *place = body;
}

/* false: the answer was the last of its ticket */
static bool answer_hop(struct worker *w, const struct pnet_done *row)
{
  const bool closable = has(w->run, CLOSES | STOPS);
  const uint32_t choice = random_next(&w->random) % 4;
  if(choice == 0) {
    const int rc = pnet_hop_end(w->queue, row->id);
    CHECK(rc == PNET_OK || (rc == PNET_CLOSED && closable), "%d", rc);
    return false;
  }
  if(choice == 1 && closable)
    return true;                       /* held until the queue is closed */
  release(w, row->body_len + w->owed); /* before the next hop needs the room */
  w->owed = 0;
  submit(w, row->id, 1, 0, true);
  return true;
}

static void take_rows(struct worker *w, const struct pnet_batch *batch)
{
  uint64_t body_bytes = 0;
  size_t special = 0;
  for(size_t i = 0; i < batch->n; i++) {
    const struct pnet_done *row = &batch->rows[i];
    body_bytes += row->body_len;
    special += row->special;
    check_row(w, row, batch->text);
    keep(w, row->body);
    if(row->flags & PNET_DONE_HOP && answer_hop(w, row))
      continue;
    w->ended[row->id] = true;
    w->pending--;
    consume(w, row);
  }
  CHECK(body_bytes == batch->body_bytes && special == batch->special, "%zu rows", batch->n);
  w->run->stress->progress++;
  w->run->stress->rows += batch->n;
}

static void reap_some(struct worker *w)
{
  static const int timeouts[] = {0, 1, 3, -1};
  const int timeout = timeouts[random_next(&w->random) % COUNT(timeouts)];
  const bool closable = has(w->run, CLOSES | STOPS);
  struct pnet_batch batch;
  int rc;
  if(timeout < 0 || random_next(&w->random) % 2) {
    release(w, w->owed);
    w->owed = 0;
  }
  rc = pnet_reap(w->queue, 1 + random_next(&w->random) % 64, timeout, &batch);
  CHECK(rc == PNET_OK || (rc == PNET_CLOSED && closable), "pnet_reap: %d", rc);
  take_rows(w, &batch);
  w->must_reap = false;
  if(rc == PNET_CLOSED)
    w->closed = true;
  else if(!batch.n && closable)
    nap_us(500); /* what is left may be held, and then there is nothing to wait for */
  else
    CHECK(batch.n || timeout >= 0, "an endless wait for %u rows returned without one", w->pending);
}

static void open_queue(struct worker *w)
{
  struct pnet_queue_config config = {.in_flight = 1 + random_next(&w->random) % 24,
                                     .per_host = random_next(&w->random) % 12,
                                     .ordered = has(w->run, ORDERED),
                                     .buffer_bytes = has(w->run, SMALL) ? SMALL_BUFFER : 0,
                                     .idle_time_us = 60000000};
  int rc = pnet_queue_new(w->run->engine, &config, &w->queue);
  CHECK(rc == PNET_OK, "pnet_queue_new: %d", rc);
}

static void check_drained(struct worker *w)
{
  struct pnet_stats stats;
  struct pnet_batch batch;
  int rc = pnet_reap(w->queue, 1, 0, &batch);
  CHECK(rc == PNET_OK && !batch.n, "%d, %zu rows", rc, batch.n);
  if(has(w->run, HOPS))
    return; /* pnet_hop_end is an order: it may still be on its way */
  pnet_queue_stats(w->queue, &stats);
  CHECK(batch.drained && !stats.queued && !stats.in_flight && stats.done == w->submitted,
        "drained %d, %llu queued, %llu in flight, %llu done", batch.drained, (unsigned long long)stats.queued,
        (unsigned long long)stats.in_flight, (unsigned long long)stats.done);
}

static void *work(void *arg)
{
  struct worker *w = arg;
  while(!w->closed && (w->pending || w->submitted < w->run->rows)) {
    if(w->submitted < w->run->rows && !w->must_reap && w->pending <= w->enough)
      submit_some(w);
    else
      reap_some(w);
    if(!w->must_reap && random_next(&w->random) % 16 == 0)
      nap_us(random_next(&w->random) % 4000); /* the engine's thread takes the loop over */
  }
  if(!has(w->run, CLOSES | STOPS))
    check_drained(w);
  return NULL;
}

/* ---- disturbers ---- */

static void *cancel_at_random(void *arg)
{
  struct run *run = arg;
  uint32_t random = run->seed | 1;
  while(!run->over) {
    for(int i = 0; i < 8; i++) {
      struct worker *w = &run->workers[random_next(&random) % WORKERS];
      const uint64_t id = 1 + random_next(&random) % (w->submitted + 1); /* one too many: unknown tickets as well */
      const int rc = pnet_cancel(w->queue, id);
      CHECK(rc == PNET_OK, "pnet_cancel: %d", rc);
    }
    nap_us(random_next(&random) % 2000);
  }
  return NULL;
}

/* Two threads at once do the same. */
static void *close_or_stop(void *arg)
{
  struct run *run = arg;
  uint32_t random = run->seed | 1;
  for(int i = 0; i < WORKERS; i++) {
    int rc;
    nap_us(random_next(&random) % (has(run, BRIEF) ? 2000 : 20000));
    rc = has(run, CLOSES) ? pnet_queue_close(run->workers[i].queue) : pnet_engine_stop(run->engine);
    CHECK(rc == PNET_OK, "%d", rc);
    run->stress->progress++;
  }
  return NULL;
}

/* In the child no function may be called that could find its lock taken by a thread that is not there. */
static void look_in_child(const struct run *run)
{
  struct pnet_batch batch;
  if(pnet_reap(run->workers[0].queue, 1, -1, &batch) != PNET_FORKED)
    _exit(2);
  for(int fd = 3; fd < 1024; fd++) {
    struct sockaddr_in name = {.sin_family = AF_UNSPEC};
    socklen_t len = sizeof(name);
    if(!getpeername(fd, (struct sockaddr *)&name, &len) && name.sin_family == AF_INET &&
       ntohs(name.sin_port) == run->stress->server.port)
      _exit(3);
  }
  _exit(0);
}

static void *fork_at_random(void *arg)
{
  struct run *run = arg;
  uint32_t random = run->seed | 1;
  while(!run->over) {
    int status = 0;
    const pid_t pid = fork();
    if(!pid)
      look_in_child(run);
    CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && !status, "a forked child: %x", status);
    nap_us(random_next(&random) % 2000);
  }
  return NULL;
}

static void *look_at_counters(void *arg)
{
  struct stress *s = arg;
  while(!s->over) {
    struct pnet_counts counts;
    struct pnet_stats stats;
    pnet_live(&counts);
    CHECK(counts.engines <= 1 && counts.queues <= WORKERS, "%ld engines, %ld queues", counts.engines, counts.queues);
    pthread_mutex_lock(&s->lock);
    for(int i = 0; s->run && i < WORKERS; i++) {
      pnet_queue_stats(s->run->workers[i].queue, &stats);
      CHECK(!has(s->run, SMALL) || stats.body_bytes <= SMALL_BUFFER, "%llu bytes",
            (unsigned long long)stats.body_bytes);
    }
    pthread_mutex_unlock(&s->lock);
    nap_us(1000);
  }
  return NULL;
}

static void *watch(void *arg)
{
  struct stress *s = arg;
  uint64_t seen = 0;
  for(int quiet = 0; !s->over; nap_us(100000)) {
    const uint64_t now = s->progress;
    quiet = now == seen ? quiet + 1 : 0;
    seen = now;
    if(quiet < STUCK_SECONDS * 10)
      continue;
    pthread_mutex_lock(&s->lock);
    fprintf(stderr, "stress: no progress for %d s in \"%s\"\n", STUCK_SECONDS, s->doing);
    abort();
  }
  return NULL;
}

/* ---- rounds ---- */

static void start(pthread_t *thread, void *(*body)(void *), void *arg)
{
  CHECK(!pthread_create(thread, NULL, body, arg), "a thread");
}

static void disturb(struct run *run)
{
  void *(*const body)(void *) = has(run, FORKS) ? fork_at_random : has(run, CANCELS) ? cancel_at_random : close_or_stop;
  const int n = has(run, CANCELS | FORKS) ? 1 : has(run, CLOSES | STOPS) ? 2 : 0;
  pthread_t disturbers[2];
  for(int i = 0; i < n; i++)
    start(&disturbers[i], body, run);
  for(int i = 0; i < WORKERS; i++)
    pthread_join(run->workers[i].thread, NULL);
  run->over = true;
  for(int i = 0; i < n; i++)
    pthread_join(disturbers[i], NULL);
}

static void check_closed(struct worker *w)
{
  const struct pnet_request request = {.id = ROWS + 1, .url_len = 16};
  struct pnet_batch batch;
  size_t taken;
  int rc = pnet_submit(w->queue, &request, 1, (const uint8_t *)"http://127.0.0.1", 16, 0, &taken);
  CHECK(rc == PNET_CLOSED && !taken, "pnet_submit: %d", rc);
  while((rc = pnet_reap(w->queue, 64, -1, &batch)) == PNET_OK && batch.n)
    take_rows(w, &batch);
  CHECK(rc == PNET_CLOSED, "pnet_reap: %d", rc);
}

static void publish(struct stress *s, struct run *run)
{
  pthread_mutex_lock(&s->lock);
  s->run = run;
  s->doing = run ? run->scenario->name : "what comes after a round";
  pthread_mutex_unlock(&s->lock);
}

static void run_round(struct stress *s, const struct scenario *scenario, uint32_t seed)
{
  char names[128];
  const struct pnet_engine_config config = {.default_headers = "User-Agent: stress\n", .resolve = names};
  struct run *run = calloc(1, sizeof(*run));
  CHECK(run != NULL, "a round");
  snprintf(names, sizeof(names), "a.test:%u:127.0.0.1:\nb.test:%u:127.0.0.1:\n", s->server.port, s->server.port);
  *run = (struct run){.stress = s, .scenario = scenario, .seed = seed};
  run->rows = has(run, BRIEF) ? 6 : ROWS;
  CHECK(pnet_engine_new(&config, &run->engine) == PNET_OK, "pnet_engine_new");
  for(unsigned i = 0; i < WORKERS; i++) {
    struct worker *w = &run->workers[i];
    *w = (struct worker){.run = run, .index = i, .random = run->seed * (i + 1) | 1, .head = 1};
    open_queue(w);
  }
  publish(s, run);
  for(int i = 0; i < WORKERS; i++)
    start(&run->workers[i].thread, work, &run->workers[i]);
  disturb(run);
  publish(s, NULL);
  for(int i = 0; i < WORKERS && has(run, CLOSES | STOPS); i++)
    check_closed(&run->workers[i]);
  if(seed % 2)
    pnet_engine_free(run->engine); /* its queues keep it */
  for(int i = 0; i < WORKERS; i++) {
    pnet_queue_free(run->workers[i].queue);
    for(int j = 0; j < KEPT; j++)
      pnet_body_free((uint8_t *)(uintptr_t)run->workers[i].kept[j]);
  }
  if(seed % 2 == 0)
    pnet_engine_free(run->engine);
  free(run);
  s->progress++;
  check_nothing_lives(s->directory, scenario->name);
}

int main(int argc, char **argv)
{
  const int seconds = argc > 1 ? atoi(argv[1]) : 10;
  uint32_t random = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 1;
  static struct stress s = {
    .directory = "/tmp/pyinet-stress-XXXXXX", .doing = "the start", .lock = PTHREAD_MUTEX_INITIALIZER};
  const time_t until = time(NULL) + seconds;
  pthread_t watcher, looker;
  unsigned rounds = 0;
  CHECK(random, "a seed above 0");
  printf("stress: %d s, seed %u\n", seconds, random);
  fflush(stdout);
  CHECK(mkdtemp(s.directory) != NULL, "%s", s.directory);
  server_start(&s.server);
  start(&watcher, watch, &s);
  start(&looker, look_at_counters, &s);
  do {
    run_round(&s, &SCENARIOS[rounds++ % COUNT(SCENARIOS)], random_next(&random));
  } while(time(NULL) < until);
  s.over = true;
  pthread_join(watcher, NULL);
  pthread_join(looker, NULL);
  server_stop(&s.server);
  CHECK(!rmdir(s.directory), "%s is not empty", s.directory);
  printf("stress: %u rounds, %llu rows, every check held\n", rounds, (unsigned long long)s.rows);
  return 0;
}
