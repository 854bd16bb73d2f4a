/* pnet.h - the contract of the transfer core: the only place it is written down.
 *
 * An engine owns one event loop over many libcurl multi handles (shards). A queue is one stream of
 * requests with limits of its own: requests go down in batches (pnet_submit), finished transfers
 * come up in batches (pnet_reap). A 64-bit ticket is all that identifies a transfer on both sides.
 *
 * THREADS  Any thread may call anything, with two exceptions: one thread at a time reaps, reads or writes
 *          a queue, and the _free functions come last, when no other call on that object is running. The loop
 *          is run by the engine's own thread, or by the thread that waits in pnet_reap, never by both.
 *          Native threads block all signals and never enter Python.
 * OWNS     Request memory is borrowed for the call and copied. A batch belongs to its queue until the
 *          next pnet_reap on it; a body given by address belongs to the reaper until pnet_body_free.
 * FORK     A forked child has closed its copies of the engines' descriptors; engines of its own work. Every call on an
 *          inherited object returns PNET_FORKED and touches nothing.
 * DRIVER   epoll where there is one, unless PYINET_DRIVER=poll is in the environment when an engine is made.
 * ERRORS   Calls return enum pnet_rc; nothing is printed, nothing aborts, errno is not an output.
 * UNITS    Bytes, microseconds where a name ends in _us, milliseconds where it ends in _ms. */
#ifndef PNET_H
#define PNET_H

#include <stddef.h>
#include <stdint.h>

/* cdef: begin */
enum pnet_rc {
  PNET_OK = 0,
  PNET_NOMEM = 1,
  PNET_CLOSED = 2,  /* the queue or its engine was closed */
  PNET_FORKED = 3,  /* the object belongs to another process */
  PNET_INVALID = 4, /* an argument is refused; nothing was sent for it */
  PNET_SYSTEM = 5,  /* the operating system or libcurl refused a resource (threads, descriptors) */
  PNET_AGAIN = 6,   /* see pnet_perform_url, pnet_read and pnet_turn */
  PNET_END = 7,     /* see pnet_read */
  PNET_BUSY = 8     /* another thread runs the loop */
};

/* Why a transfer ended, where libcurl's code alone does not say it. */
enum pnet_fault {
  PNET_FAULT_NONE = 0,          /* complete */
  PNET_FAULT_CURL = 1,          /* see curl_code */
  PNET_FAULT_CANCELLED = 2,     /* pnet_cancel, pnet_queue_close or pnet_engine_stop */
  PNET_FAULT_QUEUE_TIME = 3,    /* waited too long for a slot */
  PNET_FAULT_CONNECT_TIME = 4,  /* no connection in time */
  PNET_FAULT_REPLY_TIME = 5,    /* request sent, no first byte in time */
  PNET_FAULT_IDLE_TIME = 6,     /* no byte moved for too long */
  PNET_FAULT_TOTAL_TIME = 7,    /* the request's own deadline */
  PNET_FAULT_HEADERS_CUT = 8,   /* the connection ended inside the header section */
  PNET_FAULT_BAD_REPLY = 9,     /* not an HTTP reply, or framing that contradicts itself (see detail) */
  PNET_FAULT_HEADERS_SIZE = 10, /* header section beyond PNET_MAX_HEADER_BYTES */
  PNET_FAULT_DECODING = 11,     /* content coding truncated, corrupt, unknown or stacked too deep */
  PNET_FAULT_TOO_LARGE = 12,    /* decoded body beyond max_size */
  PNET_FAULT_RATIO = 13,        /* decoded body beyond max_ratio times the bytes received */
  PNET_FAULT_NO_ROOM = 14,      /* the body cannot fit into the queue's buffer_bytes */
  PNET_FAULT_LOCAL_FILE = 15,   /* a local file failed: os_errno */
  PNET_FAULT_LOST = 16,         /* a kept-alive connection died and the method must not be resent */
  PNET_FAULT_MEMORY = 17,       /* out of memory */
  PNET_FAULT_SEND_TIME = 18     /* the request body does not get away */
};

