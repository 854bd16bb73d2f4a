/* decode.c - the chain of content decoders: which codings, in what order, and the bytes between
 * them. Knows no compressed format and no HTTP beyond the syntax of Content-Encoding.
 *
 * Invariant: the layer undone first is layer[0]; layer i writes to its own buffer, from which layer
 * i + 1 reads, and refills it only once it is empty. The last layer writes to the caller. */
#include <stdlib.h>
#include <string.h>

#include "decode_coding.h"

enum { LAYER_BUFFER = 64 * 1024 }; /* bytes between two layers */

#define BETWEEN_FREE (16u << 20) /* bytes between layers that are never too many */
#define BETWEEN_RATIO 1024u      /* times the body's own bytes, beyond those */

struct layer {
  const struct decode_coding *coding;
  void *state;
  bool full;            /* the last run filled its output: the coding may hold more */
  uint8_t *buffer;      /* LAYER_BUFFER bytes; NULL in the last layer */
  const uint8_t *ready; /* decoded bytes in the buffer the next layer has not read */
  size_t ready_len;
};

struct decoder {
  bool fed;         /* a byte of the body came */
  uint64_t taken;   /* bytes of the body undone so far */
  uint64_t between; /* bytes that went from one layer to the next */
  int rc;           /* of the run that failed, DECODE_OK until then */
  const char *why;  /* belongs to rc */
  size_t depth;
  struct layer layer[DECODE_MAX_LAYERS];
};

static const struct {
  const char *name;
  const struct decode_coding *coding; /* NULL: nothing to undo */
} CODINGS[] = {
  {"gzip", &decode_gzip}, {"x-gzip", &decode_gzip}, {"deflate", &decode_deflate},
  {"br", &decode_brotli}, {"zstd", &decode_zstd},   {"identity", NULL},
};

static bool is_space(char c)
{
  return c == ' ' || c == '\t';
}

/* `lower` is a NUL-terminated name in lower case. strncasecmp() would depend on the locale. */
static bool names_equal(const char *lower, const char *name, size_t len)
{
  size_t i = 0;
  for(; i < len && lower[i]; i++) {
    const char c = name[i];
    if((c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c) != lower[i])
      return false;
  }
  return i == len && !lower[i];
}

static int find_coding(const struct decode_coding **out, const char *name, size_t len)
{
  for(size_t i = 0; i < sizeof(CODINGS) / sizeof(CODINGS[0]); i++) {
    if(names_equal(CODINGS[i].name, name, len)) {
      *out = CODINGS[i].coding;
      return DECODE_OK;
    }
  }
  return DECODE_UNKNOWN;
}

/* Fill coding[] in the order of the list. Empty elements are skipped, RFC 9110 section 5.6.1.2. */
static int parse_list(const struct decode_coding **coding, size_t *depth, const char *list, size_t len)
{
  size_t at = 0;
  *depth = 0;
  while(at < len) {
    const struct decode_coding *found = NULL;
    const char *name = list + at;
    const char *comma = memchr(name, ',', len - at);
    size_t name_len = comma ? (size_t)(comma - name) : len - at;
    at += name_len + 1;
    while(name_len && is_space(*name)) {
      name++;
      name_len--;
    }
    while(name_len && is_space(name[name_len - 1]))
      name_len--;
    if(!name_len)
      continue;
    if(find_coding(&found, name, name_len))
      return DECODE_UNKNOWN;
    if(!found)
      continue;
    if(*depth == DECODE_MAX_LAYERS)
      return DECODE_TOO_DEEP;
    coding[(*depth)++] = found;
  }
  return DECODE_OK;
}

int decoder_new(struct decoder **out, const char *list, size_t len)
{
  const struct decode_coding *coding[DECODE_MAX_LAYERS];
  struct decoder *decoder = NULL;
  size_t depth = 0;
  int rc = parse_list(coding, &depth, list, len);
  if(rc)
    goto out;
  if(!depth) {
    *out = NULL;
    goto out;
  }
  rc = DECODE_NOMEM;
  decoder = calloc(1, sizeof(*decoder));
  if(!decoder)
    goto out;
  decoder->depth = depth;
  for(size_t i = 0; i < depth; i++) {
    struct layer *layer = &decoder->layer[i];
    layer->coding = coding[depth - 1 - i]; /* applied last, undone first */
    layer->state = layer->coding->open();
    if(!layer->state)
      goto out;
    if(i + 1 < depth) {
      layer->buffer = malloc(LAYER_BUFFER);
      if(!layer->buffer)
        goto out;
    }
  }
  *out = decoder;
  decoder = NULL;
  rc = DECODE_OK;
out:
  decoder_free(decoder);
  return rc;
}

