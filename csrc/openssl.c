/* openssl.c - what is asked of OpenSSL itself, where libcurl uses it: to forgive single faults of a certificate, and to
 * tell of a connection.
 *
 * The functions are declared here and weak: libcurl brings the library, or has another. Whether what the linker found is
 * the OpenSSL that libcurl uses, its version tells. */
#include "internal.h"

#include <string.h>

struct stack_st;
struct ssl_cipher_st;
struct x509_store_ctx_st;
typedef int verify_callback(int ok, struct x509_store_ctx_st *store);

#if defined(__ELF__)
#define FOUND_LATER __attribute__((weak))

const char *OpenSSL_version(int what) FOUND_LATER;
void SSL_CTX_set_verify(struct ssl_ctx_st *context, int mode, verify_callback *callback) FOUND_LATER;
int X509_STORE_CTX_get_error(const struct x509_store_ctx_st *store) FOUND_LATER;
void X509_STORE_CTX_set_error(struct x509_store_ctx_st *store, int error) FOUND_LATER;
struct stack_st *SSL_get_peer_cert_chain(const struct ssl_st *ssl) FOUND_LATER;
struct x509_st *SSL_get1_peer_certificate(const struct ssl_st *ssl) FOUND_LATER; /* from OpenSSL 3 on */
struct x509_st *SSL_get_peer_certificate(const struct ssl_st *ssl) FOUND_LATER;  /* before */
int OPENSSL_sk_num(const struct stack_st *stack) FOUND_LATER;
void *OPENSSL_sk_value(const struct stack_st *stack, int index) FOUND_LATER;
int X509_up_ref(struct x509_st *certificate) FOUND_LATER;
void X509_free(struct x509_st *certificate) FOUND_LATER;
int i2d_X509(const struct x509_st *certificate, unsigned char **out) FOUND_LATER;
const struct ssl_cipher_st *SSL_get_current_cipher(const struct ssl_st *ssl) FOUND_LATER;
int SSL_CIPHER_get_bits(const struct ssl_cipher_st *cipher, int *algorithm_bits) FOUND_LATER;
const char *SSL_CIPHER_get_name(const struct ssl_cipher_st *cipher) FOUND_LATER;
const char *SSL_get_version(const struct ssl_st *ssl) FOUND_LATER;

/* x509_vfy.h, ssl.h: numbers that are part of the binary interface */
enum {
  V_OK = 0,
  V_UNABLE_TO_GET_ISSUER_CERT = 2,
  V_CERT_NOT_YET_VALID = 9,
  V_CERT_HAS_EXPIRED = 10,
  V_DEPTH_ZERO_SELF_SIGNED_CERT = 18,
  V_SELF_SIGNED_CERT_IN_CHAIN = 19,
  V_UNABLE_TO_GET_ISSUER_CERT_LOCALLY = 20,
  V_UNABLE_TO_VERIFY_LEAF_SIGNATURE = 21,
  V_INVALID_PURPOSE = 26,
  V_CERT_UNTRUSTED = 27,
  VERIFY_PEER = 1
};

static bool all_found(void)
{
  return OpenSSL_version && SSL_CTX_set_verify && X509_STORE_CTX_get_error && X509_STORE_CTX_set_error &&
         SSL_get_peer_cert_chain && OPENSSL_sk_num && OPENSSL_sk_value && X509_up_ref && X509_free && i2d_X509 &&
         SSL_get_current_cipher && SSL_CIPHER_get_bits && SSL_CIPHER_get_name && SSL_get_version;
}

/* "OpenSSL 3.0.1 14 Dec 2021" and the "OpenSSL/3.0.1" of libcurl, perhaps among those it does not use, in brackets. */
static bool same_version(void)
{
  const char *here = OpenSSL_version(0), *used = curl_version_info(CURLVERSION_NOW)->ssl_version;
  const char *at = used ? strstr(used, "OpenSSL/") : NULL;
  size_t len;
  if(!at || (at > used && at[-1] == '(') || strncmp(here, "OpenSSL ", 8))
    return false;
  len = strcspn(here + 8, " ");
  return strcspn(at + 8, " +)") == len && !memcmp(at + 8, here + 8, len);
}

static bool usable(void)
{
  static _Atomic int known; /* 1 = it is, 2 = it is not; the answer never changes */
  int answer = known;
  if(!answer)
    known = answer = all_found() && same_version() ? 1 : 2;
  return answer == 1;
}

bool openssl_of(CURL *easy, struct ssl_st **ssl)
{
  struct curl_tlssessioninfo *info = NULL;
  *ssl = NULL;
  if(!usable() || curl_easy_getinfo(easy, CURLINFO_TLS_SSL_PTR, &info) || !info ||
     info->backend != CURLSSLBACKEND_OPENSSL)
    return false;
  *ssl = info->internals;
  return true;
}

