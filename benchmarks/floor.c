/* floor.c - the least a libcurl program pays for many GETs: the yardstick of the bulk face.
 *
 * One CURLM driven by curl_multi_poll, as many easy handles as may be in flight, each reused for
 * the next URL when its transfer ends. Every body is collected into memory of its own, checked by
 * length (or byte for byte with --verify) and freed. Prints one line of JSON. Knows nothing of
 * pyinet; single threaded. */
#include <curl/curl.h>
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define POLL_MS 1000

struct options {
  const char *url_file;       /* one URL a line; --count may go round it many times */
  const char *verify_root;    /* server's document root, NULL: check lengths only */
  const char *ca_file;        /* PEM, NULL: plain http */
  const char *agent;          /* User-Agent, NULL: none */
  struct curl_slist *headers; /* further request header lines */
  size_t count;               /* transfers in all */
  size_t in_flight;
  size_t size;      /* bytes each body must have */
  long connections; /* most connections to open, 0: no limit */
};

struct url_list {
  char *text; /* the file; `item` points into it */
  char **item;
  size_t n;
};

struct transfer {
  CURL *easy;
  const char *url; /* borrowed from the url_list */
  char *body;      /* owned; NULL before the first byte */
  size_t len, cap;
};

struct tally {
  size_t started, finished;
  size_t good;   /* HTTP 200 and the right body */
  long connects; /* as counted by libcurl */
};

struct usage {
  double wall, user, system; /* seconds */
};

static double seconds(struct timeval tv)
{
  return (double)tv.tv_sec + (double)tv.tv_usec / 1e6;
}

static struct usage usage_now(void)
{
  struct rusage cpu;
  struct timespec now;
  getrusage(RUSAGE_SELF, &cpu);
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (struct usage){(double)now.tv_sec + (double)now.tv_nsec / 1e9, seconds(cpu.ru_utime), seconds(cpu.ru_stime)};
}

/* A line of /proc/self/status in bytes. Not ru_maxrss: that one survives exec, so it would tell
 * the size of the program that started us. */
static long status_bytes(const char *key)
{
  char line[256];
  long kib = 0;
  FILE *status = fopen("/proc/self/status", "r");
  if(!status)
    return 0;
  while(fgets(line, sizeof(line), status)) {
    if(!strncmp(line, key, strlen(key))) {
      kib = strtol(line + strlen(key), NULL, 10);
      break;
    }
  }
  fclose(status);
  return kib * 1024;
}

/* The whole of a file, NUL terminated; NULL on failure. The caller frees it. */
static char *read_file(const char *path, size_t *len)
{
  char *text = NULL;
  long size;
  FILE *file = fopen(path, "rb");
  if(!file)
    return NULL;
  if(fseek(file, 0, SEEK_END) || (size = ftell(file)) < 0 || fseek(file, 0, SEEK_SET))
    goto out;
  text = malloc((size_t)size + 1);
  if(!text)
    goto out;
  *len = fread(text, 1, (size_t)size, file);
  text[*len] = '\0';
out:
  fclose(file);
  return text;
}

static bool url_list_read(struct url_list *list, const char *path)
{
  size_t len = 0, lines = 0;
  list->text = read_file(path, &len);
  if(!list->text)
    return false;
  for(size_t i = 0; i < len; i++)
    lines += list->text[i] == '\n';
  list->item = calloc(lines + 1, sizeof(*list->item));
  if(!list->item)
    return false;
  for(char *url = strtok(list->text, "\n"); url; url = strtok(NULL, "\n"))
    list->item[list->n++] = url;
  return list->n > 0;
}

/* True if the body equals the file the server was asked for: root + path, query cut off. */
static bool body_is_the_file(const struct transfer *t, const char *root)
{
  char path[1024];
  size_t len = 0;
  const char *host = strstr(t->url, "://");
  const char *from = host ? strchr(host + 3, '/') : NULL;
  if(!from)
    return false;
  snprintf(path, sizeof(path), "%s%.*s", root, (int)strcspn(from, "?"), from);
  char *want = read_file(path, &len);
  bool same = want && len == t->len && !memcmp(want, t->body, len);
  free(want);
  return same;
}

static size_t on_body(char *data, size_t unit, size_t n, void *userdata)
{
  struct transfer *t = userdata;
  (void)unit; /* always 1 */
  if(t->len + n > t->cap) {
    size_t cap = t->len + n > 2 * t->cap ? t->len + n : 2 * t->cap;
    char *grown = realloc(t->body, cap);
    if(!grown)
      return CURL_WRITEFUNC_ERROR;
    t->body = grown;
    t->cap = cap;
  }
  memcpy(t->body + t->len, data, n);
  t->len += n;
  return n;
}

