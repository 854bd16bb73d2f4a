/* decode_support.h - for the tests of csrc/decode.h: CHECK, sample bodies, the encoders of zlib,
 * libbrotlienc and libzstd, and a decoding loop that holds the decoder to its contract. */
#ifndef PNET_DECODE_SUPPORT_H
#define PNET_DECODE_SUPPORT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ZLIB_CONST
#include <brotli/encode.h>
#include <zlib.h>
#include <zstd.h>

#include "decode.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define WHOLE SIZE_MAX

/* CHECK(condition, "format", ...): the text says which case it was */
#define CHECK(ok, ...) ((ok) ? (void)0 : fail(__FILE__, __LINE__, #ok, __VA_ARGS__))

static inline void fail(const char *file, int line, const char *what, const char *format, ...)
  __attribute__((noreturn, format(printf, 4, 5)));

static inline void fail(const char *file, int line, const char *what, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  fprintf(stderr, "%s:%d: not so: %s: ", file, line, what);
  vfprintf(stderr, format, args);
  fprintf(stderr, "\n");
  va_end(args);
  exit(1);
}

/* Heap blocks of the exact length, so that the address sanitizer sees one byte too many. */
struct bytes {
  uint8_t *data;
  size_t len;
};

static inline struct bytes bytes_new(const void *data, size_t len)
{
  struct bytes b = {malloc(len ? len : 1), len};
  CHECK(b.data != NULL, "%zu bytes", len);
  if(data && len)
    memcpy(b.data, data, len);
  return b;
}

static inline struct bytes joined(struct bytes a, struct bytes b)
{
  struct bytes both = bytes_new(NULL, a.len + b.len);
  memcpy(both.data, a.data, a.len);
  memcpy(both.data + a.len, b.data, b.len);
  return both;
}

/* joined(), and a is freed */
static inline void append(struct bytes *a, const void *data, size_t len)
{
  struct bytes tail = bytes_new(data, len);
  struct bytes both = joined(*a, tail);
  free(a->data);
  free(tail.data);
  *a = both;
}

static inline uint32_t random_next(uint32_t *seed)
{
  *seed ^= *seed << 13;
  *seed ^= *seed >> 17;
  *seed ^= *seed << 5;
  return *seed;
}

/* Stretches of words, of one byte and of noise, the same for the same length. */
static inline struct bytes sample(size_t len)
{
  static const char words[] = "the quick brown fox jumps over the lazy dog and runs ";
  struct bytes b = bytes_new(NULL, len);
  uint32_t seed = 2463534242u;
  size_t at = 0;
  while(at < len) {
    const uint32_t kind = random_next(&seed) % 4;
    const size_t stretch = 1 + random_next(&seed) % 600;
    for(size_t i = 0; i < stretch && at < len; i++) {
      if(kind == 0)
        b.data[at++] = (uint8_t)random_next(&seed);
      else if(kind == 1)
        b.data[at++] = 'a';
      else
        b.data[at++] = (uint8_t)words[(seed + i) % (sizeof(words) - 1)];
    }
  }
  return b;
}

/* --- encoders --- */

static inline struct bytes zlib_encode(struct bytes plain, int window_bits, gz_header *header)
{
  z_stream zlib = {0};
  struct bytes out;
  CHECK(deflateInit2(&zlib, 6, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY) == Z_OK, "init");
  if(header)
    CHECK(deflateSetHeader(&zlib, header) == Z_OK, "header");
  out = bytes_new(NULL, deflateBound(&zlib, plain.len));
  zlib.next_in = plain.data;
  zlib.avail_in = (uInt)plain.len;
  zlib.next_out = out.data;
  zlib.avail_out = (uInt)out.len;
  CHECK(deflate(&zlib, Z_FINISH) == Z_STREAM_END, "%zu bytes", plain.len);
  out.len = zlib.total_out;
  deflateEnd(&zlib);
  return out;
}

static inline struct bytes gzip_encode(struct bytes plain)
{
  return zlib_encode(plain, MAX_WBITS + 16, NULL);
}

static inline struct bytes deflate_encode(struct bytes plain)
{
  return zlib_encode(plain, MAX_WBITS, NULL);
}

static inline struct bytes raw_deflate_encode(struct bytes plain)
{
  return zlib_encode(plain, -MAX_WBITS, NULL);
}

static inline struct bytes brotli_encode(struct bytes plain)
{
  size_t len = BrotliEncoderMaxCompressedSize(plain.len) + 16;
  struct bytes out = bytes_new(NULL, len);
  CHECK(BrotliEncoderCompress(5, BROTLI_DEFAULT_WINDOW, BROTLI_MODE_GENERIC, plain.len, plain.data, &len, out.data),
        "%zu bytes", plain.len);
  out.len = len;
  return out;
}

/* One frame with check value; window_log 0: the encoder's choice. With `sized` the header tells the
 * length, which makes a window as large as the body a single segment. */
