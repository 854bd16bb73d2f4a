/* stress_server.h - the HTTP server of stress.c, and what has to come of its replies.
 *
 * One thread a connection on 127.0.0.1. The path says what comes back, as /KIND/LEN/OFFSET: every body is LEN bytes of
 * the reference from OFFSET on, so that a reply given to the wrong transfer is seen. KIND is one of
 *   b  Content-Length              c  chunked                  g  gzip, chunked
 *   w  some milliseconds later     r  302 to /b/LEN/OFFSET     x  the connection is closed, unannounced, after it
 *   t  cut in the middle           n  never, the connection stays open
 * With PUT LEN bytes of the reference from OFFSET on have to come as well:
 *   u  they are read and checked   e  413 without reading them, and the connection is closed
 *   d  nothing is read, and nothing said, until the client closes the connection, or server_stop */
#ifndef PNET_STRESS_SERVER_H
#define PNET_STRESS_SERVER_H

#include "pnet.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#define LARGEST (1u << 20)               /* of a body */
#define PERIOD 997u                      /* offsets are below it; bodies of the reference repeat, so they compress */
#define REFERENCE (LARGEST + 2 * PERIOD) /* bytes */
#define CHUNK 16000u

/* CHECK(condition, "format", ...): the text says which case it was. _Exit, since other threads go on. */
#define CHECK(ok, ...) ((ok) ? (void)0 : fail(__FILE__, __LINE__, #ok, __VA_ARGS__))

static inline void fail(const char *file, int line, const char *what, const char *format, ...)
  __attribute__((noreturn, format(printf, 4, 5)));

static inline void fail(const char *file, int line, const char *what, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  flockfile(stderr);
  fprintf(stderr, "%s:%d: not so: %s: ", file, line, what);
  vfprintf(stderr, format, args);
  fprintf(stderr, "\n");
  _Exit(1);
}

/* xorshift32; the state is never 0 */
static inline uint32_t random_next(uint32_t *state)
{
  uint32_t x = *state;
  x ^= x << 13;
  x ^= x >> 17;
  x ^= x << 5;
  return *state = x;
}

static inline void nap_us(uint32_t us)
{
  struct timespec ts = {.tv_sec = us / 1000000, .tv_nsec = (long)(us % 1000000) * 1000};
  nanosleep(&ts, NULL);
}

struct server {
  int listener;
  unsigned port;
  pthread_t acceptor;
  uint8_t *reference;
  pthread_mutex_t lock;
  pthread_cond_t quiet;
  unsigned connections; /* (lock) */
};

struct connection {
  struct server *server;
  int fd;
};

static inline bool send_all(int fd, const void *data, size_t len, int flags)
{
  const char *at = data;
  while(len) {
    ssize_t sent = send(fd, at, len, MSG_NOSIGNAL | flags);
    if(sent <= 0)
      return false;
    at += sent;
    len -= (size_t)sent;
  }
  return true;
}

static inline bool send_chunks(int fd, const uint8_t *body, size_t len, bool whole)
{
  char head[16];
  for(size_t at = 0; at < len; at += CHUNK) {
    size_t n = len - at < CHUNK ? len - at : CHUNK;
    int head_len = snprintf(head, sizeof(head), "%zx\r\n", n);
    if(!send_all(fd, head, (size_t)head_len, MSG_MORE) || !send_all(fd, body + at, n, MSG_MORE) ||
       !send_all(fd, "\r\n", 2, 0))
      return false;
  }
  return !whole || send_all(fd, "0\r\n\r\n", 5, 0);
}

static inline bool send_gzip(int fd, const uint8_t *body, size_t len)
{
  z_stream stream = {0};
  uint8_t *out;
  size_t cap;
  bool sent;
  CHECK(deflateInit2(&stream, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK, "gzip");
  cap = deflateBound(&stream, len) + 32;
  out = malloc(cap);
  CHECK(out != NULL, "%zu bytes", cap);
  stream.next_in = (uint8_t *)(uintptr_t)body; /* zlib only reads it */
  stream.avail_in = (uInt)len;
  stream.next_out = out;
  stream.avail_out = (uInt)cap;
  CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END, "gzip of %zu bytes", len);
  sent = send_chunks(fd, out, stream.total_out, true);
  deflateEnd(&stream);
  free(out);
  return sent;
}

static inline bool send_head(int fd, const char *format, ...) __attribute__((format(printf, 2, 3)));