static bool transfer_init(struct transfer *t, const struct options *opt)
{
  t->easy = curl_easy_init();
  if(!t->easy)
    return false;
  curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
  curl_easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(t->easy, CURLOPT_WRITEDATA, t);
  curl_easy_setopt(t->easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(t->easy, CURLOPT_PROXY, "");
  curl_easy_setopt(t->easy, CURLOPT_USERAGENT, opt->agent);
  curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, opt->headers);
  if(opt->ca_file) {
    curl_easy_setopt(t->easy, CURLOPT_CAINFO, opt->ca_file);
    curl_easy_setopt(t->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    curl_easy_setopt(t->easy, CURLOPT_PIPEWAIT, 1L);
  }
  return true;
}

static void transfer_start(struct transfer *t, CURLM *multi, const char *url)
{
  t->url = url;
  curl_easy_setopt(t->easy, CURLOPT_URL, url);
  curl_multi_add_handle(multi, t->easy);
}

/* Judge a finished transfer and drop its body. */
static void transfer_finish(struct transfer *t, CURLcode result, const struct options *opt, struct tally *tally)
{
  long status = 0, connects = 0;
  curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(t->easy, CURLINFO_NUM_CONNECTS, &connects);
  bool good = !result && status == 200 && t->len == opt->size;
  if(good && opt->verify_root)
    good = body_is_the_file(t, opt->verify_root);
  if(result)
    fprintf(stderr, "%s: %s\n", t->url, curl_easy_strerror(result));
  tally->good += good;
  tally->finished++;
  tally->connects += connects;
  free(t->body);
  t->body = NULL;
  t->len = t->cap = 0;
}

static bool drive(CURLM *multi, struct transfer *transfers, const struct url_list *urls, const struct options *opt,
                  struct tally *tally)
{
  int running, left;
  CURLMsg *msg;

  for(size_t i = 0; i < opt->in_flight && tally->started < opt->count; i++)
    transfer_start(&transfers[i], multi, urls->item[tally->started++ % urls->n]);
  for(;;) {
    if(curl_multi_perform(multi, &running))
      return false;
    while((msg = curl_multi_info_read(multi, &left))) {
      struct transfer *t = NULL;
      CURLcode result = msg->data.result;
      curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, (char **)&t);
      curl_multi_remove_handle(multi, t->easy);
      transfer_finish(t, result, opt, tally);
      if(tally->started < opt->count)
        transfer_start(t, multi, urls->item[tally->started++ % urls->n]);
    }
    if(tally->finished == opt->count)
      return true;
    if(curl_multi_poll(multi, NULL, 0, POLL_MS, NULL))
      return false;
  }
}

/* Everything that is measured: from the first handle made to the last one freed. */
static bool run(const struct options *opt, const struct url_list *urls, struct tally *tally)
{
  bool ok = false;
  struct transfer *transfers = calloc(opt->in_flight, sizeof(*transfers));
  CURLM *multi = curl_multi_init();
  if(!transfers || !multi)
    goto out;
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)opt->in_flight);
  curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, opt->connections);
  for(size_t i = 0; i < opt->in_flight; i++)
    if(!transfer_init(&transfers[i], opt))
      goto out;
  ok = drive(multi, transfers, urls, opt, tally);
out:
  for(size_t i = 0; transfers && i < opt->in_flight; i++) {
    if(multi && transfers[i].easy)
      curl_multi_remove_handle(multi, transfers[i].easy);
    curl_easy_cleanup(transfers[i].easy);
    free(transfers[i].body);
  }
  curl_multi_cleanup(multi);
  free(transfers);
  return ok;
}

static bool parse_options(struct options *opt, int argc, char **argv)
{
  static const struct option names[] = {
    {"urls", required_argument, NULL, 'u'},        {"count", required_argument, NULL, 'n'},
    {"in-flight", required_argument, NULL, 'i'},   {"size", required_argument, NULL, 's'},
    {"verify", required_argument, NULL, 'v'},      {"http2-ca", required_argument, NULL, 'c'},
    {"connections", required_argument, NULL, 'm'}, {"agent", required_argument, NULL, 'a'},
    {"header", required_argument, NULL, 'h'},      {NULL, 0, NULL, 0},
  };
  int key;
  while((key = getopt_long(argc, argv, "", names, NULL)) != -1) {
    switch(key) {
    case 'u':
      opt->url_file = optarg;
      break;
    case 'n':
      opt->count = strtoul(optarg, NULL, 10);
      break;
    case 'i':
      opt->in_flight = strtoul(optarg, NULL, 10);
      break;
    case 's':
      opt->size = strtoul(optarg, NULL, 10);
      break;
    case 'v':
      opt->verify_root = optarg;
      break;
    case 'c':
      opt->ca_file = optarg;
      break;
    case 'h':
      opt->headers = curl_slist_append(opt->headers, optarg);
      break;
    case 'a':
      opt->agent = optarg;
      break;
    case 'm':
      opt->connections = strtol(optarg, NULL, 10);
      break;
    default:
      return false;
    }
  }
  return opt->url_file && opt->count && opt->in_flight && opt->size;
}

int main(int argc, char **argv)
{
  struct options opt = {0};
  struct url_list urls = {0};
  struct tally tally = {0};
  int rc = EXIT_FAILURE;

  if(!parse_options(&opt, argc, argv)) {
    fprintf(stderr, "usage: floor --urls FILE --count N --in-flight N --size BYTES\n"
                    "             [--http2-ca PEM] [--connections N] [--agent TEXT] [--header LINE] [--verify ROOT]\n");
    return 2;
  }
  if(curl_global_init(CURL_GLOBAL_ALL))
    return EXIT_FAILURE;
  if(!url_list_read(&urls, opt.url_file)) {
    fprintf(stderr, "floor: no URLs in %s: %s\n", opt.url_file, strerror(errno));
    goto out;
  }
  long rss_before = status_bytes("VmRSS:");
  struct usage before = usage_now();
  bool ran = run(&opt, &urls, &tally);
  struct usage after = usage_now();
  long rss_peak = status_bytes("VmHWM:");
  printf("{\"wall\": %.6f, \"user\": %.6f, \"system\": %.6f, \"count\": %zu, \"connects\": %ld, "
         "\"rss_peak\": %ld, \"rss_growth\": %ld, \"versions\": {\"libcurl\": \"%s\"}}\n",
         after.wall - before.wall, after.user - before.user, after.system - before.system, tally.good, tally.connects,
         rss_peak, rss_peak - rss_before, curl_version_info(CURLVERSION_NOW)->version);
  rc = ran ? EXIT_SUCCESS : EXIT_FAILURE;
out:
  free(urls.item);
  free(urls.text);
  curl_global_cleanup();
  return rc;
}
