/* feed.c - a request body that a program writes while it is sent.
 *
 * Bytes go from the memory of the thread that waits in pnet_write to libcurl's own buffer, whoever drives the loop. Only
 * small pieces are collected here first: a turn of the loop for each would cost more than they do. While nobody writes,
 * the transfer is paused. */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

#define SMALL 8192u      /* a piece that is collected */
#define COLLECTED 65536u /* most that is */

int feed_init(struct feed *feed)
{
  return pthread_mutex_init(&feed->lock, NULL);
}

void feed_free(struct feed *feed)
{
  pthread_mutex_destroy(&feed->lock);
  free(feed->few);
}

/* Lock held. */
static void forget(struct feed *feed)
{
  free(feed->few);
  feed->few = NULL;
  feed->few_len = feed->few_at = 0;
  feed->from = NULL;
  feed->from_len = feed->from_at = 0;
  feed->hungry = false;
}

void feed_begin(struct feed *feed, const struct pnet_request *request)
{
  pthread_mutex_lock(&feed->lock);
  forget(feed);
  feed->id = request->id;
  feed->left = request->body_len;
  feed->ended = false;
  feed->open = true;
  pthread_mutex_unlock(&feed->lock);
}

void feed_close(struct feed *feed, uint64_t id)
{
  pthread_mutex_lock(&feed->lock);
  if(feed->id == id) {
    feed->open = feed->hungry = false;
    free(feed->few);
    feed->few = NULL;
    feed->few_len = feed->few_at = 0;
  }
  pthread_mutex_unlock(&feed->lock);
}

/* Lock held: false: it is to be taken from where it is. */
static bool collect(struct feed *feed, const uint8_t *data, size_t len)
{
  if(len > SMALL || feed->few_len + len > COLLECTED || (!feed->few && !(feed->few = malloc(COLLECTED))))
    return false;
  if(len)
    memcpy(feed->few + feed->few_len, data, len);
  feed->few_len += len;
  if(feed->left != PNET_LENGTH_UNKNOWN)
    feed->left -= len;
  return true;
}

int feed_offer(struct feed *feed, const uint8_t *data, size_t len, bool *collected, bool *resume)
{
  int rc = PNET_OK;
  *collected = *resume = false;
  pthread_mutex_lock(&feed->lock);
  if(feed->ended || (feed->left != PNET_LENGTH_UNKNOWN && len > feed->left))
    rc = PNET_INVALID;
  else if(!feed->open)
    rc = PNET_END;
  else {
    *collected = collect(feed, data, len);
    if(!*collected) {
      feed->from = data;
      feed->from_len = len;
      feed->from_at = 0;
    }
    *resume = feed->hungry;
    feed->hungry = false;
  }
  pthread_mutex_unlock(&feed->lock);
  return rc;
}

bool feed_waits(struct feed *feed)
{
  bool waits;
  pthread_mutex_lock(&feed->lock);
  waits = feed->open && feed->from_at < feed->from_len;
  pthread_mutex_unlock(&feed->lock);
  return waits;
}

size_t feed_withdraw(struct feed *feed, bool *open)
{
  size_t n;
  pthread_mutex_lock(&feed->lock);
  n = feed->from_at;
  feed->from = NULL;
  feed->from_len = feed->from_at = 0;
  *open = feed->open;
  pthread_mutex_unlock(&feed->lock);
  return n;
}

int feed_end(struct feed *feed)
{
  int rc;
  pthread_mutex_lock(&feed->lock);
  rc = feed->left && feed->left != PNET_LENGTH_UNKNOWN && feed->open ? PNET_INVALID : PNET_OK;
  feed->ended = feed->ended || !rc;
  pthread_mutex_unlock(&feed->lock);
  return rc;
}

/* Lock held: copy up to cap bytes, those collected first; *few of them are. */
static size_t look(const struct feed *feed, char *out, size_t cap, size_t *few)
{
  size_t direct = feed->from_len - feed->from_at;
  *few = feed->few_len - feed->few_at < cap ? feed->few_len - feed->few_at : cap;
  if(*few)
    memcpy(out, feed->few + feed->few_at, *few);
  if(direct > cap - *few)
    direct = cap - *few;
  if(direct)
    memcpy(out + *few, feed->from + feed->from_at, direct);
  return *few + direct;
}

/* Lock held: what was copied is libcurl's now. */
static void commit(struct feed *feed, size_t few, size_t direct)
{
  feed->few_at += few;
  if(feed->few_at == feed->few_len)
    feed->few_at = feed->few_len = 0;
  feed->from_at += direct;
  if(feed->left != PNET_LENGTH_UNKNOWN)
    feed->left -= direct;
}

enum feed_rc feed_take(struct transfer *t, char *out, size_t cap, size_t *n)
{
  struct feed *feed = &t->queue->feed;
  enum feed_rc rc = FEED_OK;
  bool drained = false;
  size_t few;
  pthread_mutex_lock(&feed->lock);
  *n = feed->id == t->req.id ? look(feed, out, cap, &few) : 0; /* another's: this transfer is cancelled */
  if(*n && upload_must_yield(t)) {                             /* asked at the last moment */
    *n = 0;
    rc = FEED_YIELD;
  }
  else if(*n) {
    commit(feed, few, *n - few);
    drained = *n > few && feed->from_at == feed->from_len;
  }
  else if(feed->id == t->req.id && (feed->ended || !feed->left))
    rc = FEED_END;
  else {
    rc = FEED_EMPTY;
    feed->hungry = feed->id == t->req.id && feed->open;
  }
  pthread_mutex_unlock(&feed->lock);
  if(drained && !linked(&t->queue->news))
    list_push(&t->queue->engine->news, &t->queue->news); /* the writer wakes */
  return rc;
}