static inline bool send_head(int fd, const char *format, ...)
{
  char head[256];
  va_list args;
  int len;
  va_start(args, format);
  len = vsnprintf(head, sizeof(head), format, args);
  va_end(args);
  CHECK(len > 0 && (size_t)len < sizeof(head), "%s", format);
  return send_all(fd, head, (size_t)len, 0);
}

/* true: the connection stays open for another request */
static inline bool reply(const struct connection *connection, char kind, unsigned len, unsigned offset)
{
  const uint8_t *body = connection->server->reference + offset;
  const int fd = connection->fd;
  const char *chunked = "Transfer-Encoding: chunked";
  char byte;
  switch(kind) {
  case 'c':
    return send_head(fd, "HTTP/1.1 200 OK\r\n%s\r\n\r\n", chunked) && send_chunks(fd, body, len, true);
  case 'g':
    return send_head(fd, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n%s\r\n\r\n", chunked) &&
           send_gzip(fd, body, len);
  case 'n':
    (void)!recv(fd, &byte, 1, 0); /* until the client gives up */
    return false;
  case 't':
    if(offset % 2) {
      if(send_head(fd, "HTTP/1.1 200 OK\r\n%s\r\n\r\n", chunked))
        send_chunks(fd, body, len / 2, false);
    }
    else if(send_head(fd, "HTTP/1.1 200 OK\r\nContent-Length: %u\r\n\r\n", len + 1))
      send_all(fd, body, len / 2, 0);
    return false;
  case 'w':
    nap_us(1000 + offset % 8 * 1000);
    break;
  default:
    break;
  }
  if(kind == 'r'
       ? !send_head(fd, "HTTP/1.1 302 Found\r\nLocation: /b/%u/%u\r\nContent-Length: %u\r\n\r\n", len, offset, len)
       : !send_head(fd, "HTTP/1.1 200 OK\r\nContent-Length: %u\r\n\r\n", len))
    return false;
  return send_all(fd, body, len, 0) && kind != 'x';
}

/* Body bytes of a PUT, from what was received with its head or from the socket. */
struct incoming {
  int fd;
  const char *spare;
  size_t n_spare;
};

static inline bool take(struct incoming *in, uint8_t *out, size_t n)
{
  while(n) {
    ssize_t got = (ssize_t)(n < in->n_spare ? n : in->n_spare);
    if(got) {
      memcpy(out, in->spare, (size_t)got);
      in->spare += got;
      in->n_spare -= (size_t)got;
    }
    else
      got = recv(in->fd, out, n, 0);
    if(got <= 0)
      return false;
    out += got;
    n -= (size_t)got;
  }
  return true;
}

/* The size of the next chunk, or -1: the client has gone. */
static inline long chunk_size(struct incoming *in)
{
  char line[24];
  for(size_t n = 0; n < sizeof(line) - 1; n++) {
    if(!take(in, (uint8_t *)line + n, 1))
      return -1;
    line[n + 1] = 0;
    if(line[n] == '\n')
      return strtol(line, NULL, 16);
  }
  CHECK(false, "a chunk: %s", line);
  return -1;
}

static inline bool take_upload(const struct connection *connection, struct incoming *in, bool chunked, unsigned len,
                               unsigned offset)
{
  uint8_t *body = malloc(len + 2u), end[2];
  size_t at = 0;
  long size = chunked ? -1 : (long)len;
  bool ok = body != NULL;
  CHECK(body != NULL, "a body");
  while(ok && chunked && (size = chunk_size(in)) > 0) {
    CHECK(at + (size_t)size <= len, "%zu and %ld of %u", at, size, len);
    ok = take(in, body + at, (size_t)size) && take(in, end, 2);
    at += (size_t)size;
  }
  ok = ok && (chunked ? !size && take(in, end, 2) : take(in, body, len));
  CHECK(!ok || !chunked || at == len, "%zu of %u: a clean end too early", at, len);
  CHECK(!ok || !memcmp(body, connection->server->reference + offset, len), "PUT /u/%u/%u", len, offset);
  free(body);
  return ok;
}

static inline bool serve_put(const struct connection *connection, const char *request, size_t have)
{
  const char *body = strstr(request, "\r\n\r\n") + 4;
  struct incoming in = {.fd = connection->fd, .spare = body, .n_spare = have - (size_t)(body - request)};
  unsigned len, offset;
  char kind;
  CHECK(sscanf(request, "PUT /%c/%u/%u HTTP/1.1\r\n", &kind, &len, &offset) == 3, "%s", request);
  CHECK(len <= LARGEST && offset < PERIOD && (kind == 'u' || kind == 'e' || kind == 'd'), "%s", request);
  if(kind == 'd') {
    struct pollfd gone[] = {{.fd = connection->fd, .events = POLLRDHUP}, {.fd = connection->server->listener}};
    while(poll(gone, 2, -1) < 0) /* an end behind what is not read does not come */
      ;
    return false;
  }
  if(kind == 'u')
    return take_upload(connection, &in, strstr(request, "chunked") != NULL, len, offset) &&
           reply(connection, 'b', len, offset);
  if(send_head(connection->fd, "HTTP/1.1 413 No\r\nConnection: close\r\nContent-Length: %u\r\n\r\n", len))
    send_all(connection->fd, connection->server->reference + offset, len, 0);
  return false;
}

static inline void *serve_connection(void *arg)
{
  struct connection *connection = arg;
  struct server *server = connection->server;
  char request[2048];
  size_t have = 0;
  bool open = true;
  while(open) {
    const ssize_t got = recv(connection->fd, request + have, sizeof(request) - 1 - have, 0);
    unsigned len, offset;
    char kind;
    if(got <= 0)
      break;
    have += (size_t)got;
    request[have] = 0;
    if(!strstr(request, "\r\n\r\n"))
      continue;
    if(request[0] == 'P') {
      open = serve_put(connection, request, have);
      have = 0;
      continue;
    }
    CHECK(sscanf(request, "GET /%c/%u/%u HTTP/1.1\r\n", &kind, &len, &offset) == 3, "%s", request);
    CHECK(len <= LARGEST && offset < PERIOD, "%s", request);
    have = 0;
    open = reply(connection, kind, len, offset);
  }
  close(connection->fd);
  free(connection);
  pthread_mutex_lock(&server->lock);
  server->connections--;
  pthread_cond_signal(&server->quiet);
  pthread_mutex_unlock(&server->lock);
  return NULL;
}

static inline void *accept_connections(void *arg)
{
  struct server *server = arg;
  const int one = 1;
  for(;;) {
    struct connection *connection;
    pthread_t thread;
    int fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC);
    if(fd < 0)
      return NULL; /* server_stop has shut the listener down */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    connection = malloc(sizeof(*connection));
    CHECK(connection != NULL, "a connection");
    *connection = (struct connection){.server = server, .fd = fd};
    pthread_mutex_lock(&server->lock);
    server->connections++;
    pthread_mutex_unlock(&server->lock);
    CHECK(!pthread_create(&thread, NULL, serve_connection, connection), "a thread for a connection");
    pthread_detach(thread);
  }
}

