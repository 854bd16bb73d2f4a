/* decode_brotli.c - the coding br (RFC 7932), by libbrotlidec. The format has no check value: what
 * is caught is damage to its structure, a missing end and bytes after the end. */
#include <stdlib.h>

#include <brotli/decode.h>

#include "decode_coding.h"

static void *brotli_open(void)
{
  return BrotliDecoderCreateInstance(NULL, NULL, NULL);
}

static void brotli_close(void *state)
{
  BrotliDecoderDestroyInstance(state);
}

static bool brotli_ended(const void *state)
{
  return BrotliDecoderIsFinished(state);
}

static bool out_of_memory(const BrotliDecoderState *brotli)
{
  const int code = (int)BrotliDecoderGetErrorCode(brotli);
  return code <= BROTLI_DECODER_ERROR_ALLOC_CONTEXT_MODES && code >= BROTLI_DECODER_ERROR_ALLOC_BLOCK_TYPE_TREES;
}

static int brotli_run(void *state, struct decode_step *step)
{
  BrotliDecoderResult result;
  if(BrotliDecoderIsFinished(state)) {
    step->why = "br: trailing data";
    return step->in_len ? DECODE_CORRUPT : DECODE_OK;
  }
  result = BrotliDecoderDecompressStream(state, &step->in_len, &step->in, &step->out_len, &step->out, NULL);
  if(result != BROTLI_DECODER_RESULT_ERROR)
    return DECODE_OK;
  if(out_of_memory(state))
    return DECODE_NOMEM;
  step->why = "br: corrupt";
  return DECODE_CORRUPT;
}

const struct decode_coding decode_brotli = {
  "br: truncated", brotli_open, brotli_run, brotli_ended, brotli_close,
};
