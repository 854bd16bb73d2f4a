/* decode.h - undoes the content codings of a response body, RFC 9110 section 8.4.
 *
 * Codings: gzip and x-gzip (RFC 1952, any number of members, zero padding after the last), deflate
 * (RFC 1950, or raw RFC 1951 as some servers send), br (RFC 7932), zstd (RFC 8878, any number of
 * frames, window up to 8 MiB as RFC 9659 sets for HTTP).
 *
 * THREADS  a decoder belongs to one thread at a time; different decoders share nothing.
 * OWNS     the decoder copies what it needs of `list`; `in` and `out` are borrowed for the call.
 * ERRORS   int returns are enum decode_rc; a decoder that failed stays failed with the same code.
 * WORK     bounded by the input: codings that blow up between the layers are DECODE_CORRUPT.
 * MEMORY   a fixed amount for each layer, at most 16 MiB and a little (br), however long the body.
 *          How large the decoded body may get is the caller's to limit. */
#ifndef PNET_DECODE_H
#define PNET_DECODE_H

#include <stddef.h>
#include <stdint.h>

enum decode_rc {
  DECODE_OK = 0,
  DECODE_CORRUPT,  /* the body is damaged or cut short, see decoder_why() */
  DECODE_UNKNOWN,  /* the list names a coding not listed above */
  DECODE_TOO_DEEP, /* the list names more than DECODE_MAX_LAYERS codings */
  DECODE_NOMEM
};

enum { DECODE_MAX_LAYERS = 5 }; /* codings stacked on one body; "identity" does not count */

struct decoder; /* opaque: a chain of layers, one for each coding */

/* Make a decoder for the field value(s) of Content-Encoding, joined by commas: `len` bytes, not
 * NUL-terminated, names in any case, in the order the server applied them. *out is set only on
 * success, and to NULL when there is nothing to undo (no coding, or only identity). */
int decoder_new(struct decoder **out, const char *list, size_t len);

/* Decode as much of *in as fits into out[0..cap), cap > 0: advances *in and *in_len, adds the bytes
 * written to *produced (also when it fails). DECODE_OK: the input is used up or the output is full.
 * Call again with the rest until a call writes fewer than cap bytes; *in_len may be 0 then, for a
 * layer may still hold output. DECODE_CORRUPT, DECODE_NOMEM: no further byte will come. */
int decoder_run(struct decoder *decoder, const uint8_t **in, size_t *in_len, uint8_t *out, size_t cap,
                size_t *produced);

/* Judge the body once its last byte was decoded. DECODE_OK: every layer stands at the end of a
 * member, stream or frame, or no byte ever came (the empty body of a HEAD or 304 is whole).
 * DECODE_CORRUPT: cut short. After a failed run: the code of that run. */
int decoder_end(const struct decoder *decoder);

/* Why the run failed, or decoder_end() would: static text naming the coding and the fault, such as
 * "gzip: truncated". "" when neither did. */
const char *decoder_why(const struct decoder *decoder);

/* NULL is fine. */
void decoder_free(struct decoder *decoder);

#endif
