/* attend.c - for event loops: they cannot wait inside the core, so they are told by descriptors, and turn the loop
 * themselves when there is something to do. That saves the two wake-ups a result would cost if the engine's thread
 * drove. */
#include "internal.h"

int pnet_queue_notify(struct pnet_queue *queue, int fd)
{
  struct pnet_engine *engine = queue->engine;
  if(engine_alien(engine))
    return PNET_FORKED;
  pthread_mutex_lock(&engine->lock);
  queue->notify_fd = fd;
  queue->notified = false;
  pthread_mutex_unlock(&engine->lock);
  return PNET_OK;
}

int pnet_engine_descriptor(struct pnet_engine *engine)
{
  return engine_alien(engine) ? -1 : engine->poller.epoll_fd;
}

int pnet_engine_attend(struct pnet_engine *engine, int change)
{
  if(engine_alien(engine))
    return PNET_FORKED;
  pthread_mutex_lock(&engine->lock);
  engine->attendants += change;
  engine->broken = 0;
  pthread_mutex_unlock(&engine->lock);
  return PNET_OK;
}

int pnet_turn(struct pnet_queue *queue)
{
  struct pnet_engine *engine = queue->engine;
  int rc = PNET_BUSY;
  if(engine_alien(engine))
    return PNET_FORKED;
  pthread_mutex_lock(&engine->lock);
  if(engine->stopping || queue->closing)
    rc = PNET_CLOSED;
  else if(engine_try_loop(engine)) {
    engine->quiet_fd = queue->notify_fd;
    pthread_mutex_unlock(&engine->lock);
    rc = loop_turn(engine) ? PNET_AGAIN : PNET_OK;
    pthread_mutex_lock(&engine->lock);
    engine->quiet_fd = -1;
    engine->broken = 0;
    engine_leave_loop(engine);
  }
  else if(engine->driver == DRIVER_ENGINE)
    rc = PNET_AGAIN; /* it was asked to leave, and does at once */
  pthread_mutex_unlock(&engine->lock);
  return rc;
}
