/* extra.c - the text field of a request that few need: pnet_request.extra. */
#include "internal.h"

#include <string.h>

struct scheme {
  const char *name;
  unsigned long bit;
};

static const struct scheme schemes[] = {
  {"basic", CURLAUTH_BASIC},
  {"digest", CURLAUTH_DIGEST},
  {"ntlm", CURLAUTH_NTLM},
  {"negotiate", CURLAUTH_NEGOTIATE},
};

static unsigned long scheme_bit(const char *name, size_t len)
{
  for(size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
    if(strlen(schemes[i].name) == len && !memcmp(schemes[i].name, name, len))
      return schemes[i].bit;
  return 0;
}

/* Names between commas; 0: there is none, or one that is not known. */
static unsigned long scheme_bits(const char *list)
{
  unsigned long bits = 0;
  for(;;) {
    size_t len = strcspn(list, ",");
    unsigned long bit = scheme_bit(list, len);
    if(!bit)
      return 0;
    bits |= bit;
    if(!list[len])
      return bits;
    list += len + 1;
  }
}

static bool has_control(const char *text)
{
  for(; *text; text++)
    if((unsigned char)*text < 0x20 || *text == 0x7f)
      return true;
  return false;
}

static bool printable(const char *text)
{
  for(; *text; text++)
    if((unsigned char)*text <= 0x20 || (unsigned char)*text >= 0x7f)
      return false;
  return true;
}

static bool take(struct extra *extra, const char *name, const char *value)
{
  if(has_control(value))
    return false;
  if(!strcmp(name, "auth"))
    return (extra->auth = scheme_bits(value)) != 0;
  if(!strcmp(name, "proxy-auth"))
    return (extra->proxy_auth = scheme_bits(value)) != 0;
  if(!strcmp(name, "key-password"))
    extra->key_password = value;
  else if(!strcmp(name, "proxy-user"))
    extra->proxy_user = value;
  else if(!strcmp(name, "proxy-password"))
    extra->proxy_password = value;
  else if(!strcmp(name, "cert") && *value)
    extra->cert = value;
  else if(!strcmp(name, "key") && *value)
    extra->key = value;
  else if(!strcmp(name, "user") && !*value)
    extra->current_user = true;
  else if(!strcmp(name, "target") && *value && printable(value))
    extra->target = value;
  else
    return false;
  return true;
}

int extra_parse(struct extra *extra, char *lines)
{
  char *end, *value;
  memset(extra, 0, sizeof(*extra));
  for(; *lines; lines = end + 1) {
    end = strchr(lines, '\n');
    value = strchr(lines, ' ');
    if(!end || !value || value > end)
      return PNET_INVALID;
    *end = *value = 0;
    if(!take(extra, lines, value + 1))
      return PNET_INVALID;
  }
  return extra->key && !extra->cert ? PNET_INVALID : PNET_OK;
}