enum pnet_request_flag {
  PNET_REQ_HOP = 1,         /* continues the ticket whose last answer carried PNET_DONE_HOP */
  PNET_REQ_RETURN_HOPS = 2, /* a 3xx with Location comes back with PNET_DONE_HOP, its slot held */
  PNET_REQ_RAW = 4,         /* do not undo content codings; absent headers are the engine's raw_headers */
  PNET_REQ_DISCARD = 8,     /* count the body, keep nothing of it */
  PNET_REQ_EVENTS = 16,     /* report what happens on the network: enum pnet_event_kind */
  PNET_REQ_PIPE = 32,       /* the body is read with pnet_read; only one such transfer a queue at a time */
  PNET_REQ_HTTP1 = 64,      /* no HTTP/2 */
  PNET_REQ_UPLOAD = 128,    /* the request body comes from pnet_write; only one such transfer a queue at a time */
  PNET_REQ_HTTP10 = 256,    /* the request says HTTP/1.0 */
  /* What is forgiven in the certificate of an https origin, never in that of a proxy. Such a transfer has a connection of
   * its own. Where the TLS library cannot do exactly that it ends with CURLE_NOT_BUILT_IN, and nothing is sent. */
  PNET_REQ_IGNORE_HOST = 512,   /* it does not name the host */
  PNET_REQ_IGNORE_DATE = 1024,  /* it is not valid yet, or no more */
  PNET_REQ_IGNORE_CA = 2048,    /* nobody who is trusted has issued it */
  PNET_REQ_IGNORE_USAGE = 4096, /* it is not meant for servers */
  PNET_REQ_BARE = 8192,         /* absent headers are the engine's bare_headers */
  PNET_REQ_BODY_FD = 16384      /* the request body stands in body_fd */
};

/* Raw events of a transfer, in the order they happened; those of a ticket come before its record. */
enum pnet_event_kind {
  PNET_EVENT_RESOLVING = 1,  /* a lookup begins, also for an address written out */
  PNET_EVENT_CONNECTING = 2, /* a socket is about to connect: its address; value: port */
  PNET_EVENT_CONNECTED = 3,  /* TCP stands, TLS and CONNECT do not yet: its address */
  PNET_EVENT_SENDING = 4,    /* a request is about to be sent; also CONNECT */
  PNET_EVENT_SENT = 5,       /* value: bytes of header section and body */
  PNET_EVENT_RECEIVED = 6,   /* a final header section is whole; value: its bytes */
  PNET_EVENT_INTERIM = 7,    /* value: its status, 1xx */
  PNET_EVENT_CLOSING = 8,    /* the connection is about to be closed */
  PNET_EVENT_CLOSED = 9,
  PNET_EVENT_WANTED = 11, /* PNET_REQ_UPLOAD: the header section is away, the body may come; only if there is one */
  PNET_EVENT_ANSWER = 10, /* PNET_REQ_PIPE: the header block that the body follows; value: status */
  PNET_EVENT_HOP = 13,    /* the same, of an answer that leads on: see pnet_hop_end and pnet_hop_skip */
  PNET_EVENT_COOKIES = 12 /* of every request: a header block of the origin with Set-Cookie that is not the last one, as
                             libcurl answered it with credentials; value: status */
};

enum pnet_done_flag {
  PNET_DONE_HOP = 1,         /* the slot is held: answer with PNET_REQ_HOP or pnet_hop_end. A fault is its body's */
  PNET_DONE_FILE = 2,        /* the body is whole in the file asked for */
  PNET_DONE_CUT = 4,         /* the body in memory is only its first PNET_CAPTURE_BYTES */
  PNET_DONE_BODY_FILE = 8,   /* the local file at fault is that of the request body */
  PNET_DONE_COOKIES = 16,    /* the header block holds Set-Cookie */
  PNET_DONE_CERT_ASKED = 64, /* the server has asked for a client certificate, and then did not answer */
  PNET_DONE_AT_PROXY = 128   /* the fault is in the TLS of the proxy */
};

enum pnet_submit_flag {
  PNET_SUBMIT_WILL_WAIT = 1 /* the caller reaps this queue next: do not wake the engine for it */
};

#define PNET_MAX_HEADER_BYTES 262144 /* all header sections of a transfer, interim ones and trailers included */
#define PNET_CAPTURE_BYTES 65536     /* kept of a body that does not go to its file; read of one of a redirect */
#define PNET_LENGTH_UNKNOWN 18446744073709551615u /* body_len of an upload in chunks (RFC 9112 section 7.1) */
#define PNET_SMALL_BODY 65536                     /* bodies up to this size come inside the batch, larger by address */

