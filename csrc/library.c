/* library.c - what the core is linked with. */
#include "internal.h"

#include <brotli/decode.h>
#include <stdio.h>
#include <zlib.h>
#include <zstd.h>

struct feature {
  int bit;
  const char *name;
};

static const struct feature features[] = {
  {CURL_VERSION_HTTP2, "HTTP2"},
  {CURL_VERSION_HTTP3, "HTTP3"},
  {CURL_VERSION_SSL, "SSL"},
  {CURL_VERSION_IPV6, "IPv6"},
  {CURL_VERSION_ASYNCHDNS, "AsynchDNS"},
  {CURL_VERSION_NTLM, "NTLM"},
  {CURL_VERSION_SPNEGO, "SPNEGO"},
  {CURL_VERSION_GSSAPI, "GSS-API"},
  {CURL_VERSION_HTTPS_PROXY, "HTTPS-proxy"},
  {CURL_VERSION_HSTS, "HSTS"},
  {CURL_VERSION_ALTSVC, "alt-svc"},
  {CURL_VERSION_THREADSAFE, "threadsafe"},
  {CURL_VERSION_LARGEFILE, "Largefile"},
};

int pnet_library(size_t index, const char **name, const char **value)
{
  const curl_version_info_data *curl = curl_version_info(CURLVERSION_NOW);
  const char *const libraries[][2] = {
    {"libcurl", curl->version}, {"ssl", curl->ssl_version},     {"nghttp2", curl->nghttp2_version},
    {"zlib", zlibVersion()},    {"zstd", ZSTD_versionString()},
  };
  const size_t n = sizeof(libraries) / sizeof(libraries[0]);
  if(index < n) {
    *name = libraries[index][0];
    *value = libraries[index][1];
    return 1;
  }
  index -= n;
  if(!index) {
    static _Thread_local char brotli[16];
    uint32_t version = BrotliDecoderVersion();
    snprintf(brotli, sizeof(brotli), "%u.%u.%u", version >> 24, version >> 12 & 0xfff, version & 0xfff);
    *name = "brotli";
    *value = brotli;
    return 1;
  }
  index--;
  for(size_t i = 0; i < sizeof(features) / sizeof(features[0]); i++) {
    if(curl->features & features[i].bit && !index--) {
      *name = "feature";
      *value = features[i].name;
      return 1;
    }
  }
  for(size_t i = 0; curl->protocols[i]; i++) {
    if(!index--) {
      *name = "protocol";
      *value = curl->protocols[i];
      return 1;
    }
  }
  return 0;
}