static inline void server_start(struct server *server)
{
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t len = sizeof(address);
  uint32_t random = 1;
  *server = (struct server){.lock = PTHREAD_MUTEX_INITIALIZER, .quiet = PTHREAD_COND_INITIALIZER};
  server->reference = malloc(REFERENCE);
  CHECK(server->reference != NULL, "the reference");
  for(size_t i = 0; i < REFERENCE; i++)
    server->reference[i] = i < PERIOD ? (uint8_t)random_next(&random) : server->reference[i - PERIOD];
  for(size_t i = 0; i < REFERENCE; i += PERIOD)
    server->reference[i] = (uint8_t)(i / PERIOD); /* a body is no whole period off */
  server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  CHECK(server->listener >= 0 && !bind(server->listener, (struct sockaddr *)&address, len), "bind");
  CHECK(!listen(server->listener, 512) && !getsockname(server->listener, (struct sockaddr *)&address, &len), "listen");
  server->port = ntohs(address.sin_port);
  CHECK(!pthread_create(&server->acceptor, NULL, accept_connections, server), "the accepting thread");
}

/* Returns when every client has closed its connections. */
static inline void server_stop(struct server *server)
{
  shutdown(server->listener, SHUT_RDWR);
  pthread_join(server->acceptor, NULL);
  close(server->listener);
  pthread_mutex_lock(&server->lock);
  while(server->connections)
    pthread_cond_wait(&server->quiet, &server->lock);
  pthread_mutex_unlock(&server->lock);
  free(server->reference);
}

/* ---- what has to come of a reply ---- */

struct want {
  char kind; /* as above; 'o' is 'n' with a timeout */
  uint32_t len, offset;
  bool file, discard; /* what was asked for */
  bool may_be_cancelled, may_find_no_room;
};