/* Offsets and lengths point into the text given beside the requests; length 0 means absent. */
struct pnet_request {
  uint64_t id;                           /* ticket; within a queue rows are numbered upwards from 1 */
  uint64_t body_off, body_len;           /* request body in memory, or in body_fd; of an upload what is announced */
  int64_t timeout_us;                    /* whole time from admission to last byte; 0 = none */
  int64_t max_size;                      /* decoded body bytes; 0 = the queue's default */
  uint32_t flags;                        /* enum pnet_request_flag */
  uint32_t url_off, url_len;             /* absolute, printable ASCII, http or https */
  uint32_t method_off, method_len;       /* absent = GET */
  uint32_t headers_off, headers_len;     /* lines "Name: value" each ended by LF; absent = the engine's default */
  uint32_t path_off, path_len;           /* file for a 2xx body (bytes of the file system) */
  uint32_t body_path_off, body_path_len; /* request body from this file instead of memory */
  uint32_t proxy_off, proxy_len;         /* URL for CURLOPT_PROXY; absent = no proxy, whatever the environment says */
  uint32_t user_off, user_len;           /* credentials for the origin, used when it asks for them */
  uint32_t password_off, password_len;
  uint32_t extra_off, extra_len;   /* what few need: lines "name value" each ended by LF, see below */
  uint32_t cookie_off, cookie_len; /* value of Cookie */
  int32_t body_fd;                 /* PNET_REQ_BODY_FD: a regular file; duplicated by the call */
};

/* Names in pnet_request.extra; values are taken as they stand, without control characters:
 * cert, key, key-password: the client certificate, PEM files; no key: it is in the file of the certificate.
 * proxy-user, proxy-password: credentials for the proxy, instead of those in its URL.
 * user: always empty, which no field can say: the current user, whom Negotiate knows; nobody without Kerberos. Other
 * schemes would send an empty name, and do so only when auth names them.
 * target: what the request line names instead of the URL's path and query.
 * auth, proxy-auth: schemes that may be used, out of basic, digest, ntlm, negotiate, between commas. */

/* What most readers need stands first. In pnet_batch.text lie, one after the other, the header block
 * [head_at, body_at), the body [body_at, detail_at) unless it has an address, and detail_len bytes that say more about
 * a fault. */
struct pnet_done {
  uint64_t id; /* the ticket */
  uint32_t head_at, body_at, detail_at;
  int32_t status;   /* of the last final header section, 0 = none */
  uint32_t special; /* 1 = a fault, a hop, cookies, or a body by address; 0 = all is said above */
  uint32_t detail_len;
  uint64_t body_len;       /* bytes kept in memory, charged to buffer_bytes until pnet_consumed */
  uint64_t body;           /* address of the body, freed with pnet_body_free; 0 = it is in the text */
  uint64_t decoded_bytes;  /* body bytes after decoding, wherever they went */
  uint64_t bytes_received; /* header and body bytes as received */
  int64_t queue_us;        /* submit to admission */
  int64_t resolve_us, connect_us, tls_us, sent_us, first_byte_us, total_us; /* since admission, 0 = did not happen */
  int32_t fault;                                                            /* enum pnet_fault */
  int32_t curl_code;                                                        /* CURLcode */
  int32_t os_errno;
  int32_t verify_result; /* X509_V_ERR_* of the TLS backend */
  int32_t http_version;  /* 9, 10, 11, 20, 30; 0 = unknown */
  uint32_t flags;        /* enum pnet_done_flag */
  uint32_t new_connections;
  uint32_t proxy_status; /* of the answer that refused CONNECT; below 100 a CURLproxycode; 0 = neither */
};

/* Its text lies in pnet_batch.event_text. */
struct pnet_event {
  uint64_t id; /* the ticket */
  uint32_t kind, value, text_at, text_len;
};

struct pnet_batch {
  struct pnet_done *rows;
  size_t n;
  size_t special;      /* how many of them are special */
  uint64_t body_bytes; /* sum of body_len */
  uint8_t *text;
  size_t text_len;
  struct pnet_event *events; /* all there are, of whatever rows */
  size_t n_events;
  uint8_t *event_text;
  size_t event_text_len;
  int drained; /* 1 = nothing is outstanding: waiting longer is pointless */
};

struct pnet_engine_config {
  const char *default_headers; /* lines as in pnet_request.headers */
  const char *raw_headers;     /* the same for requests with PNET_REQ_RAW */
  const char *bare_headers;    /* the same for requests with PNET_REQ_BARE */
  const char *ca_file;         /* PEM bundle, NULL = none */
  const char *resolve;         /* lines "HOST:PORT:ADDRESS:" as CURLOPT_CONNECT_TO takes them, each ended by LF */
};

struct pnet_queue_config {
  uint64_t buffer_bytes; /* bound on unconsumed body bytes in memory; 0 = none */
  int64_t max_size;      /* decoded bytes of a body in memory when the request says nothing; 0 = none */
  int64_t max_ratio;     /* decoded to received bytes, looked at beyond 16 MiB decoded; 0 = none */
  int64_t queue_time_us, connect_time_us, reply_time_us, idle_time_us, send_time_us; /* 0 = none */
  uint32_t in_flight;                                                                /* transfers running at once */
  uint32_t per_host;      /* the same for one origin (scheme, host, port, proxy) */
  uint32_t ordered;       /* 1 = rows are consumed in ticket order */
  uint32_t max_addresses; /* addresses of a name that are tried; 0 = all */
};

