/* portable.c - see portable.h. */
#include "portable.h"

#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifdef PNET_LINUX
#include <sys/random.h>
#endif

int portable_socket(int family, int type, int protocol)
{
#ifdef PNET_LINUX
  return socket(family, type | SOCK_CLOEXEC, protocol);
#else
  int fd = socket(family, type, protocol);
  if(fd >= 0)
    fcntl(fd, F_SETFD, FD_CLOEXEC);
  return fd;
#endif
}

int portable_preallocate(int fd, int64_t bytes)
{
#ifdef PNET_LINUX
  return fallocate(fd, 0, 0, bytes) ? errno : 0;
#elif defined(F_PREALLOCATE)
  fstore_t store = {.fst_flags = F_ALLOCATEALL, .fst_posmode = F_PEOFPOSMODE, .fst_length = bytes};
  return fcntl(fd, F_PREALLOCATE, &store) < 0 ? errno : 0;
#else
  (void)fd; /* posix_fallocate would write the file twice where the file system cannot do it */
  (void)bytes;
  return 0;
#endif
}

bool portable_random(void *out, size_t len)
{
#ifdef PNET_LINUX
  return getrandom(out, len, 0) == (ssize_t)len;
#else
  int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
  bool ok = fd >= 0 && read(fd, out, len) == (ssize_t)len;
  if(fd >= 0)
    close(fd);
  return ok;
#endif
}

bool portable_find(const char *text, size_t len, const char *what)
{
  size_t n = strlen(what);
  for(size_t i = 0; i + n <= len; i++)
    if(!memcmp(text + i, what, n))
      return true;
  return false;
}

#ifdef PNET_LINUX

int portable_cond_init(pthread_cond_t *cond)
{
  pthread_condattr_t attr;
  int rc;
  pthread_condattr_init(&attr);
  pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
  rc = pthread_cond_init(cond, &attr);
  pthread_condattr_destroy(&attr);
  return rc;
}

void portable_cond_wait(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t until_us)
{
  struct timespec at = {.tv_sec = (time_t)(until_us / 1000000), .tv_nsec = (long)(until_us % 1000000) * 1000};
  pthread_cond_timedwait(cond, lock, &at);
}

#else

int portable_cond_init(pthread_cond_t *cond)
{
  return pthread_cond_init(cond, NULL);
}

/* The condition's clock may be set meanwhile: a wait is cut into slices, and whoever waits looks again. */
void portable_cond_wait(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t until_us)
{
  int64_t left_us = until_us - clock_us(), at_us;
  struct timespec at;
  left_us = left_us < 0 ? 0 : left_us > 1000000 ? 1000000 : left_us;
  clock_gettime(CLOCK_REALTIME, &at);
  at_us = (int64_t)at.tv_sec * 1000000 + at.tv_nsec / 1000 + left_us;
  at.tv_sec = (time_t)(at_us / 1000000);
  at.tv_nsec = (long)(at_us % 1000000) * 1000;
  pthread_cond_timedwait(cond, lock, &at);
}

#endif
