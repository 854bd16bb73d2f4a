/* decode_zstd.c - the coding zstd (RFC 8878), by libzstd: frames and skippable frames in any
 * number, no dictionary, window up to what RFC 9659 allows in HTTP. */
#include <stdlib.h>

#include <zstd.h>
#include <zstd_errors.h>

#include "decode_coding.h"

enum { WINDOW_LOG_MAX = 23 }; /* 8 MiB, RFC 9659 section 3 */

struct zstd {
  ZSTD_DCtx *context;
  bool between; /* the next byte, if any, starts a frame */
  bool ended;   /* at least one frame came and the last is complete */
};

static void zstd_close(void *state)
{
  struct zstd *zstd = state;
  ZSTD_freeDCtx(zstd->context);
  free(zstd);
}

static void *zstd_open(void)
{
  struct zstd *zstd = calloc(1, sizeof(*zstd));
  if(!zstd)
    return NULL;
  zstd->between = true;
  zstd->context = ZSTD_createDCtx();
  if(!zstd->context || ZSTD_isError(ZSTD_DCtx_setParameter(zstd->context, ZSTD_d_windowLogMax, WINDOW_LOG_MAX))) {
    zstd_close(zstd);
    return NULL;
  }
  return zstd;
}

static bool zstd_ended(const void *state)
{
  const struct zstd *zstd = state;
  return zstd->ended;
}

static int fault(struct decode_step *step, size_t result)
{
  switch(ZSTD_getErrorCode(result)) {
  case ZSTD_error_memory_allocation:
    return DECODE_NOMEM;
  case ZSTD_error_frameParameter_windowTooLarge:
    step->why = "zstd: window above 8 MiB";
    return DECODE_CORRUPT;
  default:
    step->why = "zstd: corrupt";
    return DECODE_CORRUPT;
  }
}

/* First byte of a frame or of a skippable frame, RFC 8878 section 3.1. Others are trailing data or
 * a format older than the RFC, which libzstd may have been built to read. */
static bool starts_frame(uint8_t byte)
{
  return byte == 0x28 || (byte & 0xf0) == 0x50;
}

static int zstd_run(void *state, struct decode_step *step)
{
  struct zstd *zstd = state;
  ZSTD_inBuffer in = {step->in, step->in_len, 0};
  ZSTD_outBuffer out = {step->out, step->out_len, 0};
  size_t result;
  if(zstd->between) {
    if(!in.size)
      return DECODE_OK;
    if(!starts_frame(*step->in)) {
      step->why = zstd->ended ? "zstd: trailing data" : "zstd: corrupt";
      return DECODE_CORRUPT;
    }
    /* Alone: given a whole frame at once, libzstd skips the check of the window, and what is
     * accepted would depend on how the input is cut. */
    in.size = 1;
    zstd->between = false;
    zstd->ended = false;
  }
  result = ZSTD_decompressStream(zstd->context, &out, &in);
  step->in += in.pos;
  step->in_len -= in.pos;
  step->out += out.pos;
  step->out_len -= out.pos;
  if(ZSTD_isError(result))
    return fault(step, result);
  if(!result) /* the frame is complete and written out */
    zstd->between = zstd->ended = true;
  return DECODE_OK;
}

const struct decode_coding decode_zstd = {
  "zstd: truncated", zstd_open, zstd_run, zstd_ended, zstd_close,
};
