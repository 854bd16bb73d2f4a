/* write_test.c - request bodies from pnet_write and from open descriptors: what is refused, who is told what, that no
 * descriptor is left behind, and that no wait outlasts its time. Each under both drivers. */
#include "internal.h"
#include "pnet.h"
#include "stress_server.h"

#include <errno.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define PATIENCE_MS 20000
#define STUCK_SECONDS 100

static struct server server;

struct client {
  struct pnet_engine *engine;
  struct pnet_queue *queue;
};

static struct client open_client(struct pnet_queue_config limits)
{
  const struct pnet_engine_config config = {.default_headers = "User-Agent: write\n"};
  struct client client;
  limits.in_flight = limits.in_flight ? limits.in_flight : 1;
  CHECK(pnet_engine_new(&config, &client.engine) == PNET_OK, "pnet_engine_new");
  CHECK(pnet_queue_new(client.engine, &limits, &client.queue) == PNET_OK, "pnet_queue_new");
  return client;
}

static void close_client(struct client client)
{
  pnet_queue_free(client.queue);
  pnet_engine_free(client.engine);
}

/* PUT /KIND/LEN/0; with a line behind its headers that must be refused, when that is wanted. */
static int submit(struct client client, struct pnet_request request, char kind, unsigned len, bool smuggles)
{
  char text[128];
  const int url_len = snprintf(text, sizeof(text), "http://127.0.0.1:%u/%c/%u/0", server.port, kind, len);
  const int all = snprintf(text, sizeof(text), "http://127.0.0.1:%u/%c/%u/0PUTExpect:\n%s", server.port, kind, len,
                           smuggles ? "A: \001\n" : "");
  size_t taken;
  int rc;
  request.url_len = request.method_off = (uint32_t)url_len;
  request.method_len = 3;
  request.headers_off = (uint32_t)url_len + 3;
  request.headers_len = (uint32_t)(all - url_len - 3);
  rc = pnet_submit(client.queue, &request, 1, (const uint8_t *)text, (size_t)all, 0, &taken);
  CHECK(taken == (rc == PNET_OK), "%d, %zu taken", rc, taken);
  return rc;
}

/* The record of that ticket; others that come meanwhile are dropped. */
static struct pnet_done reap(struct client client, uint64_t id)
{
  for(;;) {
    struct pnet_batch batch;
    const int rc = pnet_reap(client.queue, 8, PATIENCE_MS, &batch);
    CHECK(rc == PNET_OK && (batch.n || batch.n_events), "%d, %zu rows", rc, batch.n);
    for(size_t i = 0; i < batch.n; i++) {
      pnet_body_free((uint8_t *)(uintptr_t)batch.rows[i].body);
      if(batch.rows[i].id == id)
        return batch.rows[i];
    }
  }
}

/* What comes before the end is no matter here. */
static void drop_events(struct client client)
{
  struct pnet_batch batch;
  const int rc = pnet_reap(client.queue, 0, 0, &batch);
  CHECK(rc == PNET_OK || rc == PNET_CLOSED, "pnet_reap: %d", rc);
}

static int write_on(struct client client, const uint8_t *data, size_t len, size_t *at)
{
  int rc;
  do {
    size_t n;
    rc = pnet_write(client.queue, data + *at, len - *at, PATIENCE_MS, &n);
    *at += n;
    if(rc == PNET_AGAIN)
      drop_events(client);
  } while(rc == PNET_AGAIN);
  return rc;
}

/* Descriptors of that file. */
static int copies_of(int fd)
{
  struct stat file, info;
  int n = 0;
  CHECK(!fstat(fd, &file), "fstat");
  for(int other = 0; other < 1024; other++)
    n += !fstat(other, &info) && info.st_ino == file.st_ino && info.st_dev == file.st_dev;
  return n;
}

static int file_of(const uint8_t *data, size_t len)
{
  char name[] = "/tmp/pyinet-write-XXXXXX";
  const int fd = mkstemp(name);
  CHECK(fd >= 0 && write(fd, data, len) == (ssize_t)len, "%s", name);
  unlink(name);
  return fd;
}

/* ---- what arrives ---- */

