/* response.c - what header lines say about the body (RFC 9110, RFC 9112 section 6). Pure: no I/O, no state but
 * the facts collected so far. */
#include "internal.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static bool named(const char *line, size_t len, const char *name, size_t name_len)
{
  return len > name_len && line[name_len] == ':' && !strncasecmp(line, name, name_len);
}

static bool digit(const char *line, size_t len, size_t at)
{
  return at < len && line[at] >= '0' && line[at] <= '9';
}

/* "HTTP/1.1 200 ..." or, as libcurl writes it for later versions, "HTTP/2 200" (RFC 9112 section 4). */
static void status_line(struct response *response, const char *line, size_t len)
{
  size_t at = 5;
  memset(response, 0, sizeof(*response));
  response->content_length = -1;
  response->malformed = true;
  if(!digit(line, len, at))
    return;
  response->http_version = (line[at++] - '0') * 10;
  if(at < len && line[at] == '.' && digit(line, len, at + 1)) {
    response->http_version += line[at + 1] - '0';
    at += 2;
  }
  response->closes = response->http_version < 11;
  if(at >= len || line[at] != ' ')
    return;
  while(at < len && line[at] == ' ')
    at++;
  if(!digit(line, len, at) || !digit(line, len, at + 1) || !digit(line, len, at + 2) || digit(line, len, at + 3))
    return;
  response->status = (line[at] - '0') * 100 + (line[at + 1] - '0') * 10 + (line[at + 2] - '0');
  response->malformed = response->status < 100 || (at + 3 < len && line[at + 3] != ' ');
}

/* One or more decimal numbers separated by commas, all the same (RFC 9110 section 8.6). */
static void content_length(struct response *response, const char *value, size_t len)
{
  size_t i = 0;
  do {
    int64_t number = 0;
    size_t digits = 0;
    while(i < len && (value[i] == ' ' || value[i] == '\t'))
      i++;
    for(; i < len && value[i] >= '0' && value[i] <= '9'; i++, digits++) {
      if(number > (INT64_MAX - (value[i] - '0')) / 10)
        response->bad_length = true;
      else
        number = number * 10 + (value[i] - '0');
    }
    while(i < len && (value[i] == ' ' || value[i] == '\t'))
      i++;
    if(!digits || (i < len && value[i] != ',') || (response->content_length >= 0 && response->content_length != number))
      response->bad_length = true;
    response->content_length = number;
  } while(!response->bad_length && i < len && value[i++] == ',');
}

static void content_encoding(struct response *response, const char *value, size_t len)
{
  size_t used = response->coding_len;
  if(used + len + 1 > sizeof(response->coding)) {
    response->coding_overflow = true;
    return;
  }
  if(used)
    response->coding[used++] = ',';
  memcpy(response->coding + used, value, len);
  response->coding_len = (uint16_t)(used + len);
}

/* No transfer coding but chunked was asked for (RFC 9112 section 7): another one cannot be undone. */
static void transfer_encoding(struct response *response, const char *value, size_t len)
{
  if(response->chunked || len != 7 || strncasecmp(value, "chunked", 7))
    response->bad_transfer = true;
  response->chunked = true;
}

/* Whether a directive is among those of Cache-Control (RFC 9111 section 5.2). */
static bool has_directive(const char *value, size_t len, const char *name)
{
  size_t name_len = strlen(name), at = 0, end;
  for(; at < len; at = end + 1) {
    while(at < len && (value[at] == ' ' || value[at] == '\t'))
      at++;
    for(end = at; end < len && value[end] != ',';)
      end++;
    if(end - at >= name_len && !strncasecmp(value + at, name, name_len) &&
       (end - at == name_len || strchr(" \t=", value[at + name_len])))
      return true;
  }
  return false;
}

/* Not of another scheme than http or https (RFC 3986 section 3.1). */
static bool may_be_followed(const char *value, size_t len)
{
  size_t at = 0;
  while(at < len && (isalnum((unsigned char)value[at]) || strchr("+-.", value[at])))
    at++;
  if(!at || at == len || value[at] != ':' || !isalpha((unsigned char)value[0]))
    return true; /* relative */
  return (at == 4 && !strncasecmp(value, "http", 4)) || (at == 5 && !strncasecmp(value, "https", 5));
}

