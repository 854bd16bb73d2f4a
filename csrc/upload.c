/* upload.c - libcurl's callbacks for a request body that is sent piece by piece: from memory or a file. */
#include "internal.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static bool read_file(struct transfer *t, char *out, size_t *n)
{
  ssize_t got;
  do
    got = read(t->body_fd, out, *n);
  while(got < 0 && errno == EINTR);
  if(got <= 0) {
    t->done.os_errno = got ? errno : EIO;
    t->done.flags |= PNET_DONE_BODY_FILE;
    transfer_fail(t, PNET_FAULT_LOCAL_FILE, got ? "cannot read the request body" : "the request body became shorter");
    return false;
  }
  *n = (size_t)got;
  return true;
}

size_t on_upload(char *out, size_t size, size_t n, void *handle)
{
  struct transfer *t = ((struct handle *)handle)->transfer;
  int64_t left = t->upload_len - t->upload_at;
  moved(t);
  n *= size;
  if((int64_t)n > left)
    n = (size_t)left; /* a file may have grown: Content-Length was said already */
  if(!n)
    return 0;
  if(t->body_fd < 0)
    memcpy(out, t->body + t->upload_at, n);
  else if(!read_file(t, out, &n))
    return CURL_READFUNC_ABORT;
  t->upload_at += (int64_t)n;
  return n;
}

int on_seek(void *handle, curl_off_t offset, int origin)
{
  struct transfer *t = ((struct handle *)handle)->transfer;
  if(origin != SEEK_SET || (t->body_fd >= 0 && lseek(t->body_fd, offset, SEEK_SET) < 0))
    return CURL_SEEKFUNC_FAIL;
  t->upload_at = offset;
  return CURL_SEEKFUNC_OK;
}