static inline struct bytes zstd_frame(struct bytes plain, int window_log, bool sized)
{
  ZSTD_CCtx *context = ZSTD_createCCtx();
  struct bytes coded = bytes_new(NULL, ZSTD_compressBound(plain.len));
  ZSTD_inBuffer in = {plain.data, plain.len, 0};
  ZSTD_outBuffer out = {coded.data, coded.len, 0};
  CHECK(context != NULL, "%zu bytes", plain.len);
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window_log);
  if(sized)
    ZSTD_CCtx_setPledgedSrcSize(context, plain.len);
  else
    CHECK(!ZSTD_isError(ZSTD_compressStream2(context, &out, &in, ZSTD_e_continue)), "continue");
  CHECK(ZSTD_compressStream2(context, &out, &in, ZSTD_e_end) == 0, "%zu bytes", plain.len);
  ZSTD_freeCCtx(context);
  coded.len = out.pos;
  return coded;
}

static inline struct bytes zstd_encode(struct bytes plain)
{
  return zstd_frame(plain, 0, true);
}

static const struct encoder {
  const char *token;
  struct bytes (*encode)(struct bytes plain);
} ENCODERS[] = {
  {"gzip", gzip_encode}, {"deflate", deflate_encode}, {"deflate", raw_deflate_encode},
  {"br", brotli_encode}, {"zstd", zstd_encode},
};

/* --- decoding, held to the contract --- */

struct outcome {
  int rc;     /* of the failing run, else of decoder_end() */
  size_t len; /* decoded */
  bool same;  /* the decoded bytes are the beginning of `plain` */
  char why[40];
};

static inline struct outcome decode(const char *list, struct bytes coded, struct bytes plain, size_t segment,
                                    size_t cap)
{
  struct outcome result = {.same = true};
  struct decoder *decoder = NULL;
  uint8_t *out = malloc(cap);
  size_t at = 0;
  int rc = decoder_new(&decoder, list, strlen(list));
  CHECK(rc == DECODE_OK && decoder && out, "%s: rc %d", list, rc);
  while(!rc && at < coded.len) {
    const uint8_t *in = coded.data + at;
    size_t in_len = coded.len - at < segment ? coded.len - at : segment;
    size_t produced;
    at += in_len;
    do {
      produced = 0;
      rc = decoder_run(decoder, &in, &in_len, out, cap, &produced);
      CHECK(produced <= cap && in + in_len == coded.data + at, "%s", list);
      CHECK(rc || !in_len || produced == cap, "%s stopped with input and room", list);
      result.same = result.same && produced <= plain.len - result.len &&
                    (!produced || !memcmp(plain.data + result.len, out, produced));
      result.len += result.same ? produced : 0;
    } while(!rc && produced == cap);
  }
  result.rc = decoder_end(decoder);
  CHECK(!rc || result.rc == rc, "%s: run %d, end %d", list, rc, result.rc);
  CHECK(!result.rc == !*decoder_why(decoder), "%s: rc %d, why \"%s\"", list, result.rc, decoder_why(decoder));
  snprintf(result.why, sizeof(result.why), "%s", decoder_why(decoder));
  if(rc) {
    const uint8_t *in = coded.data;
    size_t in_len = coded.len, produced = 0;
    CHECK(decoder_run(decoder, &in, &in_len, out, cap, &produced) == rc && !produced,
          "%s: a failed decoder stays failed", list);
    CHECK(!strcmp(decoder_why(decoder), result.why), "%s: %s", list, decoder_why(decoder));
  }
  decoder_free(decoder);
  free(out);
  return result;
}

static inline void expect_plain(const char *list, struct bytes coded, struct bytes plain, size_t segment, size_t cap)
{
  const struct outcome got = decode(list, coded, plain, segment, cap);
  CHECK(got.rc == DECODE_OK && got.same && got.len == plain.len,
        "%s, %zu bytes, segment %zu, cap %zu: rc %d (%s), same %d, %zu bytes", list, plain.len, segment, cap, got.rc,
        got.why, got.same, got.len);
}

static inline void expect_corrupt(const char *list, struct bytes coded, struct bytes plain, const char *why)
{
  static const size_t segments[] = {1, 7, WHOLE};
  for(size_t i = 0; i < COUNT(segments); i++) {
    const struct outcome got = decode(list, coded, plain, segments[i], 65536);
    CHECK(got.rc == DECODE_CORRUPT && got.same && !strcmp(got.why, why), "%s, %zu coded bytes: rc %d (%s)", list,
          coded.len, got.rc, got.why);
  }
}

static inline void expect_plain_however_cut(const char *list, struct bytes coded, struct bytes plain)
{
  static const size_t segments[] = {1, 7, 4096, WHOLE};
  static const size_t caps[] = {1, 13, 65536};
  for(size_t i = 0; i < COUNT(segments); i++)
    for(size_t j = 0; j < COUNT(caps); j++)
      expect_plain(list, coded, plain, segments[i], caps[j]);
}

#endif