static enum field field_of(const char *line, size_t len)
{
  if(named(line, len, "cache-control", 13))
    return FIELD_CACHE;
  if(named(line, len, "connection", 10))
    return FIELD_CONNECTION;
  if(named(line, len, "content-range", 13))
    return FIELD_RANGE;
  if(named(line, len, "content-length", 14))
    return FIELD_LENGTH;
  if(named(line, len, "content-encoding", 16))
    return FIELD_CODING;
  if(named(line, len, "location", 8))
    return FIELD_LOCATION;
  if(named(line, len, "transfer-encoding", 17))
    return FIELD_TRANSFER;
  if(named(line, len, "set-cookie", 10))
    return FIELD_COOKIE;
  return FIELD_OTHER;
}

static void take_value(struct response *response, const char *value, size_t len)
{
  while(len && (*value == ' ' || *value == '\t')) {
    value++;
    len--;
  }
  if(!len)
    return; /* said on the next line (obs-fold), or not at all */
  switch(response->field) {
  case FIELD_LENGTH:
    content_length(response, value, len);
    break;
  case FIELD_CODING:
    content_encoding(response, value, len);
    break;
  case FIELD_LOCATION:
    response->has_location = response->has_location || may_be_followed(value, len);
    break;
  case FIELD_TRANSFER:
    transfer_encoding(response, value, len);
    break;
  case FIELD_COOKIE:
    response->sets_cookies = true;
    break;
  case FIELD_CACHE:
    response->no_transform = response->no_transform || has_directive(value, len, "no-transform");
    break;
  case FIELD_RANGE:
    response->has_range = true;
    break;
  case FIELD_CONNECTION:
    response->closes =
      has_directive(value, len, "close") || (response->closes && !has_directive(value, len, "keep-alive"));
    break;
  default:
    break;
  }
}

/* libcurl may frame the body by something else than what the field says. */
static void unclear_framing(struct response *response, enum field field)
{
  response->bad_length = response->bad_length || field == FIELD_LENGTH;
  response->bad_transfer = response->bad_transfer || field == FIELD_TRANSFER;
}

/* White space before the colon (RFC 9112 section 5.1): libcurl takes it for another field. */
static void loose_name(struct response *response, const char *line, size_t len)
{
  size_t bare = len;
  while(bare && (line[bare - 1] == ' ' || line[bare - 1] == '\t'))
    bare--;
  if(bare == 14 && !strncasecmp(line, "content-length", 14))
    unclear_framing(response, FIELD_LENGTH);
  if(bare == 17 && !strncasecmp(line, "transfer-encoding", 17))
    unclear_framing(response, FIELD_TRANSFER);
}

/* A single coding of those that files undo, of a whole body that may be changed. */
bool response_plainly_coded(const struct response *response)
{
  static const char *const codings[] = {"gzip", "x-gzip", "deflate"};
  size_t i;
  if(response->coding_overflow || response->has_range || response->no_transform)
    return false;
  for(i = 0; i < sizeof(codings) / sizeof(codings[0]); i++)
    if(response->coding_len == strlen(codings[i]) && !strncasecmp(response->coding, codings[i], response->coding_len))
      return true;
  return false;
}

void response_line(struct response *response, const char *line, size_t len)
{
  const char *colon;
  while(len && (line[len - 1] == '\r' || line[len - 1] == '\n' || line[len - 1] == ' ' || line[len - 1] == '\t'))
    len--;
  if(!len) {
    response->ended = true;
    return;
  }
  if(len > 5 && !memcmp(line, "HTTP/", 5)) {
    status_line(response, line, len);
    return;
  }
  if(line[0] == ' ' || line[0] == '\t') {       /* obs-fold (RFC 9112 section 5.2) */
    unclear_framing(response, response->field); /* libcurl has not seen it */
    take_value(response, line, len);
    return;
  }
  colon = memchr(line, ':', len);
  if(!colon || colon == line)
    response->malformed = true;
  response->field = FIELD_OTHER;
  if(!colon || !strchr("CcLlTtSs", line[0]))
    return; /* most lines are of no interest here */
  if(colon > line && (colon[-1] == ' ' || colon[-1] == '\t'))
    loose_name(response, line, (size_t)(colon - line));
  response->field = field_of(line, len);
  if(response->field != FIELD_OTHER)
    take_value(response, colon + 1, len - (size_t)(colon + 1 - line));
}