/* The numbers are those of IDSI_FLAG_* in WinINet. */
enum pnet_peer_flag {
  PNET_PEER_KEPT = 1,   /* the connection served another request before */
  PNET_PEER_SECURE = 2, /* TLS with the origin */
  PNET_PEER_PROXY = 4,  /* through a proxy */
  PNET_PEER_TUNNEL = 8  /* through a tunnel that the proxy has opened */
};

/* The connection that an answer came on. */
struct pnet_peer {
  uint64_t id;                            /* the ticket; 0 = there was no answer yet */
  uint32_t source_port, destination_port; /* of the socket: with a proxy, the proxy's */
  int32_t http_version;                   /* as in pnet_done */
  uint32_t cipher_bits;                   /* 0 = no TLS, or not known */
  uint32_t flags;                         /* enum pnet_peer_flag */
  uint32_t chain_len;                     /* bytes of all certificates */
  char protocol[16];                      /* of TLS, "" = none, or not known */
  char cipher[64];
};

struct pnet_stats {
  uint64_t queued, in_flight, done, failed; /* transfers: waiting, running or held, ended, ended with a fault */
  uint64_t bytes_received;                  /* as received, running ones included */
  uint64_t body_bytes;                      /* unconsumed body bytes in memory now */
};

/* Objects alive in this process, for leak tests. */
struct pnet_counts {
  long engines, queues, transfers, easy_handles, shards, bodies, files, decoders, origins, sockets;
};

struct pnet_engine;
struct pnet_queue;

/* Create an engine: no network activity; its thread starts with the first request.
 * PNET_NOMEM, PNET_SYSTEM: *out stays as it was. */
int pnet_engine_new(const struct pnet_engine_config *config, struct pnet_engine **out);
/* Cancel everything, end the engine's thread, make every later call return PNET_CLOSED. Idempotent. */
int pnet_engine_stop(struct pnet_engine *engine);
/* Give the engine up; its memory goes with the last queue. Stops it first when that has not been done. */
void pnet_engine_free(struct pnet_engine *engine);

int pnet_queue_new(struct pnet_engine *engine, const struct pnet_queue_config *config, struct pnet_queue **out);
/* Cancel all that is outstanding and drop unreaped results; returns when nothing of it is alive. Idempotent. */
int pnet_queue_close(struct pnet_queue *queue);
/* Closes first when that has not been done. */
void pnet_queue_free(struct pnet_queue *queue);

/* Queue n requests in order; never blocks. *taken counts those accepted. PNET_INVALID: requests[*taken] holds a
 * control character, a range outside the text, a length of its body beyond INT64_MAX or a descriptor that is none, and
 * nothing after it was looked at. PNET_SYSTEM: there is no descriptor to spare for its body. */
int pnet_submit(struct pnet_queue *queue, const struct pnet_request *requests, size_t n, const uint8_t *text,
                size_t text_len, unsigned flags, size_t *taken);
/* The same for n plain GETs whose URLs stand in the text, each but the last followed by LF; behind a URL may stand a
 * tab and the value of Cookie. Tickets count up from first_id. PNET_INVALID: the URL after *taken is not plain (http or
 * https, printable ASCII, no credentials), or there are not n lines. */
int pnet_submit_urls(struct pnet_queue *queue, uint64_t first_id, size_t n, const uint8_t *text, size_t text_len,
                     unsigned flags, size_t *taken);
/* Submit one plain URL (a line as above) with flags out of enum pnet_request_flag, and wait up to timeout_ms for it, for
 * a caller that has nothing else outstanding: one call a transfer. out[0..cap) takes the record and right behind it its text, the offsets counting from the text's begin.
 * PNET_AGAIN: accepted, but not here: not finished, special, or larger than cap; go on with pnet_reap. */
int pnet_perform_url(struct pnet_queue *queue, uint64_t id, const uint8_t *line, size_t line_len,
                     unsigned request_flags, int timeout_ms, uint8_t *out, size_t cap);
/* Collect all events and up to cap finished transfers, in the order they ended, waiting up to timeout_ms (0 = look only,
 * -1 = no limit) for the first of either. Returns early with nothing when a signal arrives. PNET_CLOSED: closed; what was
 * not collected is dropped. */
