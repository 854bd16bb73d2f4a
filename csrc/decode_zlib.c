/* decode_zlib.c - the codings gzip (RFC 1952) and deflate (RFC 1950, or raw RFC 1951), by zlib.
 * zlib checks the header, the check value and the length of each stream; what lies between and
 * after streams is decided here. */
#include <limits.h>
#include <stdlib.h>

#define ZLIB_CONST
#include <zlib.h>

#include "decode_coding.h"

/* windowBits of inflateInit2(): the largest window, and in what wrapping it is expected */
enum { ZLIB_STREAM = MAX_WBITS, RAW_STREAM = -MAX_WBITS, GZIP_STREAM = MAX_WBITS + 16 };

enum { GZIP_ID1 = 0x1f }; /* first byte of a member, RFC 1952 section 2.3.1 */

struct inflater {
  z_stream zlib;
  bool started; /* the first byte of the body was seen */
  bool ended;   /* the stream or member is complete */
  bool padding; /* gzip: zero bytes followed the last member */
};

static void *inflater_open(int window_bits)
{
  struct inflater *inflater = calloc(1, sizeof(*inflater));
  if(inflater && inflateInit2(&inflater->zlib, window_bits) != Z_OK) {
    free(inflater);
    inflater = NULL;
  }
  return inflater;
}

static void *gzip_open(void)
{
  return inflater_open(GZIP_STREAM);
}

static void *deflate_open(void)
{
  return inflater_open(ZLIB_STREAM);
}

static void inflater_close(void *state)
{
  struct inflater *inflater = state;
  inflateEnd(&inflater->zlib);
  free(inflater);
}

static bool inflater_ended(const void *state)
{
  const struct inflater *inflater = state;
  return inflater->ended;
}

static uInt clamp(size_t len)
{
  return len > UINT_MAX ? UINT_MAX : (uInt)len;
}

static int corrupt(struct decode_step *step, const char *why)
{
  step->why = why;
  return DECODE_CORRUPT;
}

/* Decode within one stream. Sets `ended` when its last byte and check value were right. */
static int inflate_stream(struct inflater *inflater, struct decode_step *step, const char *why)
{
  z_stream *zlib = &inflater->zlib;
  const uInt in_len = clamp(step->in_len);
  const uInt out_len = clamp(step->out_len);
  int rc;
  zlib->next_in = step->in;
  zlib->avail_in = in_len;
  zlib->next_out = step->out;
  zlib->avail_out = out_len;
  rc = inflate(zlib, Z_NO_FLUSH);
  step->in += in_len - zlib->avail_in;
  step->in_len -= in_len - zlib->avail_in;
  step->out += out_len - zlib->avail_out;
  step->out_len -= out_len - zlib->avail_out;
  switch(rc) {
  case Z_STREAM_END:
    inflater->ended = true;
    return DECODE_OK;
  case Z_OK:
  case Z_BUF_ERROR: /* no input, and nothing was held: not a fault */
    return DECODE_OK;
  case Z_MEM_ERROR:
    return DECODE_NOMEM;
  default: /* Z_NEED_DICT too: HTTP has no way to name a dictionary */
    return corrupt(step, why);
  }
}

static int gzip_run(void *state, struct decode_step *step)
{
  struct inflater *inflater = state;
  if(!inflater->ended)
    return inflate_stream(inflater, step, "gzip: corrupt");
  if(!step->in_len)
    return DECODE_OK;
  if(*step->in == GZIP_ID1 && !inflater->padding) {
    inflater->ended = false;
    inflateReset(&inflater->zlib);
    return inflate_stream(inflater, step, "gzip: corrupt");
  }
  /* tar and some servers pad to a block with zeros; gzip(1) accepts that, and nothing else */
  while(step->in_len && !*step->in) {
    inflater->padding = true;
    step->in++;
    step->in_len--;
  }
  return step->in_len ? corrupt(step, "gzip: trailing data") : DECODE_OK;
}

static int deflate_run(void *state, struct decode_step *step)
{
  struct inflater *inflater = state;
  if(inflater->ended)
    return step->in_len ? corrupt(step, "deflate: trailing data") : DECODE_OK;
  if(!inflater->started) {
    /* The low half of a zlib stream's first byte is 8, RFC 1950 section 2.2. A raw stream with it
     * would begin with a stored block whose padding bits are not zero; encoders write zeros. */
    if((*step->in & 0x0f) != Z_DEFLATED)
      inflateReset2(&inflater->zlib, RAW_STREAM);
    inflater->started = true;
  }
  return inflate_stream(inflater, step, "deflate: corrupt");
}

const struct decode_coding decode_gzip = {
  "gzip: truncated", gzip_open, gzip_run, inflater_ended, inflater_close,
};

const struct decode_coding decode_deflate = {
  "deflate: truncated", deflate_open, deflate_run, inflater_ended, inflater_close,
};
