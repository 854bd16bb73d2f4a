/* exercise.c - runs transfers as its arguments say, on one easy handle: NAME=VALUE sets an option of libcurl by its
 * name, "--" starts the transfer. Prints a line for each: the body in hexadecimal, CURLcode, status, HTTP version,
 * content length. */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t print_hex(char *data, size_t size, size_t n, void *user)
{
  (void)user;
  for(size_t i = 0; i < size * n; i++)
    printf("%02x", (unsigned char)data[i]);
  return size * n;
}

static int set_option(CURL *easy, char *text)
{
  char *value = strchr(text, '=');
  if(!value)
    return 1;
  *value++ = 0;
  const struct curl_easyoption *option = curl_easy_option_by_name(text);
  if(!option)
    return 1;
  switch(option->type) {
  case CURLOT_LONG:
  case CURLOT_VALUES:
    return (int)curl_easy_setopt(easy, option->id, strtol(value, NULL, 10));
  case CURLOT_STRING:
    return (int)curl_easy_setopt(easy, option->id, value);
  default:
    return 1;
  }
}

int main(int argc, char **argv)
{
  if(curl_global_init(CURL_GLOBAL_DEFAULT))
    return 1;
  CURL *easy = curl_easy_init();
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, print_hex);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT, 20L);
  for(int i = 1; i < argc; i++) {
    if(strcmp(argv[i], "--")) {
      if(set_option(easy, argv[i])) {
        fprintf(stderr, "cannot set %s\n", argv[i]);
        return 1;
      }
      continue;
    }
    long status = 0, version = 0;
    curl_off_t length = 0;
    CURLcode code = curl_easy_perform(easy);
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &version);
    curl_easy_getinfo(easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    printf(" %d %ld %ld %lld\n", (int)code, status, version, (long long)length);
    fflush(stdout);
  }
  curl_easy_cleanup(easy);
  curl_global_cleanup();
  return 0;
}
