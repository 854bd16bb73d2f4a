/* response.c - what header lines say about the body (RFC 9110, RFC 9112 section 6). Pure: no I/O, no state but
 * the facts collected so far. */
#include "internal.h"

#include <string.h>
#include <strings.h>

static bool named(const char *line, size_t len, const char *name, size_t name_len)
{
  return len > name_len && line[name_len] == ':' && !strncasecmp(line, name, name_len);
}

static void status_line(struct response *response, const char *line, size_t len)
{
  size_t i = 5;
  memset(response, 0, sizeof(*response));
  response->content_length = -1;
  if(i < len && line[i] >= '0' && line[i] <= '9') {
    response->http_version = (line[i++] - '0') * 10;
    if(i + 1 < len && line[i] == '.' && line[i + 1] >= '0' && line[i + 1] <= '9')
      response->http_version += line[i + 1] - '0';
  }
  while(i < len && line[i] != ' ')
    i++;
  while(i < len && line[i] == ' ')
    i++;
  for(; i < len && line[i] >= '0' && line[i] <= '9' && response->status < 1000; i++)
    response->status = response->status * 10 + (line[i] - '0');
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

void response_line(struct response *response, const char *line, size_t len)
{
  const char *value;
  while(len && (line[len - 1] == '\r' || line[len - 1] == '\n' || line[len - 1] == ' ' || line[len - 1] == '\t'))
    len--;
  if(!len) {
    response->ended = true;
    return;
  }
  if(len > 5 && !strncasecmp(line, "HTTP/", 5)) {
    status_line(response, line, len);
    return;
  }
  value = memchr(line, ':', len);
  if(!value)
    return;
  value++;
  while(value < line + len && (*value == ' ' || *value == '\t'))
    value++;
  len -= (size_t)(value - line);
  switch(line[0] | 0x20) {
  case 'c':
    if(named(line, len + (size_t)(value - line), "content-length", 14))
      content_length(response, value, len);
    else if(named(line, len + (size_t)(value - line), "content-encoding", 16))
      content_encoding(response, value, len);
    else if(named(line, len + (size_t)(value - line), "content-range", 13))
      response->has_range = true;
    break;
  case 'l':
    if(named(line, len + (size_t)(value - line), "location", 8))
      response->has_location = len > 0;
    break;
  case 't':
    if(named(line, len + (size_t)(value - line), "transfer-encoding", 17))
      response->chunked = true;
    break;
  default:
    break;
  }
}
