/* sink.c - where a body goes: memory that is handed to the reaper, or a file. Knows neither libcurl nor limits. */
#include "internal.h"
#include "portable.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int sink_reserve(struct sink *sink, size_t cap)
{
  uint8_t *grown;
  if(cap <= sink->cap)
    return 0;
  grown = realloc(sink->data, cap);
  if(!grown)
    return ENOMEM;
  sink->data = grown;
  sink->cap = cap;
  return 0;
}

/* The temporary name is short and random, so that it fits where the final name only just does. */
static int open_temporary(struct sink *sink, const char *path)
{
  const char *slash = strrchr(path, '/');
  size_t directory = slash ? (size_t)(slash - path) + 1 : 0;
  size_t cap = directory + sizeof(".pyinet-0123456789abcdef.part");
  char *name = malloc(cap);
  int error = ENOMEM;
  if(!name)
    return ENOMEM;
  memcpy(name, path, directory);
  for(int attempt = 0; attempt < 16; attempt++) {
    uint64_t random;
    if(!portable_random(&random, sizeof(random)))
      random = (uint64_t)clock_us() + (uint64_t)attempt; /* EEXIST decides */
    snprintf(name + directory, cap - directory, ".pyinet-%016llx.part", (unsigned long long)random);
    sink->fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    error = sink->fd < 0 ? errno : 0;
    if(error != EEXIST)
      break;
  }
  if(error) {
    free(name);
    return error;
  }
  sink->temp = name;
  return 0;
}

/* A directory or a device would be replaced, not written to. */
static int refuse_special(const char *path)
{
  struct stat info;
  if(stat(path, &info) || S_ISREG(info.st_mode))
    return 0;
  return S_ISDIR(info.st_mode) ? EISDIR : EINVAL;
}

int sink_open_file(struct sink *sink, const char *path, int64_t expected)
{
  int error = refuse_special(path);
  if(!error)
    error = open_temporary(sink, path);
  if(error)
    return error;
  live_add(LIVE_FILES, 1);
  sink->kind = SINK_FILE;
  sink->offset = 0;
  if(expected > 0) {
    error = portable_preallocate(sink->fd, expected);
    if(error == ENOSPC || error == EDQUOT || error == EFBIG) {
      sink_abort_file(sink);
      return error;
    }
  }
  return 0;
}

int sink_write_file(struct sink *sink, const uint8_t *data, size_t len)
{
  while(len) {
    ssize_t written = pwrite(sink->fd, data, len, (off_t)sink->offset);
    if(written < 0) {
      if(errno == EINTR)
        continue;
      return errno;
    }
    if(!written)
      return ENOSPC;
    data += written;
    len -= (size_t)written;
    sink->offset += (uint64_t)written;
  }
  return 0;
}

int sink_commit_file(struct sink *sink, const char *path)
{
  int error = close(sink->fd) ? errno : 0;
  sink->fd = -1;
  if(!error && rename(sink->temp, path))
    error = errno;
  if(error) {
    sink_abort_file(sink);
    return error;
  }
  free(sink->temp);
  sink->temp = NULL;
  live_add(LIVE_FILES, -1);
  return 0;
}

void sink_abort_file(struct sink *sink)
{
  if(!sink->temp)
    return;
  if(sink->fd >= 0)
    close(sink->fd);
  sink->fd = -1;
  unlink(sink->temp);
  free(sink->temp);
  sink->temp = NULL;
  live_add(LIVE_FILES, -1);
}

uint64_t body_hand_over(uint8_t *data, size_t len)
{
  uint8_t *fitted = realloc(data, len); /* give back what was reserved too much */
  live_add(LIVE_BODIES, 1);
  return (uint64_t)(uintptr_t)(fitted ? fitted : data);
}

void pnet_body_free(uint8_t *data)
{
  if(!data)
    return;
  free(data);
  live_add(LIVE_BODIES, -1);
}
