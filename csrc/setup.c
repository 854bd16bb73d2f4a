/* setup.c - the easy handle of a transfer: pooled, and set up for one request. */
#include "internal.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define FILE_BUFFER 131072L /* receive buffer for bodies that go to a file: expected to be large */
#define PIPE_BUFFER 524288L /* receive buffer for bodies that are read while they arrive */

static void set_common(struct handle *h)
{
  struct pnet_engine *engine = h->engine;
  CURL *easy = h->easy;
  curl_easy_setopt(easy, CURLOPT_PRIVATE, h);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, h->error);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* a stuck getaddrinfo must not hold up the loop */
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
  curl_easy_setopt(easy, CURLOPT_HTTP_CONTENT_DECODING, 0L);
  curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt(easy, CURLOPT_PROXY, ""); /* never the environment's */
  curl_easy_setopt(easy, CURLOPT_SHARE, engine->share);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, h);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, h);
  curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_prereq);
  curl_easy_setopt(easy, CURLOPT_PREREQDATA, h);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, h);
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close_socket);
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, engine); /* runs after the handle may be gone */
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, engine->default_headers);
  curl_easy_setopt(easy, CURLOPT_CAINFO, engine->ca_file);
  curl_easy_setopt(easy, CURLOPT_CAPATH, NULL); /* libcurl may have one compiled in */
  curl_easy_setopt(easy, CURLOPT_PROXY_CAINFO, engine->ca_file);
  curl_easy_setopt(easy, CURLOPT_PROXY_CAPATH, NULL);
  curl_easy_setopt(easy, CURLOPT_CONNECT_TO, engine->connect_to);
  curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, on_debug);
  curl_easy_setopt(easy, CURLOPT_DEBUGDATA, h);
  curl_easy_setopt(easy, CURLOPT_RESOLVER_START_DATA, h);
  h->shaped = h->watched = h->verbose = h->raw = h->http1 = h->cookie = false;
  h->buffer_size = CURL_MAX_WRITE_SIZE;
  h->connect_ms = 0;
}

struct handle *handle_get(struct pnet_engine *engine)
{
  struct link *link = engine->handles.prev; /* the most recent one: its memory is warm */
  struct handle *h;
  if(link != &engine->handles) {
    list_remove(link);
    return CONTAINER(link, struct handle, link);
  }
  h = calloc(1, sizeof(*h));
  if(!h)
    return NULL;
  h->easy = curl_easy_init();
  if(!h->easy) {
    free(h);
    return NULL;
  }
  h->engine = engine;
  set_common(h);
  live_add(LIVE_HANDLES, 1);
  return h;
}

void handle_put(struct pnet_engine *engine, struct handle *h)
{
  h->transfer = NULL;
  list_push(&engine->handles, &h->link);
}

void handle_free(struct handle *h)
{
  curl_easy_cleanup(h->easy);
  curl_slist_free_all(h->headers);
  free(h);
  live_add(LIVE_HANDLES, -1);
}

static int set_headers(struct handle *h, const char *lines)
{
  char line[512], *copy;
  for(const char *end; *lines; lines = end + 1) {
    struct curl_slist *grown;
    size_t len;
    end = strchr(lines, '\n');
    len = (size_t)(end - lines);
    copy = len < sizeof(line) ? line : malloc(len + 1);
    if(!copy)
      return PNET_NOMEM;
    memcpy(copy, lines, len);
    copy[len] = 0;
    if(!strcasecmp(copy, "Connection: close"))
      curl_easy_setopt(h->easy, CURLOPT_FORBID_REUSE, 1L);
    grown = curl_slist_append(h->headers, copy);
    if(copy != line)
      free(copy);
    if(!grown)
      return PNET_NOMEM;
    h->headers = grown;
  }
  curl_easy_setopt(h->easy, CURLOPT_HTTPHEADER, h->headers);
  return PNET_OK;
}

/* libcurl's own verbs where it has them, so that it knows what may carry a body; the name is always the caller's. */
static void set_method(struct handle *h, const struct transfer *t)
{
  CURL *easy = h->easy;
  const char *method = t->method ? t->method : "GET";
  bool anticipates_body = !strcmp(method, "POST") || !strcmp(method, "PUT") || !strcmp(method, "PATCH");
  if(t->body_path || t->req.body_len > SMALL_UPLOAD) {
    curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_upload);
    curl_easy_setopt(easy, CURLOPT_READDATA, h);
    curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_seek);
    curl_easy_setopt(easy, CURLOPT_SEEKDATA, h);
    curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)t->upload_len);
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
  }
  else if(t->body || anticipates_body) {
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, t->body ? (const char *)t->body : "");
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->req.body_len);
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
  }
  else if(!strcmp(method, "HEAD"))
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  else
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
}

