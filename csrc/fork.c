/* fork.c - what fork does to engines: a child has none of them, and the parent's go on as if nothing had been.
 *
 * A fork waits until no driver is in its turn, which is short, as a driver that sleeps is not. So the child finds every
 * table whole, and no lock of libcurl, of the TLS library or of malloc taken by a driver that the child does not have:
 * engines of its own work. It closes its copies of the descriptors, with close(2) alone: to take one out of an epoll
 * set or to end TLS would be the parent's loss. Memory of the parent's engines is left as it is.
 *
 * The order of locks is fork_lock, engine.turn, engine.lock. A child made by vfork, posix_spawn or a bare clone runs no
 * handler; what it may do ends with exec, which closes our descriptors. */
#include "internal.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct link engines = {&engines, &engines}; /* (lock) */
static atomic_bool forking;                        /* a driver between two turns would win every race for its mutex */
static _Atomic unsigned generation;

static struct pnet_engine *engine_of(struct link *item)
{
  return CONTAINER(item, struct pnet_engine, of_process);
}

static void prepare(void)
{
  pthread_mutex_lock(&lock);
  atomic_store(&forking, true);
  LIST_EACH(item, &engines)
  {
    pthread_mutex_lock(&engine_of(item)->turn);
    held_add_lookups(&engine_of(item)->poller);
  }
}

static void in_parent(void)
{
  LIST_EACH(item, &engines)
  pthread_mutex_unlock(&engine_of(item)->turn);
  atomic_store(&forking, false);
  pthread_mutex_unlock(&lock);
}

static void in_child(void)
{
  LIST_EACH(item, &engines)
  held_close(&engine_of(item)->poller);
  list_init(&engines);
  atomic_fetch_add_explicit(&generation, 1, memory_order_relaxed);
  atomic_store(&forking, false);
  pthread_mutex_unlock(&lock);
}

void fork_watch(void)
{
  pthread_atfork(prepare, in_parent, in_child);
}

unsigned fork_generation(void)
{
  return atomic_load_explicit(&generation, memory_order_relaxed); /* asking getpid() each time costs a system call */
}

void fork_lock(void)
{
  pthread_mutex_lock(&lock);
}

void fork_unlock(void)
{
  pthread_mutex_unlock(&lock);
}

void fork_add(struct pnet_engine *engine)
{
  list_push(&engines, &engine->of_process);
}

void fork_remove(struct pnet_engine *engine)
{
  list_remove(&engine->of_process);
}

void turn_begin(struct pnet_engine *engine)
{
  if(atomic_load_explicit(&forking, memory_order_relaxed)) {
    fork_lock();
    fork_unlock();
  }
  pthread_mutex_lock(&engine->turn);
}

void turn_end(struct pnet_engine *engine)
{
  pthread_mutex_unlock(&engine->turn);
}
