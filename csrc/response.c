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

static void field(struct response *response, const char *line, size_t len)
{
  const char *value = memchr(line, ':', len);
  size_t value_len;
  if(!value)
    return;
  value++;
  while(value < line + len && (*value == ' ' || *value == '\t'))
    value++;
  value_len = len - (size_t)(value - line);
  if(named(line, len, "content-length", 14))
    content_length(response, value, value_len);
  else if(named(line, len, "content-encoding", 16))
    content_encoding(response, value, value_len);
  else if(named(line, len, "content-range", 13))
    response->has_range = true;
  else if(named(line, len, "location", 8))
    response->has_location = value_len > 0;
  else if(named(line, len, "transfer-encoding", 17))
    response->chunked = true;
}

void response_line(struct response *response, const char *line, size_t len)
{
  while(len && (line[len - 1] == '\r' || line[len - 1] == '\n' || line[len - 1] == ' ' || line[len - 1] == '\t'))
    len--;
  if(!len) {
    response->ended = true;
    return;
  }
  switch(line[0]) { /* most lines are of no interest here */
  case 'H':
  case 'h':
    if(len > 5 && !strncasecmp(line, "HTTP/", 5))
      status_line(response, line, len);
    break;
  case 'C':
  case 'c':
  case 'L':
  case 'l':
  case 'T':
  case 't':
    field(response, line, len);
    break;
  default:
    break;
  }
}