/* What many requests differ in, changed only when it has to: resetting a handle costs more. */
static void adjust(struct handle *h, const struct transfer *t)
{
  CURL *easy = h->easy;
  long buffer_size = t->path ? FILE_BUFFER : t->req.flags & PNET_REQ_PIPE ? PIPE_BUFFER : CURL_MAX_WRITE_SIZE;
  bool raw = t->req.flags & PNET_REQ_RAW, http1 = t->req.flags & PNET_REQ_HTTP1;
  bool verbose = t->watched || (t->probe && t->secure); /* its log is its only way to say some things */
  if(verbose != h->verbose)
    curl_easy_setopt(easy, CURLOPT_VERBOSE, (long)verbose);
  if(t->watched != h->watched)
    curl_easy_setopt(easy, CURLOPT_RESOLVER_START_FUNCTION, t->watched ? on_resolve : NULL);
  if(raw != h->raw)
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, raw ? h->engine->raw_headers : h->engine->default_headers);
  if(http1 != h->http1)
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, http1 ? (long)CURL_HTTP_VERSION_1_1 : (long)CURL_HTTP_VERSION_2TLS);
  if(t->cookie || h->cookie)
    curl_easy_setopt(easy, CURLOPT_COOKIE, t->cookie);
  if(buffer_size != h->buffer_size)
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, buffer_size);
  h->verbose = verbose;
  h->watched = t->watched;
  h->raw = raw;
  h->http1 = http1;
  h->cookie = t->cookie != NULL;
  h->buffer_size = buffer_size;
}

/* Keeps the hexadecimal digits of %2f as they were written, where libcurl 8 would turn them into capitals. */
static int set_target(struct handle *h, const struct transfer *t)
{
  const char *host = strstr(t->url, "://");
  const char *target = host ? host + 3 + strcspn(host + 3, "/?#") : "";
  const char *end = target + strcspn(target, "#");
  int rc = PNET_OK;
  bool small = false;
  for(const char *at = target; *target == '/' && (at = memchr(at, '%', (size_t)(end - at))) != NULL; at++)
    small = small || (isxdigit((unsigned char)at[1]) && isxdigit((unsigned char)at[2]) &&
                      (islower((unsigned char)at[1]) || islower((unsigned char)at[2])));
  if(small) {
    /* a proxy is asked for the whole URL, unless there is a tunnel through it */
    bool plain_proxy = t->proxy && !strncasecmp(t->proxy, "http", 4) && !strncasecmp(t->url, "http:", 5);
    const char *from = plain_proxy ? t->url : target;
    char *copy = strndup(from, (size_t)(end - from));
    h->shaped = true;
    rc = !copy || curl_easy_setopt(h->easy, CURLOPT_REQUEST_TARGET, copy) ? PNET_NOMEM : PNET_OK;
    free(copy);
  }
  return rc;
}

int handle_prepare(struct handle *h, struct transfer *t)
{
  const struct pnet_queue_config *config = &t->queue->config;
  CURL *easy = h->easy;
  if(h->shaped) {
    curl_easy_reset(easy);
    curl_slist_free_all(h->headers);
    h->headers = NULL;
    set_common(h);
  }
  h->error[0] = 0;
  h->transfer = t;
  if(curl_easy_setopt(easy, CURLOPT_URL, t->url))
    return PNET_NOMEM;
  if(h->connect_ms != config->connect_time_us / 1000) {
    /* libcurl shares this time between the addresses of a name; the deadline itself is ours */
    h->connect_ms = config->connect_time_us / 1000;
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, h->connect_ms ? (long)h->connect_ms + 1000L : 0x7fffffffL);
  }
  adjust(h, t);
  if(set_target(h, t))
    return PNET_NOMEM;
  if(!t->method && !t->headers && !t->proxy && !t->user && !t->body && !t->body_path)
    return PNET_OK;
  h->shaped = true;
  if(t->method || t->body || t->body_path)
    set_method(h, t);
  if(t->headers && set_headers(h, t->headers))
    return PNET_NOMEM;
  if(t->proxy) {
    curl_easy_setopt(easy, CURLOPT_PROXY, t->proxy);
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
    curl_easy_setopt(easy, CURLOPT_PROXYAUTH, (long)CURLAUTH_ANY);
    curl_easy_setopt(easy, CURLOPT_CONNECT_TO, NULL); /* it would turn plain proxying into a tunnel */
  }
  if(t->user) {
    curl_easy_setopt(easy, CURLOPT_USERNAME, t->user);
    curl_easy_setopt(easy, CURLOPT_PASSWORD, t->password ? t->password : "");
    curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_ANY);
  }
  return PNET_OK;
}
