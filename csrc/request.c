/* request.c - checks and copies what the caller gives. Nothing that could smuggle a second line into a request
 * (CR, LF, NUL, other control characters) passes here, whatever the layer above has checked. */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool printable(const uint8_t *text, size_t len)
{
  for(size_t i = 0; i < len; i++)
    if(text[i] <= 0x20 || text[i] >= 0x7f)
      return false;
  return true;
}

/* RFC 9110 section 5.6.2 */
static bool token(const uint8_t *text, size_t len)
{
  for(size_t i = 0; i < len; i++)
    if(text[i] <= 0x20 || text[i] >= 0x7f || strchr("\"(),/:;<=>?@[\\]{}", text[i]))
      return false;
  return len > 0;
}

/* What may follow the name of a header field. */
static bool field_value(const uint8_t *text, size_t len)
{
  for(size_t i = 0; i < len; i++)
    if((text[i] < 0x20 && text[i] != '\t') || text[i] == 0x7f)
      return false;
  return true;
}

/* Lines "Name: value" or "Name;" (no value) or "Name:" (libcurl's own is left out), each ended by LF. */
static bool header_lines(const uint8_t *text, size_t len)
{
  size_t at = 0;
  while(at < len) {
    const uint8_t *line = text + at;
    const uint8_t *end = memchr(line, '\n', len - at);
    size_t name = 0, line_len;
    if(!end)
      return false;
    line_len = (size_t)(end - line);
    while(name < line_len && line[name] != ':' && line[name] != ';')
      name++;
    if(name == line_len || !token(line, name))
      return false;
    if(!field_value(line + name, line_len - name))
      return false;
    at += line_len + 1;
  }
  return true;
}

static bool reserve_copy(struct transfer *t, size_t len)
{
  char *grown;
  if(len <= t->text_cap)
    return true;
  grown = malloc(len);
  if(!grown)
    return false;
  free(t->text);
  t->text = grown;
  t->text_cap = len;
  return true;
}

/* Whether the URL needs nothing but to be sent: http or https, a host, no credentials, printable ASCII. */
static bool plain_url(const uint8_t *url, size_t len)
{
  size_t at = len > 8 && !strncasecmp((const char *)url, "https://", 8)  ? 8
              : len > 7 && !strncasecmp((const char *)url, "http://", 7) ? 7
                                                                         : 0;
  size_t host = at;
  if(!at)
    return false;
  while(at < len && url[at] != '/' && url[at] != '?' && url[at] != '#') {
    if(url[at] == '@' || url[at] == '\\')
      return false;
    at++;
  }
  return at > host && url[host] != ':' && printable(url, len);
}

int request_plain(struct transfer *t, uint64_t id, const uint8_t *line, size_t len)
{
  const uint8_t *tab = memchr(line, '\t', len);
  size_t url_len = tab ? (size_t)(tab - line) : len;
  if(!plain_url(line, url_len) || (tab && !field_value(tab + 1, len - url_len - 1)))
    return PNET_INVALID;
  if(!reserve_copy(t, len + 1))
    return PNET_NOMEM;
  memcpy(t->text, line, len);
  t->text[url_len] = 0;
  t->text[len] = 0;
  t->url = t->text;
  t->cookie = tab ? t->text + url_len + 1 : NULL;
  t->req.id = id;
  t->req.flags = PNET_REQ_RETURN_HOPS;
  return PNET_OK;
}

/* Whether a body that is not in the text can be counted, also where its last byte stands. */
static bool countable(const struct pnet_request *request)
{
  if(request->flags & PNET_REQ_UPLOAD)
    return request->body_len <= INT64_MAX || request->body_len == PNET_LENGTH_UNKNOWN;
  return !(request->flags & PNET_REQ_BODY_FD) ||
         (request->body_off <= INT64_MAX && request->body_len <= INT64_MAX - request->body_off);
}

struct piece {
  uint64_t off, len;
  const char **to;
};

int request_copy(struct transfer *t, const struct pnet_request *request, const uint8_t *text, size_t text_len)
{
  bool inline_body = !(request->flags & (PNET_REQ_UPLOAD | PNET_REQ_BODY_FD));
  struct piece pieces[] = {
    {request->url_off, request->url_len, &t->url},
    {request->method_off, request->method_len, &t->method},
    {request->headers_off, request->headers_len, &t->headers},
    {request->path_off, request->path_len, &t->path},
    {request->body_path_off, request->body_path_len, &t->body_path},
    {request->proxy_off, request->proxy_len, &t->proxy},
    {request->user_off, request->user_len, &t->user},
    {request->password_off, request->password_len, &t->password},
    {request->extra_off, request->extra_len, &t->extra_text},
    {request->cookie_off, request->cookie_len, &t->cookie},
    {request->body_off, inline_body ? request->body_len : 0, (const char **)&t->body},
  };
  const size_t n = sizeof(pieces) / sizeof(pieces[0]);
  size_t total = 0, at = 0;

  for(size_t i = 0; i < n; i++) {
    *pieces[i].to = NULL;
    if(!pieces[i].len)
      continue;
    if(pieces[i].off > text_len || pieces[i].len > text_len - pieces[i].off)
      return PNET_INVALID;
    total += pieces[i].len + 1;
    /* all but headers and body are C strings */
    if(pieces[i].to != &t->headers && pieces[i].to != (const char **)&t->body &&
       memchr(text + pieces[i].off, 0, pieces[i].len))
      return PNET_INVALID;
  }
  if(!countable(request) || !request->url_len || !printable(text + request->url_off, request->url_len) ||
     (request->method_len && !token(text + request->method_off, request->method_len)) ||
     (request->headers_len && !header_lines(text + request->headers_off, request->headers_len)) ||
     (request->cookie_len && !field_value(text + request->cookie_off, request->cookie_len)) ||
     (request->proxy_len && !printable(text + request->proxy_off, request->proxy_len)))
    return PNET_INVALID;

  if(!reserve_copy(t, total))
    return PNET_NOMEM;
  for(size_t i = 0; i < n; i++) {
    if(!pieces[i].len)
      continue;
    memcpy(t->text + at, text + pieces[i].off, pieces[i].len);
    t->text[at + pieces[i].len] = 0;
    *pieces[i].to = t->text + at;
    at += pieces[i].len + 1;
  }
  t->req = *request;
  if(t->extra_text && extra_parse(&t->extra, (char *)t->extra_text))
    return PNET_INVALID;
  if(t->extra.current_user) {
    t->user = "";
    if(!t->extra.auth)
      t->extra.auth = CURLAUTH_NEGOTIATE; /* the others would send an empty name */
  }
  if(request->flags & PNET_REQ_BODY_FD) {
    t->body_fd = fcntl(request->body_fd, F_DUPFD_CLOEXEC, 0);
    if(t->body_fd < 0)
      return errno == EBADF ? PNET_INVALID : PNET_SYSTEM;
  }
  return PNET_OK;
}
