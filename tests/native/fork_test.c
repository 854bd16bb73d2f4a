/* fork_test.c - a child forked in the midst of transfers: it holds none of the engine's descriptors, an engine of its
 * own works, and the parent's transfers go on. */
#include "pnet.h"
#include "stress_server.h"

#include <netdb.h>
#include <stdatomic.h>
#include <sys/wait.h>

#define NUMBERS 4096 /* descriptors that are looked at */
#define ROWS 100
#define BODY (LARGEST / 2)
#define STUCK_SECONDS 120
#define BUFFER (8u << 20) /* few bodies fit: the others wait until some are consumed */

static struct server server;
static bool before[NUMBERS];
static pthread_mutex_t lookups_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t lookups_go = PTHREAD_COND_INITIALIZER;
static bool lookups_held = true;
static _Atomic int lookups;

/* libcurl's, too: a name takes until the test is done with it. */
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **out)
{
  (void)node;
  (void)service;
  (void)hints;
  (void)out;
  lookups++;
  pthread_mutex_lock(&lookups_lock);
  while(lookups_held)
    pthread_cond_wait(&lookups_go, &lookups_lock);
  pthread_mutex_unlock(&lookups_lock);
  return EAI_NONAME;
}

/* A connection to the server at that port, or what only an engine and its libcurl have. */
static bool of_engine(int fd, unsigned port)
{
  struct sockaddr_in name = {.sin_family = AF_UNSPEC};
  socklen_t len = sizeof(name);
  char link[32], target[64];
  ssize_t n;
  if(!getpeername(fd, (struct sockaddr *)&name, &len))
    return name.sin_family == AF_UNIX || ntohs(name.sin_port) == port;
  snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
  n = readlink(link, target, sizeof(target) - 1);
  target[n > 0 ? n : 0] = 0;
  return !strncmp(target, "anon_inode:[event", 17);
}

static int first_of_engine(const bool *before, unsigned port)
{
  for(int fd = 0; fd < NUMBERS; fd++)
    if(!before[fd] && of_engine(fd, port))
      return fd;
  return -1;
}

static void note_descriptors(bool *before)
{
  for(int fd = 0; fd < NUMBERS; fd++)
    before[fd] = fcntl(fd, F_GETFD) >= 0;
}

struct client {
  struct pnet_engine *engine;
  struct pnet_queue *queue;
};

static struct client open_client(void)
{
  const struct pnet_engine_config config = {.default_headers = "User-Agent: fork\n"};
  const struct pnet_queue_config limits = {.in_flight = ROWS, .buffer_bytes = BUFFER};
  struct client client;
  CHECK(pnet_engine_new(&config, &client.engine) == PNET_OK, "pnet_engine_new");
  CHECK(pnet_queue_new(client.engine, &limits, &client.queue) == PNET_OK, "pnet_queue_new");
  return client;
}

static void close_client(struct client client)
{
  pnet_queue_free(client.queue);
  pnet_engine_free(client.engine);
}

static void submit(struct client client, const char *host, unsigned port, size_t n)
{
  char text[ROWS * 64];
  size_t len = 0, taken;
  for(size_t i = 0; i < n; i++)
    len +=
      (size_t)snprintf(text + len, sizeof(text) - len, "%shttp://%s:%u/b/%u/%zu", i ? "\n" : "", host, port, BODY, i);
  CHECK(pnet_submit_urls(client.queue, 1, n, (const uint8_t *)text, len, 0, &taken) == PNET_OK, "%zu taken", taken);
}

