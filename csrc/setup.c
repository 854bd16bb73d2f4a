/* setup.c - the easy handle of a transfer: pooled, and set up for one request. */
#include "internal.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define FILE_BUFFER 131072L   /* receive buffer for bodies that go to a file: expected to be large */
#define UPLOAD_BUFFER 131072L /* send buffer for request bodies that come piece by piece */
#define PIPE_BUFFER 524288L   /* receive buffer for bodies that are read while they arrive */

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
  curl_easy_setopt(easy, CURLOPT_HTTP_TRANSFER_DECODING, 0L); /* see chunks.c */
  curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt(easy, CURLOPT_PROXY, "");    /* never the environment's */
  curl_easy_setopt(easy, CURLOPT_NOPROXY, "*"); /* or libcurl asks the environment, which the program may be changing */
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
  h->shaped = h->watched = h->verbose = h->cookie = h->target = false;
  h->http_version = CURL_HTTP_VERSION_2TLS;
  h->own = engine->default_headers;
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

void handle_free(struct handle *h)
{
  curl_easy_cleanup(h->easy);
  curl_slist_free_all(h->headers);
  free(h);
  live_add(LIVE_HANDLES, -1);
}

/* Before 8.1.1 libcurl keeps a pointer to the last header field it knew when it frees that for the next request: an answer
 * whose first line is folded then ends the process. */
bool handles_must_be_fresh(void)
{
  return curl_version_info(CURLVERSION_NOW)->version_num < 0x080101;
}

void handle_put(struct pnet_engine *engine, struct handle *h)
{
  h->transfer = NULL;
  if(engine->fresh_handles)
    handle_free(h);
  else
    list_push(&engine->handles, &h->link);
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
    while(grown->next)
      grown = grown->next;
    if(!strcasecmp(grown->data, "Expect: 100-continue"))
      h->expect = grown;
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
  if(sent_by_pieces(t)) {
    curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, UPLOAD_BUFFER);
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

static long http_version_of(uint32_t flags)
{
  if(flags & PNET_REQ_HTTP10)
    return CURL_HTTP_VERSION_1_0;
  return flags & PNET_REQ_HTTP1 ? CURL_HTTP_VERSION_1_1 : CURL_HTTP_VERSION_2TLS;
}

static struct curl_slist *own_headers(const struct pnet_engine *engine, uint32_t flags)
{
  if(flags & PNET_REQ_BARE)
    return engine->bare_headers;
  return flags & PNET_REQ_RAW ? engine->raw_headers : engine->default_headers;
}

/* What many requests differ in, changed only when it has to: resetting a handle costs more. */
static void adjust(struct handle *h, const struct transfer *t)
{
  CURL *easy = h->easy;
  long buffer_size = t->path ? FILE_BUFFER : t->req.flags & PNET_REQ_PIPE ? PIPE_BUFFER : CURL_MAX_WRITE_SIZE;
  struct curl_slist *own = own_headers(h->engine, t->req.flags);
  long http_version = http_version_of(t->req.flags);
  bool verbose = t->watched || (t->probe && t->secure); /* its log is its only way to say some things */
  if(verbose != h->verbose)
    curl_easy_setopt(easy, CURLOPT_VERBOSE, (long)verbose);
  if(t->watched != h->watched)
    curl_easy_setopt(easy, CURLOPT_RESOLVER_START_FUNCTION, t->watched ? on_resolve : NULL);
  if(own != h->own)
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, own);
  if(http_version != h->http_version)
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, http_version);
  if(t->cookie || h->cookie)
    curl_easy_setopt(easy, CURLOPT_COOKIE, t->cookie);
  if(buffer_size != h->buffer_size)
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, buffer_size);
  h->verbose = verbose;
  h->watched = t->watched;
  h->own = own;
  h->http_version = http_version;
  h->cookie = t->cookie != NULL;
  h->buffer_size = buffer_size;
}

bool handle_capitals(void)
{
  CURLU *url = curl_url();
  char *path = NULL;
  bool capitals = url && !curl_url_set(url, CURLUPART_URL, "http://h/%2f", 0) &&
                  !curl_url_get(url, CURLUPART_PATH, &path, CURLU_URLENCODE) && !strcmp(path, "/%2F");
  curl_free(path);
  curl_url_cleanup(url);
  return capitals;
}

