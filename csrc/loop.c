/* loop.c - one turn of the event loop. Only the driver is here; see engine.c for who that is. */
#include "internal.h"

#define DEADLINE_GRAIN_US 5000 /* clocks are looked at no more often than this */
#define TURN_AGAIN_US 1000     /* what is due sooner makes a turn ask for another one */

static void read_mail(struct pnet_engine *engine)
{
  struct link *link;
  pthread_mutex_lock(&engine->lock);
  engine->blocked = false;
  while((link = list_pop(&engine->mail)))
    queue_read_mail(CONTAINER(link, struct pnet_queue, mail));
  pthread_mutex_unlock(&engine->lock);
}

static void serve_queues(struct pnet_engine *engine)
{
  struct link *link;
  while((link = list_pop(&engine->busy))) {
    struct pnet_queue *queue = CONTAINER(link, struct pnet_queue, busy);
    queue_cancel(queue);
    queue_resume(queue);
    budget_review(queue);
    queue_admit(queue);
  }
}

static void read_messages(struct pnet_engine *engine)
{
  struct link *link;
  while((link = list_pop(&engine->touched))) {
    struct shard *shard = CONTAINER(link, struct shard, touched);
    CURLMsg *message;
    int left;
    while((message = curl_multi_info_read(shard->multi, &left))) {
      struct handle *handle = NULL;
      CURLcode code = message->data.result;
      if(message->msg != CURLMSG_DONE)
        continue;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&handle);
      transfer_ended(handle->transfer, code);
    }
  }
}

static bool run_timers(struct pnet_engine *engine)
{
  bool ran = false;
  for(size_t i = 0; i < engine->n_shards; i++) {
    struct shard *shard = engine->shards[i];
    if(engine->poller.waiter->due_us(shard) <= engine->now_us) {
      shard_run(shard, CURL_SOCKET_TIMEOUT, 0);
      ran = true;
    }
  }
  return ran;
}

/* Until nothing more can be done without waiting; bounded, so that no transfer keeps the others from the network. */
static void settle(struct pnet_engine *engine)
{
  for(int round = 0; round < 4; round++) {
    serve_queues(engine);
    if(!run_timers(engine) && list_empty(&engine->touched))
      break;
    read_messages(engine);
    if(list_empty(&engine->busy))
      break;
  }
}

static void check_deadlines(struct pnet_engine *engine)
{
  if(engine->deadline_us > engine->now_us)
    return;
  engine->deadline_us = NEVER;
  LIST_EACH(item, &engine->queues)
  queue_check_deadlines(CONTAINER(item, struct pnet_queue, of_engine));
  if(engine->deadline_us < engine->now_us + DEADLINE_GRAIN_US)
    engine->deadline_us = engine->now_us + DEADLINE_GRAIN_US;
}

static int wait_ms(struct pnet_engine *engine, int64_t wait_us)
{
  int64_t until = engine->deadline_us;
  if(!list_empty(&engine->busy) || !list_empty(&engine->touched))
    return 0;
  for(size_t i = 0; i < engine->n_shards; i++) {
    int64_t due_us = engine->poller.waiter->due_us(engine->shards[i]);
    if(due_us < until)
      until = due_us;
  }
  if(until != NEVER) {
    int64_t left = until - engine->now_us;
    if(left < wait_us)
      wait_us = left;
  }
  if(wait_us < 0)
    wait_us = 0; /* a waiter's time may be over meanwhile; less than nothing would be for ever */
  return (int)((wait_us + 999) / 1000);
}

static enum loop_rc turn(struct pnet_engine *engine, int64_t wait_us)
{
  enum loop_rc rc;
  int timeout;
  engine->now_us = clock_us();
  read_mail(engine);
  settle(engine);
  check_deadlines(engine);
  if(engine_has_news(engine)) {
    engine_publish(engine);
    return LOOP_OK;
  }
  engine->poller.waiter->flush(&engine->poller);
  timeout = wait_ms(engine, wait_us);
  if(timeout) {
    pthread_mutex_lock(&engine->lock);
    if(!list_empty(&engine->mail) || engine->takeover || engine->stopping)
      timeout = 0;
    engine->blocked = timeout != 0;
    pthread_mutex_unlock(&engine->lock);
  }
  rc = engine->poller.waiter->wait(engine, timeout);
  if(rc != LOOP_OK)
    return rc;
  settle(engine);
  check_deadlines(engine);
  if(engine_has_news(engine))
    engine_publish(engine);
  return LOOP_OK;
}

enum loop_rc loop_once(struct pnet_engine *engine, int64_t wait_us)
{
  enum loop_rc rc;
  turn_begin(engine);
  rc = turn(engine, wait_us);
  turn_end(engine);
  return rc;
}

bool loop_turn(struct pnet_engine *engine)
{
  bool again;
  turn_begin(engine);
  turn(engine, 0);
  engine->poller.waiter->flush(&engine->poller); /* what is wanted now has to make the descriptor readable */
  again = wait_ms(engine, TURN_AGAIN_US) == 0;
  turn_end(engine);
  return again;
}
