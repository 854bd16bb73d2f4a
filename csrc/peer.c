/* peer.c - the connection that an answer came on: noted by the driver when the answer begins, asked for by few. */
#include "internal.h"

#include <stdio.h>
#include <string.h>

int peer_init(struct peer *peer)
{
  return pthread_mutex_init(&peer->lock, NULL);
}

void peer_free(struct peer *peer)
{
  if(peer->n_certs)
    openssl_peer(NULL, peer);
  pthread_mutex_destroy(&peer->lock);
}

static uint32_t number(CURL *easy, CURLINFO info)
{
  long value = 0;
  curl_easy_getinfo(easy, info, &value);
  return value > 0 ? (uint32_t)value : 0;
}

void peer_note(struct transfer *t)
{
  struct peer *peer = &t->queue->peer;
  CURL *easy = t->handle->easy;
  struct ssl_st *ssl = NULL;
  bool tunnel = t->secure && t->proxy && !strncmp(t->proxy, "http", 4);
  if(t->secure)
    openssl_of(easy, &ssl); /* of the topmost layer, which is the origin's */
  pthread_mutex_lock(&peer->lock);
  peer->facts.id = t->req.id;
  peer->facts.source_port = number(easy, CURLINFO_LOCAL_PORT);
  peer->facts.destination_port = number(easy, CURLINFO_PRIMARY_PORT);
  peer->facts.http_version = t->response.http_version;
  peer->facts.flags = (number(easy, CURLINFO_NUM_CONNECTS) ? 0 : PNET_PEER_KEPT) | (t->secure ? PNET_PEER_SECURE : 0) |
                      (t->proxy ? PNET_PEER_PROXY : 0) | (tunnel ? PNET_PEER_TUNNEL : 0);
  if(ssl || peer->n_certs || peer->protocol)
    openssl_peer(ssl, peer);
  pthread_mutex_unlock(&peer->lock);
}

static void copy_text(char *out, size_t cap, const char *text)
{
  snprintf(out, cap, "%s", text ? text : "");
}

int pnet_queue_peer(struct pnet_queue *queue, struct pnet_peer *out, uint8_t *chain, size_t cap)
{
  struct peer *peer = &queue->peer;
  if(engine_alien(queue->engine))
    return PNET_FORKED;
  pthread_mutex_lock(&peer->lock);
  *out = peer->facts;
  copy_text(out->protocol, sizeof(out->protocol), peer->protocol);
  copy_text(out->cipher, sizeof(out->cipher), peer->cipher);
  out->chain_len = peer->n_certs ? (uint32_t)openssl_encode(peer, chain, cap) : 0;
  pthread_mutex_unlock(&peer->lock);
  return PNET_OK;
}
