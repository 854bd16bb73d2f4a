/* decode_coding.h - what decode.c asks of one content coding; seen by the decode*.c files alone. */
#ifndef PNET_DECODE_CODING_H
#define PNET_DECODE_CODING_H

#include <stdbool.h>

#include "decode.h"

/* Input and room for one call. run() advances both pairs past what it used. */
struct decode_step {
  const uint8_t *in;
  size_t in_len;
  uint8_t *out;
  size_t out_len;
  const char *why; /* static text, set by run() with DECODE_CORRUPT */
};

struct decode_coding {
  const char *truncated; /* decoder_why() for a body that ends inside a stream */
  void *(*open)(void);   /* a state, freed by close(); NULL: out of memory */
  /* Called with in_len > 0, or with none when the call before filled its output; out_len > 0.
   * Uses up one of them, if need be in several calls that each do something.
   * DECODE_OK, DECODE_CORRUPT or DECODE_NOMEM. */
  int (*run)(void *state, struct decode_step *step);
  bool (*ended)(const void *state); /* all input so far makes whole streams, fully written out */
  void (*close)(void *state);
};

extern const struct decode_coding decode_gzip;
extern const struct decode_coding decode_deflate;
extern const struct decode_coding decode_brotli;
extern const struct decode_coding decode_zstd;

#endif