int pnet_reap(struct pnet_queue *queue, size_t cap, int timeout_ms, struct pnet_batch *out);
/* Read the body of the queue's transfer with PNET_REQ_PIPE into out[0..cap): waits up to timeout_ms until `least` bytes
 * are there. *n counts what was read, whatever is returned.
 * Its record is not reaped before its bytes are read.
 * PNET_OK: at least `least`. PNET_END: less, and there will be no more; the record, which pnet_reap gives, tells why, and
 * may hold bytes that follow. PNET_AGAIN: less, as the time is over, a signal came, or events wait for pnet_reap. */
int pnet_read(struct pnet_queue *queue, uint8_t *out, size_t cap, size_t least, int timeout_ms, size_t *n);
/* Give the next part of the body of the queue's transfer with PNET_REQ_UPLOAD: data[0..len) is sent from where it is,
 * waiting up to timeout_ms for that. *n counts what was taken, whatever is returned.
 * PNET_OK: all. PNET_AGAIN: less, as the time is over, a signal came, or something waits for pnet_reap. PNET_END: no more is
 * wanted: the transfer has ended, or its answer says that it failed. PNET_INVALID: more than was announced, or behind
 * the end; nothing was taken. */
int pnet_write(struct pnet_queue *queue, const uint8_t *data, size_t len, int timeout_ms, size_t *n);
/* No more will be written. PNET_INVALID: less than was announced: it can only be cancelled. */
int pnet_write_end(struct pnet_queue *queue);
/* Change the clocks and limits of a queue, but for buffer_bytes, in_flight, per_host and ordered: for all its
 * transfers, from the next turn of the loop on. */
int pnet_queue_configure(struct pnet_queue *queue, const struct pnet_queue_config *config);
/* The caller has consumed `bytes` of reaped bodies. Ordered queues: rows before ticket `head` are all consumed, and
 * their bytes are given back with this call or were before; 0 = as it was. */
int pnet_consumed(struct pnet_queue *queue, uint64_t bytes, uint64_t head);
/* Cancel one transfer; it ends with PNET_FAULT_CANCELLED unless it ended before, and what was not read of its body is
 * dropped. Unknown tickets are ignored. */
int pnet_cancel(struct pnet_queue *queue, uint64_t id);
/* Give up the slot that an answer with PNET_DONE_HOP holds: the answer is final. After PNET_EVENT_HOP also before its record,
 * which then has no PNET_DONE_HOP. */
int pnet_hop_end(struct pnet_queue *queue, uint64_t id);
/* The answer that PNET_EVENT_HOP told of is followed: nobody wants the rest of its body. Its record comes
 * soon, with PNET_DONE_HOP; a body that is long or has no length takes its connection with it. */
int pnet_hop_skip(struct pnet_queue *queue, uint64_t id);
int pnet_queue_stats(struct pnet_queue *queue, struct pnet_stats *out);
/* Tell of the connection that the newest answer to a PNET_REQ_PIPE request came on; its record may be reaped already.
 * When out->chain_len is no more than cap, chain takes the server's certificates, its own first, DER one behind the other;
 * none without TLS, or where the TLS library does not tell. */
int pnet_queue_peer(struct pnet_queue *queue, struct pnet_peer *out, uint8_t *chain, size_t cap);

/* For event loops, which wait for descriptors and not in pnet_reap. Whenever something is there to be reaped, eight
 * bytes are written to fd once until the next pnet_reap; -1 = no more. The caller owns fd. */
int pnet_queue_notify(struct pnet_queue *queue, int fd);
/* A descriptor that is readable when pnet_turn has something to do; -1 = there is none. The engine owns it. */
int pnet_engine_descriptor(struct pnet_engine *engine);
/* Promise (+1), or no longer (-1), to call pnet_turn when that descriptor is readable and after submitting: the engine's
 * thread then only looks now and then whether the promise is kept. One that is broken is forgotten until the next turn. */
int pnet_engine_attend(struct pnet_engine *engine, int change);
/* One turn of the loop without waiting, on behalf of a queue, which is not notified of what that brings.
 * PNET_OK: done. PNET_AGAIN: call it again soon. PNET_BUSY: leave the descriptor alone until something is submitted; the
 * queue is notified meanwhile. */
int pnet_turn(struct pnet_queue *queue);

/* Free a body handed out by handle. Any thread, also in a forked child; NULL is fine. */
void pnet_body_free(uint8_t *data);

void pnet_live(struct pnet_counts *out);
/* Name and value of the index-th linked library, feature ("feature") or protocol ("protocol"); 0 = no more. */
int pnet_library(size_t index, const char **name, const char **value);
/* cdef: end */

#endif