/* Whether a segment of the path is "." or "..", encoded or not: such a path libcurl has to change (RFC 3986 5.2.4). */
static bool has_dots(const char *path, const char *end)
{
  while(path < end) { /* at a slash */
    int dots = 0;
    for(path++; path < end; dots++)
      if(*path == '.')
        path++;
      else if(end - path >= 3 && !strncasecmp(path, "%2e", 3))
        path += 3;
      else
        break;
    if((dots == 1 || dots == 2) && (path == end || *path == '/'))
      return true;
    path = memchr(path, '/', (size_t)(end - path));
    if(!path)
      return false;
  }
  return false;
}

static bool has_small_digits(const char *path, const char *end)
{
  while((path = memchr(path, '%', (size_t)(end - path))) && end - path >= 3) {
    path++;
    if(isxdigit((unsigned char)path[0]) && isxdigit((unsigned char)path[1]) &&
       (islower((unsigned char)path[0]) || islower((unsigned char)path[1])))
      return true;
  }
  return false;
}

/* What the request line names, where that is not what libcurl makes of the URL: what the caller wants; or it
 * keeps the digits of %2f in a path as they were written: signatures of URLs depend on them, and servers that compare
 * strings. Only where libcurl would make them capitals, and leave the rest of the URL alone. */
static int set_target(struct handle *h, const struct transfer *t)
{
  const char *host = strchr(t->url, '%') ? strstr(t->url, "://") : NULL;
  const char *path = host ? host + 3 + strcspn(host + 3, "/?#") : "";
  const char *end = path + strcspn(path, "?#");
  bool proxied = t->proxy && !strncasecmp(t->proxy, "http", 4) && !strncasecmp(t->url, "http:", 5);
  char *copy = NULL;
  int rc = PNET_OK;
  if(t->extra.target) {
    copy = strdup(t->extra.target);
    if(!copy)
      return PNET_NOMEM;
  }
  else if(h->engine->capitals && *path == '/' && has_small_digits(path, end) && !has_dots(path, end) &&
          !memchr(t->url, '@', (size_t)(path - t->url)) && !memchr(t->url, '%', (size_t)(path - t->url))) {
    /* a proxy is asked for the whole URL, unless there is a tunnel through it */
    const char *from = proxied ? t->url : path;
    copy = strndup(from, (size_t)(path - from) + strcspn(path, "#"));
    if(!copy)
      return PNET_NOMEM;
  }
  if((copy || h->target) && curl_easy_setopt(h->easy, CURLOPT_REQUEST_TARGET, copy))
    rc = PNET_NOMEM;
  h->target = copy != NULL;
  free(copy);
  return rc;
}

static int refuse(struct transfer *t, CURLcode code, const char *why)
{
  t->done.curl_code = (int32_t)code;
  transfer_fail(t, PNET_FAULT_CURL, why);
  return PNET_INVALID;
}

/* A certificate that is forgiven something must not help anybody else: no connection and no TLS session is shared, as
 * those that were checked strictly are not told from it. */
static int set_forgiving(struct handle *h, struct transfer *t)
{
  CURL *easy = h->easy;
  struct ssl_st *none;
  curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
  curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
  curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
  if(forgiven(t) & PNET_REQ_IGNORE_HOST)
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
  if(!(forgiven(t) & ~(uint32_t)PNET_REQ_IGNORE_HOST))
    return PNET_OK;
  if(!openssl_of(easy, &none) || curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_tls) ||
     curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, h))
    return refuse(t, CURLE_NOT_BUILT_IN, "single faults of a certificate can be forgiven with OpenSSL alone");
  return PNET_OK;
}

/* A single scheme would be tried before the server asks for anything. */
static unsigned long only(unsigned long schemes)
{
  return schemes & (schemes - 1) ? schemes : schemes | CURLAUTH_ONLY;
}

/* The proxy's URL with these credentials instead of its own, percent-encoded: libcurl decodes them whatever its version. */
static char *proxy_url(CURL *easy, const char *url, const struct extra *extra)
{
  const char *authority = strstr(url, "://"), *host = strrchr(url, '@');
  char *user = curl_easy_escape(easy, extra->proxy_user ? extra->proxy_user : "", 0);
  char *password = curl_easy_escape(easy, extra->proxy_password ? extra->proxy_password : "", 0);
  char *out = NULL;
  size_t scheme_len, cap;
  authority = authority ? authority + 3 : url;
  host = host && host >= authority ? host + 1 : authority;
  scheme_len = (size_t)(authority - url);
  if(user && password) {
    cap = strlen(url) + strlen(user) + strlen(password) + 3;
    out = malloc(cap);
    if(out)
      snprintf(out, cap, "%.*s%s:%s@%s", (int)scheme_len, url, user, password, host);
  }
  curl_free(user);
  curl_free(password);
  return out;
}

