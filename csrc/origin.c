/* origin.c - who talks to which server where. Decides on which shard a transfer runs so that connections are
 * found again: a shard with an idle connection first, then one with room. Knows no queue and no limit.
 *
 * An origin whose name was never resolved, or whose protocol is unknown (https), is gated: one transfer probes,
 * the others wait until it has told. So a name is looked up once, and HTTP/2 gets one connection, not one each. */
#include "internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static uint32_t fnv(uint32_t hash, const char *text, size_t len)
{
  for(size_t i = 0; i < len; i++)
    hash = (hash ^ (uint8_t)text[i]) * 16777619u;
  return hash;
}

struct key {
  char text[1024];
  size_t len;
  bool apart;
};

static void add(struct key *key, const char *text, size_t len)
{
  if(len > sizeof(key->text) - key->len)
    len = sizeof(key->text) - key->len;
  memcpy(key->text + key->len, text, len);
  key->len += len;
}

static void add_digest(struct key *key, uint32_t hash)
{
  static const char digits[] = "0123456789abcdef";
  for(int shift = 28; shift >= 0; shift -= 4)
    add(key, &digits[hash >> shift & 15], 1);
}

static uint32_t digest(uint32_t hash, const char *text)
{
  return text ? fnv(hash, text, strlen(text) + 1) : hash;
}

/* What sets connections to one server apart: who we are there, and what is forgiven it. */
static void add_identity(struct key *key, const struct transfer *t, bool secure)
{
  const struct extra *extra = &t->extra;
  uint32_t forgiven = secure ? t->req.flags & REQ_FORGIVING : 0;
  if(forgiven) {
    add(key, "\t!", 2);
    add_digest(key, forgiven);
  }
  if(secure && extra->cert) {
    add(key, "\t@", 2);
    add_digest(key, digest(digest(digest(2166136261u, extra->cert), extra->key), extra->key_password));
    add(key, extra->cert, strlen(extra->cert));
  }
  key->apart = key->apart || forgiven || (secure && extra->cert);
}

/* Scheme, host and port of the URL in lower case, then the proxy; connections that may not speak HTTP/2 are another
 * origin's. Groups requests; libcurl parses the URL itself. */
static void make_key(const struct transfer *t, struct key *key)
{
  const char *url = t->url, *host = strstr(url, "://");
  const char *end, *at;
  bool secure;
  host = host ? host + 3 : url;
  end = host + strcspn(host, "/?#\\");
  add(key, url, (size_t)(host - url));
  for(at = host; at < end; at++)
    if(*at == '@')
      host = at + 1;
  add(key, host, (size_t)(end - host));
  for(size_t i = 0; i < key->len; i++)
    if(key->text[i] >= 'A' && key->text[i] <= 'Z')
      key->text[i] |= 0x20;
  secure = key->len > 4 && key->text[4] == 's';
  if(secure && t->req.flags & (PNET_REQ_HTTP1 | PNET_REQ_HTTP10 | REQ_FORGIVING))
    add(key, "\t", 1);
  if(t->req.flags & REQ_FORGIVING || t->extra.cert)
    add_identity(key, t, secure);
  if(t->proxy) {
    add(key, " ", 1);
    if(t->extra.proxy_user || t->extra.proxy_password) {
      add_digest(key, digest(digest(2166136261u, t->extra.proxy_user), t->extra.proxy_password));
      add(key, t->extra.proxy_user ? t->extra.proxy_user : "", t->extra.proxy_user ? strlen(t->extra.proxy_user) : 0);
      add(key, " ", 1);
      key->apart = true;
    }
    key->apart = key->apart || strchr(t->proxy, '@');
    add(key, t->proxy, strlen(t->proxy));
  }
}

static bool literal_host(const char *key, size_t len)
{
  const char *host = memchr(key, '/', len);
  size_t i = host ? (size_t)(host - key) + 2 : 0;
  if(i < len && key[i] == '[')
    return true;
  for(; i < len && key[i] != ':' && key[i] != ' ' && key[i] != '\t'; i++)
    if((key[i] < '0' || key[i] > '9') && key[i] != '.')
      return false;
  return true;
}

static bool grow_table(struct pnet_engine *engine)
{
  size_t cap = engine->cap_origins ? engine->cap_origins * 2 : 64;
  struct origin **table = calloc(cap, sizeof(struct origin *));
  if(!table)
    return false;
  for(size_t i = 0; i < engine->cap_origins; i++) {
    for(struct origin *origin = engine->origins[i], *next; origin; origin = next) {
      next = origin->chain;
      origin->chain = table[origin->hash & (cap - 1)];
      table[origin->hash & (cap - 1)] = origin;
    }
  }
  free(engine->origins);
  engine->origins = table;
  engine->cap_origins = cap;
  return true;
}