static void pieces_of_any_size_arrive(void)
{
  static const size_t steps[] = {1, 1000, 8192, 8193, 65536, 300000};
  static const unsigned lengths[] = {0, 1, 8192, 70000, LARGEST};
  const struct client client = open_client((struct pnet_queue_config){0});
  uint64_t id = 0;
  for(size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
    for(size_t j = 0; j < sizeof(lengths) / sizeof(lengths[0]); j++)
      for(int announced = 0; announced < 2; announced++) {
        const unsigned len = steps[i] == 1 && lengths[j] > 10000 ? 10000 : lengths[j];
        const struct pnet_request request = {
          .id = ++id, .flags = PNET_REQ_UPLOAD, .body_len = announced ? len : PNET_LENGTH_UNKNOWN};
        struct pnet_done done;
        size_t at = 0;
        CHECK(submit(client, request, 'u', len, false) == PNET_OK, "%u bytes", len);
        while(at < len) {
          const size_t end = len - at < steps[i] ? len : at + steps[i];
          CHECK(write_on(client, server.reference, end, &at) == PNET_OK && at == end, "%zu of %u", at, len);
        }
        CHECK(pnet_write_end(client.queue) == PNET_OK, "%u bytes", len);
        done = reap(client, id);
        CHECK(!done.fault && done.status == 200 && done.decoded_bytes == len, "%u bytes, by %zu: fault %d", len,
              steps[i], done.fault);
      }
  close_client(client);
}

static void a_part_of_a_file_arrives(void)
{
  const struct client client = open_client((struct pnet_queue_config){0});
  uint8_t *data = malloc(LARGEST + 100);
  struct pnet_request request = {.flags = PNET_REQ_BODY_FD, .body_off = 100};
  struct pnet_done done;
  CHECK(data != NULL, "memory");
  memset(data, 'x', 100);
  memcpy(data + 100, server.reference, LARGEST);
  request.body_fd = file_of(data, LARGEST + 100);
  for(unsigned len = 0; len <= LARGEST; len = len * 4 + 1) {
    request.id++;
    request.body_len = len;
    CHECK(submit(client, request, 'u', len, false) == PNET_OK, "%u bytes", len);
    done = reap(client, request.id);
    CHECK(!done.fault && done.status == 200, "%u bytes: fault %d", len, done.fault);
  }
  request.id++;
  request.body_len = LARGEST;
  CHECK(!ftruncate(request.body_fd, 300000), "ftruncate");
  CHECK(submit(client, request, 'u', LARGEST, false) == PNET_OK, "a file that became shorter");
  done = reap(client, request.id);
  CHECK(done.fault == PNET_FAULT_LOCAL_FILE && done.flags & PNET_DONE_BODY_FILE, "fault %d", done.fault);
  CHECK(copies_of(request.body_fd) == 1, "%d copies", copies_of(request.body_fd));
  close(request.body_fd);
  free(data);
  close_client(client);
}

/* ---- what is refused ---- */

static void lengths_beyond_what_can_be_counted_are_refused(void)
{
  const struct client client = open_client((struct pnet_queue_config){0});
  const uint64_t most = INT64_MAX;
  const int fd = file_of((const uint8_t *)"body", 4);
  const struct pnet_request requests[] = {
    {.flags = PNET_REQ_UPLOAD, .body_len = most + 1},
    {.flags = PNET_REQ_UPLOAD, .body_len = PNET_LENGTH_UNKNOWN - 1},
    {.flags = PNET_REQ_BODY_FD, .body_fd = fd, .body_len = most + 1},
    {.flags = PNET_REQ_BODY_FD, .body_fd = fd, .body_len = PNET_LENGTH_UNKNOWN},
    {.flags = PNET_REQ_BODY_FD, .body_fd = fd, .body_len = 1, .body_off = most},
    {.flags = PNET_REQ_BODY_FD, .body_fd = fd, .body_len = 1, .body_off = PNET_LENGTH_UNKNOWN},
    {.flags = PNET_REQ_BODY_FD, .body_fd = -1, .body_len = 1},
    {.flags = PNET_REQ_BODY_FD, .body_fd = 1000000, .body_len = 1},
  };
  for(size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
    const int rc = submit(client, requests[i], 'u', 1, false);
    CHECK(rc == PNET_INVALID, "request %zu: %d", i, rc);
    CHECK(copies_of(fd) == 1, "request %zu: %d copies", i, copies_of(fd));
  }
  close(fd);
  close_client(client);
}

static void no_descriptor_to_spare_is_the_system_s_fault(void)
{
  const struct client client = open_client((struct pnet_queue_config){0});
  const int fd = file_of((const uint8_t *)"body", 4);
  const struct pnet_request request = {.id = 1, .flags = PNET_REQ_BODY_FD, .body_fd = fd, .body_len = 4};
  struct rlimit kept, none;
  int rc;
  CHECK(!getrlimit(RLIMIT_NOFILE, &kept), "getrlimit");
  none = kept;
  none.rlim_cur = (rlim_t)fd + 1;
  while(fcntl((int)none.rlim_cur - 1, F_GETFD) >= 0 && fcntl(0, F_DUPFD_CLOEXEC, 0) >= 0 && none.rlim_cur < 900)
    none.rlim_cur++; /* all numbers below are taken */
  CHECK(!setrlimit(RLIMIT_NOFILE, &none), "setrlimit");
  while(fcntl(0, F_DUPFD_CLOEXEC, 0) >= 0)
    ;
  rc = submit(client, request, 'u', 4, false);
  CHECK(!setrlimit(RLIMIT_NOFILE, &kept), "setrlimit");
  CHECK(rc == PNET_SYSTEM, "%d", rc);
  close_client(client);
  close(fd);
}

static void what_contradicts_the_announcement_is_refused(void)
{
  const struct client client = open_client((struct pnet_queue_config){0});
  const struct pnet_request request = {.id = 1, .flags = PNET_REQ_UPLOAD, .body_len = 100000};
  struct pnet_done done;
  size_t at = 0, n;
  CHECK(pnet_write(client.queue, server.reference, 1, 0, &n) == PNET_INVALID && !n, "nothing was announced");
  CHECK(submit(client, request, 'u', 100000, false) == PNET_OK, "an upload");
  CHECK(pnet_write(client.queue, server.reference, 100001, 0, &n) == PNET_INVALID && !n, "more than announced");
  CHECK(write_on(client, server.reference, 99999, &at) == PNET_OK, "%zu", at);
  CHECK(pnet_write_end(client.queue) == PNET_INVALID, "less than announced");
  CHECK(pnet_write(client.queue, server.reference + at, 2, 0, &n) == PNET_INVALID && !n, "more than announced");
  CHECK(write_on(client, server.reference, 100000, &at) == PNET_OK, "%zu", at);
  CHECK(pnet_write_end(client.queue) == PNET_OK && pnet_write_end(client.queue) == PNET_OK, "the end, twice");
  CHECK(pnet_write(client.queue, server.reference, 1, 0, &n) == PNET_INVALID && !n, "behind the end");
  done = reap(client, 1);
  CHECK(!done.fault && done.status == 200, "fault %d", done.fault);
  close_client(client);
}

/* ---- ends ---- */

static void descriptors_go_with_what_was_not_sent(void)
{
  const int fd = file_of(server.reference, LARGEST);
  const struct pnet_request request = {.id = 1, .flags = PNET_REQ_BODY_FD, .body_fd = fd, .body_len = LARGEST};
  struct pnet_request other = request;
  struct client client = open_client((struct pnet_queue_config){0});
  other.id = 2;
  CHECK(submit(client, request, 'd', LARGEST, true) == PNET_INVALID, "a control character");
  CHECK(submit(client, request, 'd', LARGEST, false) == PNET_OK, "the first");
  CHECK(submit(client, other, 'd', LARGEST, false) == PNET_OK, "one that waits for it");
  CHECK(pnet_cancel(client.queue, 2) == PNET_OK, "pnet_cancel");
  CHECK(reap(client, 2).fault == PNET_FAULT_CANCELLED, "cancelled before it began");
  CHECK(copies_of(fd) == 2, "%d copies", copies_of(fd));
  CHECK(submit(client, other, 'd', LARGEST, false) == PNET_OK, "another that waits");
  pnet_engine_stop(client.engine);
  close_client(client);
  client = open_client((struct pnet_queue_config){0});
  CHECK(submit(client, request, 'd', LARGEST, false) == PNET_OK, "the first");
  CHECK(submit(client, other, 'd', LARGEST, false) == PNET_OK, "one that waits for it");
  pnet_queue_close(client.queue);
  close_client(client);
  CHECK(copies_of(fd) == 1, "%d copies", copies_of(fd));
  close(fd);
}

/* A queue of more than one: the record of another transfer is not the end of this one. */
static void another_transfer_s_end_is_not_that_of_the_body(void)
{
  const struct client client = open_client((struct pnet_queue_config){.in_flight = 2});
  const struct pnet_request request = {.id = 1, .flags = PNET_REQ_UPLOAD, .body_len = LARGEST};
  const struct pnet_request other = {.id = 2};
  struct pnet_done done;
  struct pnet_stats stats;
  struct pnet_batch batch;
  size_t at = 0, events = 0, n;
  int rc;
  CHECK(submit(client, request, 'u', LARGEST, false) == PNET_OK, "an upload");
  CHECK(submit(client, other, 'u', 0, false) == PNET_OK, "a plain one");
  do {
    nap_us(1000);
    CHECK(pnet_reap(client.queue, 0, 0, &batch) == PNET_OK, "pnet_reap");
    events += batch.n_events;
    pnet_queue_stats(client.queue, &stats);
  } while(!stats.done || !events);
  rc = pnet_write(client.queue, server.reference, LARGEST, 100, &at);
  CHECK(rc == PNET_AGAIN, "%d after %zu", rc, at);
  CHECK(reap(client, 2).status == 200, "the plain one");
  CHECK(pnet_write(client.queue, server.reference + at, LARGEST - at, PATIENCE_MS, &n) == PNET_OK, "%zu", at);
  CHECK(pnet_write_end(client.queue) == PNET_OK, "the end");
  done = reap(client, 1);
  CHECK(!done.fault && done.status == 200, "fault %d", done.fault);
  close_client(client);
}

static void *write_to_the_deaf(void *arg)
{
  const struct client *client = arg;
  static int rc; /* one at a time */
  do {
    size_t at = 0;
    rc = write_on(*client, server.reference, LARGEST, &at);
  } while(rc == PNET_OK);
  return &rc;
}

enum how { BY_CANCEL, BY_CLOSE, BY_STOP };

/* Another thread ends what a writer waits for, with nobody else at the loop or with a reader of another queue there. */
static void a_writer_that_waits_is_told(enum how how, bool driven)
{
  const struct client client = open_client((struct pnet_queue_config){0});
  const struct pnet_queue_config single = {.in_flight = 1};
  struct client other = {.engine = client.engine};
  const struct pnet_request request = {.id = 1, .flags = PNET_REQ_UPLOAD, .body_len = PNET_LENGTH_UNKNOWN};
  const struct pnet_request never = {.id = 1};
  pthread_t writer;
  void *rc;
  int wanted = how == BY_CANCEL ? PNET_END : PNET_CLOSED;
  CHECK(pnet_queue_new(client.engine, &single, &other.queue) == PNET_OK, "pnet_queue_new");
  CHECK(!driven || submit(other, never, 'd', 0, false) == PNET_OK, "another");
  CHECK(submit(client, request, 'd', 0, false) == PNET_OK, "an upload");
  CHECK(!pthread_create(&writer, NULL, write_to_the_deaf, (void *)(uintptr_t)&client), "a thread");
  if(driven) {
    struct pnet_batch batch;
    CHECK(pnet_reap(other.queue, 1, 50, &batch) == PNET_OK, "pnet_reap");
  }
  else
    nap_us(50000);
  if(how == BY_CANCEL)
    CHECK(pnet_cancel(client.queue, 1) == PNET_OK, "pnet_cancel");
  else if(how == BY_CLOSE)
    CHECK(pnet_queue_close(client.queue) == PNET_OK, "pnet_queue_close");
  else
    CHECK(pnet_engine_stop(client.engine) == PNET_OK, "pnet_engine_stop");
  pthread_join(writer, &rc);
  CHECK(*(int *)rc == wanted, "%d", *(int *)rc);
  pnet_queue_free(other.queue);
  close_client(client);
}

/* ---- clocks ---- */

static void a_server_that_does_not_read_is_given_up(void)
{
  const struct client client = open_client((struct pnet_queue_config){.send_time_us = 200000});
  const struct pnet_request request = {.id = 1, .flags = PNET_REQ_UPLOAD, .body_len = PNET_LENGTH_UNKNOWN};
  struct pnet_done done;
  size_t at;
  int rc;
  CHECK(submit(client, request, 'd', 0, false) == PNET_OK, "an upload");
  do {
    at = 0;
    rc = write_on(client, server.reference, LARGEST, &at);
  } while(rc == PNET_OK);
  CHECK(rc == PNET_END, "%d", rc);
  done = reap(client, 1);
  CHECK(done.fault == PNET_FAULT_SEND_TIME, "fault %d", done.fault);
  close_client(client);
}

/* Until no more of the body gets away. */
static void fill(struct client client)
{
  bool begun = false;
  for(;;) {
    size_t n;
    const int rc = pnet_write(client.queue, server.reference, LARGEST, begun ? 300 : PATIENCE_MS, &n);
    CHECK(rc == PNET_OK || rc == PNET_AGAIN, "%d", rc);
    if(begun && !n)
      return;
    begun = begun || n;
    drop_events(client);
  }
}

static void clocks_may_be_changed_while_a_body_is_sent(void)
{
  const struct client client = open_client((struct pnet_queue_config){0});
  const struct pnet_queue_config config = {.send_time_us = 100000};
  const struct pnet_request request = {.id = 1, .flags = PNET_REQ_UPLOAD, .body_len = PNET_LENGTH_UNKNOWN};
  CHECK(submit(client, request, 'd', 0, false) == PNET_OK, "an upload");
  fill(client);
  CHECK(pnet_queue_configure(client.queue, &config) == PNET_OK, "pnet_queue_configure");
  CHECK(reap(client, 1).fault == PNET_FAULT_SEND_TIME, "no clock");
  close_client(client);
}

/* A thread may lose the processor between two looks at the clock: less than nothing is left then, not for ever. */
static void a_wait_for_less_than_nothing_is_none(void)
{
  const struct client client = open_client((struct pnet_queue_config){0});
  const struct pnet_request request = {.id = 1, .flags = PNET_REQ_UPLOAD, .body_len = PNET_LENGTH_UNKNOWN};
  struct pnet_engine *engine = client.engine;
  CHECK(submit(client, request, 'd', 0, false) == PNET_OK, "an upload");
  fill(client);
  pthread_mutex_lock(&engine->lock);
  engine_seize_loop(engine);
  pthread_mutex_unlock(&engine->lock);
  for(int i = 0; i < 3; i++)
    loop_once(engine, -1000000);
  pthread_mutex_lock(&engine->lock);
  engine_leave_loop(engine);
  pthread_mutex_unlock(&engine->lock);
  close_client(client);
}

/* ---- fork ---- */

static void a_child_has_no_body_of_its_parent(void)
{
  const int fd = file_of(server.reference, LARGEST);
  const struct pnet_request request = {.id = 1, .flags = PNET_REQ_BODY_FD, .body_fd = fd, .body_len = LARGEST};
  struct pnet_request waiting = request;
  const struct client client = open_client((struct pnet_queue_config){0});
  struct pnet_stats stats;
  struct pnet_batch batch;
  int status;
  pid_t child;
  waiting.id = 2;
  CHECK(submit(client, request, 'd', LARGEST, false) == PNET_OK, "one that is sent");
  CHECK(submit(client, waiting, 'd', LARGEST, false) == PNET_OK, "one that waits for it");
  do {
    CHECK(pnet_reap(client.queue, 1, 20, &batch) == PNET_OK, "pnet_reap");
    pnet_queue_stats(client.queue, &stats);
  } while(!stats.in_flight);
  child = fork();
  if(!child) {
    size_t n;
    if(pnet_write(client.queue, server.reference, 1, 0, &n) != PNET_FORKED ||
       pnet_write_end(client.queue) != PNET_FORKED)
      _exit(100);
    _exit(copies_of(fd) - 1); /* but for ours */
  }
  CHECK(child > 0 && waitpid(child, &status, 0) == child, "fork");
  CHECK(WIFEXITED(status) && !WEXITSTATUS(status), "status %#x", (unsigned)status);
  close_client(client);
  close(fd);
}

static void run_all(const char *directory, const char *driver)
{
  setenv("PYINET_DRIVER", driver, 1);
  server_start(&server);
  pieces_of_any_size_arrive();
  a_part_of_a_file_arrives();
  lengths_beyond_what_can_be_counted_are_refused();
  what_contradicts_the_announcement_is_refused();
  descriptors_go_with_what_was_not_sent();
  another_transfer_s_end_is_not_that_of_the_body();
  for(enum how how = BY_CANCEL; how <= BY_STOP; how++) {
    a_writer_that_waits_is_told(how, false);
    a_writer_that_waits_is_told(how, true);
  }
  a_server_that_does_not_read_is_given_up();
  clocks_may_be_changed_while_a_body_is_sent();
  a_wait_for_less_than_nothing_is_none();
  a_child_has_no_body_of_its_parent();
  server_stop(&server);
  check_nothing_lives(directory, driver);
}

int main(void)
{
  char directory[] = "/tmp/pyinet-write-XXXXXX";
  CHECK(mkdtemp(directory) != NULL, "%s", directory);
  alarm(STUCK_SECONDS);
  run_all(directory, "epoll");
  run_all(directory, "poll");
  no_descriptor_to_spare_is_the_system_s_fault(); /* the last one: it leaves descriptors */
  CHECK(!rmdir(directory), "%s", directory);
  printf("write_test: every check held\n");
  return 0;
}