static int set_proxy(struct handle *h, struct transfer *t)
{
  CURL *easy = h->easy;
  const struct extra *extra = &t->extra;
  bool http = !strncmp(t->proxy, "http", 4);
  unsigned long schemes = !http ? CURLAUTH_BASIC /* no matter; with NTLM libcurl finds no connection of it again */
                          : extra->proxy_auth ? only(extra->proxy_auth)
                                              : CURLAUTH_ANY;
  CURLcode rc = CURLE_OUT_OF_MEMORY;
  if(extra->proxy_user || extra->proxy_password) {
    char *url = proxy_url(easy, t->proxy, extra);
    if(url)
      rc = curl_easy_setopt(easy, CURLOPT_PROXY, url);
    free(url);
  }
  else
    rc = curl_easy_setopt(easy, CURLOPT_PROXY, t->proxy);
  if(rc)
    return PNET_NOMEM;
  curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
  curl_easy_setopt(easy, CURLOPT_CONNECT_TO, NULL); /* it would turn plain proxying into a tunnel */
  if(curl_easy_setopt(easy, CURLOPT_PROXYAUTH, schemes))
    return refuse(t, CURLE_NOT_BUILT_IN, "none of the schemes for the proxy is one that libcurl has");
  return PNET_OK;
}

static int set_credentials(struct handle *h, struct transfer *t)
{
  CURL *easy = h->easy;
  curl_easy_setopt(easy, CURLOPT_USERNAME, t->user);
  curl_easy_setopt(easy, CURLOPT_PASSWORD, t->password ? t->password : "");
  if(!curl_easy_setopt(easy, CURLOPT_HTTPAUTH, t->extra.auth ? only(t->extra.auth) : CURLAUTH_ANY))
    return PNET_OK;
  if(*t->user)
    return refuse(t, CURLE_NOT_BUILT_IN, "none of the schemes is one that libcurl has");
  t->user = NULL; /* without Kerberos the current user is nobody */
  curl_easy_setopt(easy, CURLOPT_USERNAME, NULL);
  curl_easy_setopt(easy, CURLOPT_PASSWORD, NULL);
  return PNET_OK;
}

static void set_certificate(struct handle *h, const struct extra *extra)
{
  CURL *easy = h->easy;
  curl_easy_setopt(easy, CURLOPT_SSLCERTTYPE, "PEM");
  curl_easy_setopt(easy, CURLOPT_SSLCERT, extra->cert);
  curl_easy_setopt(easy, CURLOPT_SSLKEYTYPE, "PEM");
  curl_easy_setopt(easy, CURLOPT_SSLKEY, extra->key ? extra->key : extra->cert);
  /* without one OpenSSL would ask the terminal */
  curl_easy_setopt(easy, CURLOPT_KEYPASSWD, extra->key_password ? extra->key_password : "");
}

int handle_prepare(struct handle *h, struct transfer *t)
{
  const struct pnet_queue_config *config = &t->queue->config;
  CURL *easy = h->easy;
  int rc = PNET_OK;
  if(h->shaped) {
    curl_easy_reset(easy);
    curl_slist_free_all(h->headers);
    h->headers = h->expect = NULL;
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
  if((h->engine->capitals || h->target || t->extra.target) && set_target(h, t))
    return PNET_NOMEM;
  if(!t->method && !t->headers && !t->proxy && !t->user && !t->body && !sent_by_pieces(t) && !t->extra.cert &&
     !forgiven(t))
    return PNET_OK;
  h->shaped = true;
  if(t->method || t->body || sent_by_pieces(t))
    set_method(h, t);
  if(t->headers && set_headers(h, t->headers))
    return PNET_NOMEM;
  if(t->secure && t->extra.cert)
    set_certificate(h, &t->extra);
  if(t->proxy)
    rc = set_proxy(h, t);
  if(t->user && !rc)
    rc = set_credentials(h, t);
  if(forgiven(t) && !rc)
    rc = set_forgiving(h, t);
  return rc;
}