/* Every row succeeds, with the bytes that belong to it. */
static void collect(struct client client)
{
  for(size_t got = 0; got < ROWS;) {
    struct pnet_batch batch;
    int rc = pnet_reap(client.queue, ROWS, 20000, &batch);
    CHECK(rc == PNET_OK && batch.n, "%d, %zu rows", rc, batch.n);
    got += batch.n;
    for(size_t i = 0; i < batch.n; i++) {
      const struct pnet_done *row = &batch.rows[i];
      uint8_t *body = (uint8_t *)(uintptr_t)row->body;
      CHECK(!row->fault && row->body_len == BODY, "row %zu: fault %d, %zu bytes", (size_t)row->id, row->fault,
            (size_t)row->body_len);
      CHECK(!memcmp(body, server.reference + row->id - 1, BODY), "row %zu", (size_t)row->id);
      pnet_body_free(body);
    }
    CHECK(pnet_consumed(client.queue, batch.body_bytes, 0) == PNET_OK, "pnet_consumed");
  }
}

static void until_open(long sockets)
{
  struct pnet_counts counts;
  do {
    nap_us(1000);
    pnet_live(&counts);
  } while(counts.sockets < sockets);
}

static void fetch_in_child(struct client inherited)
{
  struct pnet_batch batch;
  struct client own;
  int fd;
  alarm(STUCK_SECONDS); /* the parent's is not inherited */
  fd = first_of_engine(before, server.port);
  CHECK(fd < 0, "descriptor %d is the parent's", fd);
  CHECK(pnet_reap(inherited.queue, 1, -1, &batch) == PNET_FORKED, "the parent's queue");
  own = open_client();
  close_client(inherited); /* touches nothing, least of all what has its numbers now */
  submit(own, "127.0.0.1", server.port, ROWS);
  collect(own);
  close_client(own);
  fd = first_of_engine(before, server.port);
  CHECK(fd < 0, "descriptor %d is left", fd);
  _exit(0);
}

static void fork_and_wait(struct client client)
{
  int status;
  pid_t pid = fork();
  if(!pid)
    fetch_in_child(client);
  CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && !WEXITSTATUS(status), "status %x", status);
}

static void test_transfers_in_flight(void)
{
  struct client client = open_client();
  submit(client, "127.0.0.1", server.port, ROWS);
  until_open(ROWS);
  fork_and_wait(client);
  collect(client);
  fork_and_wait(client); /* now its connections are kept, not used */
  close_client(client);
}

static void test_two_engines(void)
{
  struct client first = open_client(), second = open_client();
  submit(first, "127.0.0.1", server.port, ROWS);
  submit(second, "127.0.0.1", server.port, ROWS);
  until_open(2 * ROWS);
  fork_and_wait(first);
  collect(second);
  collect(first);
  close_client(first);
  close_client(second);
}

static void test_lookup_in_flight(void)
{
  struct client client = open_client();
  struct pnet_batch batch;
  submit(client, "held.test", server.port, 1);
  while(!lookups)
    nap_us(1000);
  nap_us(20000); /* libcurl tells of its descriptors a moment later */
  fork_and_wait(client);
  pthread_mutex_lock(&lookups_lock);
  lookups_held = false;
  pthread_cond_broadcast(&lookups_go);
  pthread_mutex_unlock(&lookups_lock);
  CHECK(pnet_reap(client.queue, 1, 20000, &batch) == PNET_OK && batch.n == 1, "%zu rows", batch.n);
  CHECK(batch.rows->curl_code == CURLE_COULDNT_RESOLVE_HOST, "libcurl's code %d", batch.rows->curl_code);
  close_client(client);
}

int main(void)
{
  struct pnet_counts counts;
  alarm(STUCK_SECONDS);
  note_descriptors(before);
  server_start(&server);
  before[server.listener] = true;
  test_lookup_in_flight(); /* under epoll, whose driver libcurl tells of every descriptor */
  for(int round = 0; round < 2; round++) {
    setenv("PYINET_DRIVER", round ? "poll" : "epoll", 1);
    test_transfers_in_flight();
    test_two_engines();
  }
  pnet_live(&counts);
  CHECK(!counts.engines && !counts.sockets && !counts.shards, "%ld sockets", counts.sockets);
  server_stop(&server);
  printf("fork: every check held\n");
  return 0;
}