void decoder_free(struct decoder *decoder)
{
  if(!decoder)
    return;
  for(size_t i = 0; i < decoder->depth; i++) {
    struct layer *layer = &decoder->layer[i];
    if(layer->state)
      layer->coding->close(layer->state);
    free(layer->buffer);
  }
  free(decoder);
}

/* Run one layer if it can do anything. *moved is set when bytes went in or came out. */
static int run_layer(struct layer *layer, struct decode_step *step, bool *moved)
{
  const size_t in_len = step->in_len;
  const size_t out_len = step->out_len;
  int rc = DECODE_OK;
  if(!in_len && !layer->full)
    return DECODE_OK;
  rc = layer->coding->run(layer->state, step);
  layer->full = !step->out_len;
  if(step->in_len != in_len || step->out_len != out_len)
    *moved = true;
  else if(!rc && in_len) {
    /* with input and room a coding must do something: else the caller would ask forever */
    step->why = "decoder made no progress";
    rc = DECODE_CORRUPT;
  }
  return rc;
}

/* Give every layer one turn, the first undone first. `io` is the caller's input and output. */
static int run_layers(struct decoder *decoder, struct decode_step *io, bool *moved)
{
  for(size_t i = 0; i < decoder->depth; i++) {
    struct layer *before = i ? &decoder->layer[i - 1] : NULL;
    struct layer *layer = &decoder->layer[i];
    struct decode_step step = *io;
    int rc;
    if(layer->ready_len)
      continue; /* the next layer has not emptied the buffer */
    if(before) {
      step.in = before->ready;
      step.in_len = before->ready_len;
    }
    if(layer->buffer) {
      step.out = layer->buffer;
      step.out_len = LAYER_BUFFER;
    }
    rc = run_layer(layer, &step, moved);
    if(before) {
      before->ready = step.in;
      before->ready_len = step.in_len;
    }
    else {
      io->in = step.in;
      io->in_len = step.in_len;
    }
    if(layer->buffer) {
      layer->ready = layer->buffer;
      layer->ready_len = LAYER_BUFFER - step.out_len;
      decoder->between += layer->ready_len;
    }
    else {
      io->out = step.out;
      io->out_len = step.out_len;
    }
    if(rc) {
      io->why = step.why;
      return rc;
    }
  }
  return DECODE_OK;
}

int decoder_run(struct decoder *decoder, const uint8_t **in, size_t *in_len, uint8_t *out, size_t cap, size_t *produced)
{
  struct decode_step io = {*in, *in_len, out, cap, "out of memory"};
  bool moved = true;
  if(decoder->rc)
    return decoder->rc;
  if(*in_len)
    decoder->fed = true;
  while(moved && io.out_len && !decoder->rc) {
    const uint8_t *from = io.in;
    moved = false;
    decoder->rc = run_layers(decoder, &io, &moved);
    decoder->taken += (uint64_t)(io.in - from);
    if(!decoder->rc && decoder->between > BETWEEN_FREE + BETWEEN_RATIO * decoder->taken) {
      /* what one layer makes of little, the next may swallow: no limit on the decoded size would ever see it */
      decoder->rc = DECODE_CORRUPT;
      io.why = "stacked codings expand beyond measure";
    }
  }
  decoder->why = io.why;
  *in = io.in;
  *in_len = io.in_len;
  *produced += cap - io.out_len;
  return decoder->rc;
}

/* The first layer that a body ending here would leave unfinished; NULL if none. */
static const struct layer *unfinished(const struct decoder *decoder)
{
  if(!decoder->fed)
    return NULL;
  for(size_t i = 0; i < decoder->depth; i++) {
    const struct layer *layer = &decoder->layer[i];
    if(!layer->coding->ended(layer->state))
      return layer;
    if(layer->ready_len)
      return layer + 1; /* the caller stopped while the output was full */
  }
  return NULL;
}

int decoder_end(const struct decoder *decoder)
{
  if(decoder->rc)
    return decoder->rc;
  return unfinished(decoder) ? DECODE_CORRUPT : DECODE_OK;
}

const char *decoder_why(const struct decoder *decoder)
{
  const struct layer *layer;
  if(decoder->rc)
    return decoder->why;
  layer = unfinished(decoder);
  return layer ? layer->coding->truncated : "";
}