struct origin *origin_get(struct pnet_engine *engine, const struct transfer *t)
{
  struct key key;
  uint32_t hash;
  struct origin *origin;
  size_t len;
  key.len = 0;
  key.apart = false;
  make_key(t, &key);
  len = key.len;
  hash = fnv(2166136261u, key.text, len);
  if(engine->n_origins >= engine->cap_origins && !grow_table(engine))
    return NULL;
  for(origin = engine->origins[hash & (engine->cap_origins - 1)]; origin; origin = origin->chain) {
    if(origin->hash == hash && origin->key_len == len && !memcmp(origin->key, key.text, len)) {
      origin->refs++;
      return origin;
    }
  }
  origin = calloc(1, sizeof(*origin) + len);
  if(!origin)
    return NULL;
  memcpy(origin->key, key.text, len);
  origin->key_len = (uint32_t)len;
  origin->hash = hash;
  origin->refs = 1;
  origin->apart = key.apart;
  origin->secure = len > 5 && !memcmp(key.text, "https", 5);
  origin->gated = origin->secure || !literal_host(key.text, len);
  list_init(&origin->lanes);
  origin->chain = engine->origins[hash & (engine->cap_origins - 1)];
  engine->origins[hash & (engine->cap_origins - 1)] = origin;
  engine->n_origins++;
  live_add(LIVE_ORIGINS, 1);
  return origin;
}

void origin_unref(struct pnet_engine *engine, struct origin *origin)
{
  struct origin **at;
  if(--origin->refs)
    return;
  at = &engine->origins[origin->hash & (engine->cap_origins - 1)];
  while(*at != origin)
    at = &(*at)->chain;
  *at = origin->chain;
  engine->n_origins--;
  free(origin->places);
  free(origin);
  live_add(LIVE_ORIGINS, -1);
}

struct place *origin_place(struct origin *origin, const struct shard *shard)
{
  for(size_t i = 0; i < origin->n_places; i++)
    if(origin->places[i].shard == shard)
      return &origin->places[i];
  return NULL;
}

/* A place to open a connection at: where the origin is already known and there is room, else any shard with room. */
static struct place *open_place(struct pnet_engine *engine, struct origin *origin)
{
  struct shard *shard;
  struct place *place, *grown;
  for(size_t i = 0; i < origin->n_places; i++)
    if(origin->places[i].shard->running < origin->places[i].shard->room)
      return &origin->places[i];
  shard = list_empty(&engine->roomy) ? shard_new(engine) : CONTAINER(engine->roomy.next, struct shard, roomy);
  if(!shard)
    return NULL;
  place = origin_place(origin, shard);
  if(place)
    return place;
  grown = realloc(origin->places, (origin->n_places + 1) * sizeof(*grown));
  if(!grown)
    return NULL;
  origin->places = grown;
  place = &grown[origin->n_places++];
  memset(place, 0, sizeof(*place));
  place->shard = shard;
  return place;
}

static struct place *pick_h2(struct pnet_engine *engine, struct origin *origin)
{
  for(size_t i = 0; i < origin->n_places; i++) {
    struct place *place = &origin->places[i];
    if(place->h2 && place->open && place->running < SHARD_STREAMS)
      return place;
    if(!engine->poller.waiter->sharded && place->running >= SHARD_STREAMS)
      return NULL; /* where else? libcurl would open a connection for each that does not fit */
    if(place->running && !(place->h2 && place->open))
      return NULL; /* a connection is being opened: it will carry this one too */
  }
  return open_place(engine, origin);
}

struct place *origin_pick(struct pnet_engine *engine, struct origin *origin)
{
  if(origin->gated && origin->probing)
    return NULL;
  if(origin->mode == ORIGIN_H2)
    return pick_h2(engine, origin);
  for(size_t i = 0; i < origin->n_places; i++)
    if(origin->places[i].open > origin->places[i].running)
      return &origin->places[i]; /* an idle connection, even on a full shard: opening another would exceed per_host */
  return open_place(engine, origin);
}

void origin_unblock(struct origin *origin)
{
  LIST_EACH(item, &origin->lanes)
  lane_unblock(CONTAINER(item, struct lane, of_origin));
}

void origin_settle(struct origin *origin, enum origin_mode mode)
{
  if(mode != ORIGIN_UNKNOWN)
    origin->mode = mode;
  origin->gated = false;
  origin_unblock(origin);
}

struct place *place_of(const struct transfer *t)
{
  return origin_place(t->lane->origin, t->shard);
}