/* Which flag forgives a fault; 0: none does. A certificate that the store rejects outright (28) is never forgiven. */
static uint32_t forgiven_by(int error)
{
  switch(error) {
  case V_CERT_NOT_YET_VALID:
  case V_CERT_HAS_EXPIRED:
    return PNET_REQ_IGNORE_DATE;
  case V_UNABLE_TO_GET_ISSUER_CERT:
  case V_DEPTH_ZERO_SELF_SIGNED_CERT:
  case V_SELF_SIGNED_CERT_IN_CHAIN:
  case V_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
  case V_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
  case V_CERT_UNTRUSTED:
    return PNET_REQ_IGNORE_CA;
  case V_INVALID_PURPOSE:
    return PNET_REQ_IGNORE_USAGE;
  default:
    return 0;
  }
}

static int judge(int ok, struct x509_store_ctx_st *store, uint32_t flags)
{
  if(ok || !(forgiven_by(X509_STORE_CTX_get_error(store)) & flags))
    return ok;
  X509_STORE_CTX_set_error(store, V_OK); /* or libcurl would refuse the certificate for it */
  return 1;
}

/* A callback for each set of flags, as it gets nothing else to know them by. */
#define VERIFY(name, flags)                                \
  static int name(int ok, struct x509_store_ctx_st *store) \
  {                                                        \
    return judge(ok, store, flags);                        \
  }
#define DATE PNET_REQ_IGNORE_DATE
#define CA PNET_REQ_IGNORE_CA
#define USAGE PNET_REQ_IGNORE_USAGE
VERIFY(verify_date, DATE)
VERIFY(verify_ca, CA)
VERIFY(verify_date_ca, DATE | CA)
VERIFY(verify_usage, USAGE)
VERIFY(verify_date_usage, DATE | USAGE)
VERIFY(verify_ca_usage, CA | USAGE)
VERIFY(verify_all, DATE | CA | USAGE)

bool openssl_forgive(struct ssl_ctx_st *context, uint32_t flags)
{
  verify_callback *const callbacks[] = {NULL,         verify_date,       verify_ca,       verify_date_ca,
                                        verify_usage, verify_date_usage, verify_ca_usage, verify_all};
  verify_callback *callback = callbacks[(flags & DATE ? 1 : 0) | (flags & CA ? 2 : 0) | (flags & USAGE ? 4 : 0)];
  if(!usable() || !callback)
    return false;
  SSL_CTX_set_verify(context, VERIFY_PEER, callback);
  return true;
}

/* A session that was taken up again in a form libcurl kept has the server's own certificate, and no others. */
static struct x509_st *own_certificate(const struct ssl_st *ssl)
{
  return SSL_get1_peer_certificate  ? SSL_get1_peer_certificate(ssl)
         : SSL_get_peer_certificate ? SSL_get_peer_certificate(ssl)
                                    : NULL;
}

/* The server's certificates, each with a reference that is the caller's. */
static size_t certificates(const struct ssl_st *ssl, struct x509_st **out)
{
  const struct stack_st *chain = SSL_get_peer_cert_chain(ssl);
  const int found = chain ? OPENSSL_sk_num(chain) : 0;
  size_t n = 0;
  for(int i = 0; i < found && n < PEER_CERTS; i++) {
    out[n] = OPENSSL_sk_value(chain, i);
    if(!X509_up_ref(out[n]))
      break;
    n++;
  }
  if(!n) {
    out[0] = own_certificate(ssl);
    n = out[0] != NULL;
  }
  return n;
}

void openssl_peer(struct ssl_st *ssl, struct peer *peer)
{
  const struct ssl_cipher_st *cipher = ssl ? SSL_get_current_cipher(ssl) : NULL;
  peer->protocol = ssl ? SSL_get_version(ssl) : NULL;
  peer->cipher = cipher ? SSL_CIPHER_get_name(cipher) : NULL;
  peer->facts.cipher_bits = cipher ? (uint32_t)SSL_CIPHER_get_bits(cipher, NULL) : 0;
  while(peer->n_certs)
    X509_free(peer->certs[--peer->n_certs]);
  peer->n_certs = ssl ? certificates(ssl, peer->certs) : 0;
}

size_t openssl_encode(const struct peer *peer, uint8_t *out, size_t cap)
{
  size_t total = 0;
  for(size_t i = 0; i < peer->n_certs; i++) {
    int len = i2d_X509(peer->certs[i], NULL);
    total += len > 0 ? (size_t)len : 0;
  }
  if(total <= cap)
    for(size_t i = 0; i < peer->n_certs; i++)
      i2d_X509(peer->certs[i], &out);
  return total;
}

#else

bool openssl_of(CURL *easy, struct ssl_st **ssl)
{
  (void)easy;
  *ssl = NULL;
  return false;
}

bool openssl_forgive(struct ssl_ctx_st *context, uint32_t flags)
{
  (void)context;
  (void)flags;
  return false;
}

void openssl_peer(struct ssl_st *ssl, struct peer *peer)
{
  (void)ssl;
  (void)peer;
}

size_t openssl_encode(const struct peer *peer, uint8_t *out, size_t cap)
{
  (void)peer;
  (void)out;
  (void)cap;
  return 0;
}

#endif
