/* chunks.c - the chunked transfer coding taken apart (RFC 9112 section 7.1). Pure.
 *
 * libcurl's own decoder takes anything behind the digits of a size for an extension, has no bound for extensions, and
 * (before 8) takes the CR of the last line for its end. So it only finds where the body ends, and what is in between
 * comes here. */
#include "internal.h"

#define DIGITS 16 /* of a size: what libcurl accepts */

static int hex(uint8_t byte)
{
  if(byte >= '0' && byte <= '9')
    return byte - '0';
  byte |= 0x20;
  return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* Of a size line: a size, perhaps white space, perhaps extensions. */
static bool size_byte(struct chunks *c, uint8_t byte)
{
  int digit = hex(byte);
  if(c->state == CHUNKS_SIZE && digit >= 0) {
    c->left = c->left << 4 | (uint64_t)digit;
    return ++c->digits <= DIGITS && c->left <= INT64_MAX;
  }
  if(!c->digits)
    return false;
  if(c->state != CHUNKS_EXTENSION && byte != ' ' && byte != '\t' && byte != ';')
    return false;
  c->state = c->state == CHUNKS_EXTENSION || byte == ';' ? CHUNKS_EXTENSION : CHUNKS_SPACE;
  return byte != 0;
}

/* Of a trailer field: a name, a colon, anything; or, in a line that begins with white space, anything. */
static bool trailer_byte(struct chunks *c, uint8_t byte)
{
  bool first = !c->digits++;
  if(c->state == CHUNKS_TRAILER && byte == ':') {
    c->state = CHUNKS_VALUE;
    return !first;
  }
  if(first && (byte == ' ' || byte == '\t')) {
    c->state = CHUNKS_VALUE;
    return c->folds;
  }
  return byte != 0;
}

/* The line in hand has ended. */
static bool next_line(struct chunks *c)
{
  bool empty = !c->digits;
  switch(c->state) {
  case CHUNKS_AFTER:
    c->state = CHUNKS_SIZE;
    c->left = 0;
    break;
  case CHUNKS_SIZE:
  case CHUNKS_SPACE:
  case CHUNKS_EXTENSION:
    if(empty)
      return false;
    c->state = c->left ? CHUNKS_DATA : CHUNKS_TRAILER;
    c->extra = c->left ? c->extra : 0;
    break;
  case CHUNKS_TRAILER:
    if(!empty)
      return false; /* no colon */
    c->state = CHUNKS_END;
    break;
  default:
    c->state = CHUNKS_TRAILER;
    c->folds = true;
  }
  c->digits = 0;
  return true;
}

static bool line_byte(struct chunks *c, uint8_t byte)
{
  if(byte == '\n') {
    c->cr = false;
    return next_line(c);
  }
  if(c->cr)
    return false; /* a bare CR (RFC 9112 section 2.2) */
  if(byte == '\r') {
    c->cr = true;
    return true;
  }
  if(c->state == CHUNKS_AFTER)
    return false;
  return c->state == CHUNKS_TRAILER || c->state == CHUNKS_VALUE ? trailer_byte(c, byte) : size_byte(c, byte);
}

bool chunks_run(struct chunks *c, const uint8_t **in, size_t *in_len, const uint8_t **data, size_t *data_len)
{
  *data_len = 0;
  while(*in_len && c->state != CHUNKS_END) {
    if(c->state == CHUNKS_DATA) {
      size_t n = c->left < *in_len ? (size_t)c->left : *in_len;
      *data = *in;
      *data_len = n;
      *in += n;
      *in_len -= n;
      c->left -= n;
      if(!c->left)
        c->state = CHUNKS_AFTER;
      return true;
    }
    c->extra += c->state != CHUNKS_SIZE && c->state != CHUNKS_AFTER;
    if(!line_byte(c, **in))
      return false;
    ++*in;
    --*in_len;
  }
  return true;
}