/* A kept-alive connection that the server closes meanwhile is no fault of the core, twice in a row included. */
static inline bool connection_lost(const struct pnet_done *row)
{
  return row->fault == PNET_FAULT_LOST ||
         (row->fault == PNET_FAULT_CURL && (row->curl_code == CURLE_GOT_NOTHING || row->curl_code == CURLE_RECV_ERROR ||
                                            row->curl_code == CURLE_SEND_ERROR));
}

static inline bool fault_fits(const struct pnet_done *row, struct want want)
{
  switch(row->fault) {
  case PNET_FAULT_NONE:
    return !strchr("not", want.kind) && row->decoded_bytes == want.len;
  case PNET_FAULT_TOTAL_TIME:
    return want.kind == 'o';
  case PNET_FAULT_CANCELLED:
    return want.may_be_cancelled;
  case PNET_FAULT_NO_ROOM:
    return want.may_find_no_room;
  case PNET_FAULT_TOO_LARGE: /* of a redirect no more is read */
    return want.kind == 'r' && want.len > PNET_CAPTURE_BYTES && row->flags & PNET_DONE_HOP;
  default:
    return connection_lost(row) || (want.kind == 't' && row->curl_code == CURLE_PARTIAL_FILE);
  }
}

static inline bool memory_fits(const struct server *server, const struct pnet_done *row, const uint8_t *text,
                               struct want want)
{
  const uint8_t *body = row->body ? (const uint8_t *)(uintptr_t)row->body : text + row->body_at;
  const bool cut = want.file && want.len > PNET_CAPTURE_BYTES; /* not 2xx: its beginning stays in memory */
  const uint64_t len = want.discard ? 0 : cut ? PNET_CAPTURE_BYTES : want.len;
  return (row->fault ? row->body_len <= len : row->body_len == len) &&
         !memcmp(body, server->reference + want.offset, row->body_len);
}

/* There is a file only when the row says so, and then it is whole. Removes it. */
static inline bool file_fits(const struct server *server, const struct pnet_done *row, struct want want,
                             const char *path)
{
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  bool same = (fd >= 0) == ((row->flags & PNET_DONE_FILE) != 0);
  if(fd >= 0) {
    uint8_t *body = malloc(LARGEST + 1);
    CHECK(body != NULL, "the body in a file");
    same = same && read(fd, body, LARGEST + 1) == (ssize_t)want.len &&
           !memcmp(body, server->reference + want.offset, want.len);
    free(body);
    close(fd);
    unlink(path);
  }
  return same;
}

static inline void check_reply(const struct server *server, const struct pnet_done *row, const uint8_t *text,
                               struct want want, const char *path)
{
  char what[160];
  snprintf(what, sizeof(what), "ticket %llu, /%c/%u/%u: fault %d, libcurl's code %d, status %d, body of %llu, flags %u",
           (unsigned long long)row->id, want.kind, want.len, want.offset, row->fault, row->curl_code, row->status,
           (unsigned long long)row->body_len, row->flags);
  CHECK(fault_fits(row, want), "%s", what);
  CHECK(row->special == (row->fault || row->body || row->flags & PNET_DONE_HOP), "%s", what);
  CHECK(row->flags & PNET_DONE_FILE || memory_fits(server, row, text, want), "%s", what);
  CHECK(!want.file || file_fits(server, row, want, path), "%s", what);
}

/* Nothing of the core is alive, no temporary file is left. Removes the whole ones, whose rows a closed queue dropped. */
static inline void check_nothing_lives(const char *directory, const char *after)
{
  struct pnet_counts n;
  struct dirent *entry;
  DIR *files = opendir(directory);
  pnet_live(&n);
  CHECK(!n.engines && !n.queues && !n.transfers && !n.easy_handles && !n.shards && !n.bodies && !n.files &&
          !n.decoders && !n.origins && !n.sockets,
        "after \"%s\": %ld engines, %ld queues, %ld transfers, %ld easy handles, %ld shards, %ld bodies, %ld files, "
        "%ld decoders, %ld origins, %ld sockets",
        after, n.engines, n.queues, n.transfers, n.easy_handles, n.shards, n.bodies, n.files, n.decoders, n.origins,
        n.sockets);
  CHECK(files != NULL, "%s", directory);
  while((entry = readdir(files))) {
    CHECK(!strstr(entry->d_name, ".part"), "%s after \"%s\"", entry->d_name, after);
    if(entry->d_name[0] != '.')
      unlinkat(dirfd(files), entry->d_name, 0);
  }
  closedir(files);
}

#endif
