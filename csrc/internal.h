/* internal.h - structures shared by the modules of the core; Python never sees them.
 *
 * WHO MAY TOUCH WHAT  Three owners, named at each structure:
 *   (lock)    any thread that holds engine.lock;
 *   (driver)  the thread that runs the loop now. There is at most one, it changes only under engine.lock,
 *             and every libcurl call is made by it;
 *   (fixed)   set once before the object is shared. */
#ifndef PNET_INTERNAL_H
#define PNET_INTERNAL_H

#include "decode.h"
#include "list.h"
#include "pnet.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>

#if LIBCURL_VERSION_NUM < 0x075800
#error "pyinet needs libcurl 7.88 or newer: install its newer development package (libcurl4-openssl-dev)"
#endif

#if defined(__linux__) && !defined(PNET_PORTABLE)
#define PNET_LINUX 1
#endif

#define SHARD_TRANSFERS 64    /* libcurl scans its connections linearly: beyond this a second multi is cheaper */
#define SHARD_STREAMS 100     /* HTTP/2 transfers on one shard: what libcurl and servers allow a connection */
#define SHARD_CONNECTIONS 128 /* CURLMOPT_MAXCONNECTS, pinned: libcurl's own value moves with its handles */
#define MAX_OPENED 8          /* addresses of one name tried at the same time, and more than libcurl does */
#define SMALL_UPLOAD 65536    /* sent with the header section; larger bodies are asked for piece by piece */
#define NEVER INT64_MAX

/* of OpenSSL */
struct ssl_st;
struct ssl_ctx_st;
struct x509_st;

enum live {
  LIVE_ENGINES,
  LIVE_QUEUES,
  LIVE_TRANSFERS,
  LIVE_HANDLES,
  LIVE_SHARDS,
  LIVE_BODIES,
  LIVE_FILES,
  LIVE_DECODERS,
  LIVE_ORIGINS,
  LIVE_SOCKETS,
  LIVE_KINDS
};
void live_add(enum live kind, long n);

int64_t clock_us(void);

/* ---- origins: one scheme, host, port and proxy (driver) ---- */

/* An origin on one shard: how many transfers run there, how many sockets are open there. */
struct place {
  struct shard *shard;
  unsigned running, open;
  bool h2; /* a connection there has spoken HTTP/2 */
};

enum origin_mode { ORIGIN_UNKNOWN, ORIGIN_H1, ORIGIN_H2 };

struct origin {
  struct origin *chain;
  struct link lanes; /* lane.of_origin: who waits for it */
  struct place *places;
  size_t n_places;
  size_t refs; /* lanes and sockets */
  enum origin_mode mode;
  bool secure;
  bool gated; /* name or protocol unknown: one probe goes first */
  bool probing;
  bool apart; /* its connections are for nobody else: a client certificate, forgiven faults, credentials for a proxy */
  bool asks_cert; /* its server has asked for a client certificate */
  uint32_t hash;
  uint32_t key_len;
  char key[];
};

/* One origin within one queue: its share of per_host. */
struct lane {
  struct lane *chain;
  struct link of_origin; /* in origin.lanes */
  struct link unblocked; /* in queue.unblocked while a blocked transfer may be tried again */
  struct link blocked;   /* transfers that met a full or gated lane, in order */
  struct origin *origin;
  struct pnet_queue *queue;
  unsigned running; /* admitted, and answers that hold their slot */
  size_t refs;      /* transfers that name it */
};

/* ---- transfers ---- */

enum transfer_state {
  T_INBOX,    /* handed over, not seen by the driver yet (lock) */
  T_WAITING,  /* in queue.waiting or lane.blocked */
  T_RUNNING,  /* in a multi handle */
  T_DRAINING, /* libcurl is done, the rest waits for room in the buffer */
  T_DONE,     /* in queue.done, waiting to be reaped (lock) */
  T_HELD      /* reaped with PNET_DONE_HOP, keeps its slot */
};

enum field {
  FIELD_OTHER,
  FIELD_LENGTH,
  FIELD_CODING,
  FIELD_LOCATION,
  FIELD_TRANSFER,
  FIELD_COOKIE,
  FIELD_CACHE,
  FIELD_RANGE,
  FIELD_CONNECTION
};

/* What the header lines of the final response say about the body. */
struct response {
  int status, http_version;
  int64_t content_length; /* -1 = not said */
  bool ended;             /* the blank line has come */
  bool has_location;      /* and it may be followed */
  bool chunked, sets_cookies, has_range, no_transform;
  bool closes;       /* the connection is to be closed behind it (RFC 9112 section 9.3) */
  bool bad_length;   /* Content-Length malformed, overflowing or contradicting itself */
  bool bad_transfer; /* a transfer coding other than chunked */
  bool malformed;    /* a line that is no status line and no field */
  enum field field;  /* whose value a folded line continues */
  uint16_t coding_len;
  bool coding_overflow;
  char coding[120]; /* Content-Encoding values joined by commas */
};

enum chunks_state {
  CHUNKS_SIZE,      /* the beginning, which zeros stand for */
  CHUNKS_SPACE,     /* behind the size */
  CHUNKS_EXTENSION, /* behind a semicolon */
  CHUNKS_DATA,
  CHUNKS_AFTER,   /* the line end behind the data */
  CHUNKS_TRAILER, /* a field, before its colon */
  CHUNKS_VALUE,
  CHUNKS_END
};

/* Where in a chunked body we are. */
struct chunks {
  enum chunks_state state;
  bool cr;         /* the line end has begun */
  bool folds;      /* there is a field for a folded line to continue */
  unsigned digits; /* of the size; bytes of a trailer field before its colon, at least 1 if any */
  uint64_t left;   /* of this chunk */
  uint64_t extra;  /* bytes of extensions, or of trailer fields once there are any */
};

enum sink_kind { SINK_NONE, SINK_MEMORY, SINK_CAPTURE, SINK_FILE, SINK_DISCARD, SINK_PIPE };

struct sink {
  enum sink_kind kind;
  bool cut;      /* SINK_CAPTURE dropped bytes */
  uint8_t *data; /* memory kinds: kept across transfers while small */
  size_t len, cap;
  size_t charged;   /* bytes of buffer_bytes taken */
  uint64_t decoded; /* bytes after decoding, kept or not */
  int fd;
  char *temp; /* temporary name beside the final one */
  uint64_t offset;
};

/* pnet_request.extra taken apart; NULL and 0: not given. */
struct extra {
  const char *cert, *key, *key_password, *proxy_user, *proxy_password, *target;
  unsigned long auth, proxy_auth; /* CURLAUTH_* bits */
  bool current_user;
};

struct transfer {
  struct link link;    /* queue.inbox, queue.waiting, lane.blocked, queue.running, queue.done, queue.held or pool */
  struct link starved; /* queue.starved: paused until buffer_bytes has room */
  struct link growing; /* queue.growing: unknown length, in admission order */
  struct pnet_queue *queue;
  struct lane *lane;
  struct shard *shard;
  struct handle *handle;
  enum transfer_state state;
  struct pnet_request req;
  char *text; /* copies of the request's strings, each NUL-terminated */
  size_t text_cap;
  const char *url, *method, *headers, *path, *body_path, *proxy, *user, *password, *cookie, *extra_text;
  struct extra extra;
  const uint8_t *body;
  int body_fd;
  int64_t upload_len;             /* of the request body, wherever it is; -1 = unknown */
  int64_t body_start;             /* where it begins in body_fd */
  int64_t upload_at;              /* how much of it libcurl was given */
  bool idempotent, secure, plain; /* plain: cleartext HTTP without a tunnel */
  bool probe, paused, cancelled, connected, replied, slot, again;
  bool hungry;                      /* paused until pnet_write brings more of the request body */
  bool wanted;                      /* PNET_EVENT_WANTED */
  bool fed;                         /* all of a body from pnet_write was taken */
  bool yielding;                    /* paused until what has arrived is read */
  bool yielded;                     /* was, and nothing was sent since */
  bool unexpecting;                 /* 417 has come: libcurl sends the request again, without Expect */
  bool unrepeatable;                /* a challenge wants a body once more of which some was sent and is gone */
  bool unwanted;                    /* its answer has ended the sending: nothing more is to be written */
  bool refused;                     /* the server does not want the rest of the body: it ends with its answer */
  int on_fd;                        /* its connection, -1 = unknown */
  curl_off_t got_away;              /* bytes of the request body, when a clock was last looked at */
  bool watched;                     /* PNET_REQ_EVENTS */
  bool asking;                      /* the request itself is on its way, not that of a tunnel */
  bool told_connected;              /* PNET_EVENT_CONNECTED of the newest socket */
  bool answered;                    /* PNET_EVENT_ANSWER */
  bool stays, skips;                /* it leads on, but is final; is followed, so that nobody wants its body */
  uint64_t sent, sent_body, tunnel; /* bytes of the request under way; of a tunnel's answer */
  int fd;                           /* its connection while watched, -1 = unknown */
  char address[64];                 /* of the newest socket */
  unsigned port;
  bool unread;            /* held bytes, or output still inside the decoder */
  enum origin_mode alpn;  /* what the TLS handshake of a probe agreed on */
  int starts;             /* PREREQ calls since the last response header */
  bool fresh_socket;      /* a socket was opened since then */
  int opened[MAX_OPENED]; /* those of them that may still be on their way to a connection */
  int n_opened;
  unsigned tried; /* addresses, since there was a connection */
  int rounds;     /* answers that libcurl has answered with credentials */
  int tainted;    /* kept-alive connections refused because of pending input, or because they are somebody else's */
  int tls_begun;  /* TLS layers set up since a socket was opened: that of an HTTPS proxy comes first */
  struct response response;
  char *head; /* header lines as received */
  size_t head_len, head_cap, head_total;
  struct chunks chunks;
  struct sink sink;
  struct decoder *decoder;
  uint8_t *held; /* encoded bytes taken from libcurl while starved */
  size_t held_len, held_off, held_cap;
  size_t want;    /* capacity the starved sink asks for */
  uint8_t *saved; /* see salvage.c */
  size_t saved_len;
  uint64_t wire_body;
  int64_t submitted_us, admitted_us, deadline_us, moved_us;
  int64_t paused_us; /* when the clock was stopped: starved, or a hop waiting for its decision; 0 = it runs */
  struct pnet_done done;
  char detail[CURL_ERROR_SIZE];
};

/* A pooled easy handle. It remembers how it is set up, so that most reuses set only the URL. */
struct handle {
  struct curl_slist *expect; /* among headers: "Expect: 100-continue"; NULL = it is not sent */
  struct link link;          /* engine.handles */
  CURL *easy;
  struct pnet_engine *engine;
  struct transfer *transfer;
  struct curl_slist *headers;
  bool shaped;                           /* set up for more than what stands below: has to be reset */
  bool watched, verbose, cookie, target; /* as it is set up now */
  long http_version;                     /* CURL_HTTP_VERSION_* */
  const struct curl_slist *own;          /* header lines, unless the request brings its own */
  long buffer_size;
  int64_t connect_ms;
  char error[CURL_ERROR_SIZE];
};

/* ---- queues ---- */

/* Where one thread sleeps until the loop is free or its queue has results. */
struct sleeper {
  struct link link; /* engine.sleepers while it sleeps */
  pthread_cond_t wake;
};

/* Events on their way up. */
struct event_log {
  struct pnet_event *events;
  size_t n, cap;
  uint8_t *text;
  size_t text_len, text_cap;
};

/* A body on its way to pnet_read. Bounded: the transfer is paused when it is full. */
struct pipe {
  pthread_mutex_t lock;
  uint8_t *data; /* a ring */
  size_t cap, start;
  _Atomic size_t len;
  bool full;              /* the transfer waits for room */
  bool begun;             /* the reader has had some of it */
  _Atomic bool discarded; /* nobody wants the rest */
  uint64_t id;            /* whose it is */
  uint8_t *to;            /* (driver) where the reader wants it, while the reader is the driver */
  size_t to_cap, to_len;
};

/* A request body on its way from pnet_write. */
struct feed {
  pthread_mutex_t lock;
  uint8_t *few; /* small pieces, before what stands in from */
  size_t few_len, few_at;
  const uint8_t *from; /* the writer's memory, while it waits */
  size_t from_len, from_at;
  uint64_t id;   /* whose it is */
  uint64_t left; /* of what was announced; PNET_LENGTH_UNKNOWN */
  bool open;     /* somebody wants it */
  bool ended;    /* no more will come */
  bool hungry;   /* the transfer waits for more */
};

#define PEER_CERTS 10 /* of a chain; longer ones are cut short */

/* The connection of the newest answer. */
struct peer {
  pthread_mutex_t lock;
  struct pnet_peer facts;
  const char *protocol, *cipher; /* static texts of the TLS library */
  struct x509_st *certs[PEER_CERTS];
  size_t n_certs;
};

struct pnet_queue {
  struct pnet_engine *engine;      /* (fixed) */
  struct pipe pipe;                /* (its own lock) */
  struct feed feed;                /* (its own lock) */
  struct peer peer;                /* (its own lock) */
  struct pnet_queue_config config; /* (driver) */

  /* (lock) the mailbox, and what was finished */
  struct link mail; /* engine.mail while something below is new */
  struct link inbox;
  uint64_t released, head;
  uint64_t *orders; /* pairs: enum order, ticket */
  size_t n_orders, cap_orders;
  struct pnet_queue_config next_config;
  bool configured; /* next_config is new */
  bool closing, closed;
  struct link done, held;
  size_t n_done;
  struct event_log ready; /* events to be reaped */
  int notify_fd;          /* -1 = none */
  bool notified;          /* since the last reap */
  size_t outstanding;     /* submitted, not in done yet */
  struct sleeper reaper;  /* at most one thread reaps */

  /* (driver) */
  struct link of_engine; /* engine.queues, once it has had mail */
  struct link busy;      /* engine.busy while there is something to admit, cancel or grant */
  struct link news;      /* engine.news while there are events, or bytes in the pipe, to be told of */
  struct event_log fresh;
  struct link waiting, running, unblocked, starved, growing;
  struct lane **lanes;
  size_t n_lanes, cap_lanes;
  unsigned in_flight;
  size_t n_blocked;       /* transfers that stepped aside into lanes */
  bool cancelling;        /* some transfer is marked cancelled */
  bool resuming;          /* the reader of the pipe has made room */
  bool feeding;           /* the writer of a request body has more, or no more */
  uint64_t used, loose;   /* buffer_bytes taken; the part taken by bodies of unknown length still growing */
  uint64_t consumed_head; /* next ticket to be consumed */

  /* (reaper) arrays handed out in a batch */
  struct pnet_done *rows;
  size_t cap_rows;
  uint8_t *text;
  size_t cap_text;
  struct event_log handed;

  _Atomic uint64_t stat_queued, stat_in_flight, stat_done, stat_failed, stat_bytes, stat_body;
};

enum order { ORDER_CANCEL, ORDER_HOP_END, ORDER_HOP_SKIP, ORDER_PIPE, ORDER_FEED };

/* ---- shards and sockets (driver) ---- */

enum loop_rc { LOOP_OK, LOOP_SIGNAL };

struct shard {
  CURLM *multi;
  struct pnet_engine *engine;
  struct link roomy;   /* engine.roomy while running < room */
  struct link touched; /* engine.touched: messages to read */
  int64_t timer_us;    /* NEVER = none */
  unsigned running;
  unsigned room; /* transfers */
  /* descriptors libcurl made with the multi handle, as far as they are known; -1 */
  int wakeup[2]; /* for curl_multi_wakeup */
  int inner[2];  /* since 8.20: by these its resolver wakes it */
};

struct socket_entry {
  struct shard *shard;
  struct origin *origin;            /* set for sockets we opened */
  struct transfer *opener;          /* until it is connected: libcurl closes it without a word if it loses */
  struct transfer *user;            /* the watched transfer on it, to be told when it closes */
  struct transfer *sender;          /* the transfer on it that sends a body piece by piece */
  uint16_t local_port, remote_port; /* once connected */
  uint8_t have, want;               /* CURL_POLL_* bits in epoll, and wanted by libcurl */
  bool dirty;
  bool held; /* the engine's, with this identity: a forked child closes its copy */
  dev_t device;
  ino_t inode;
};

struct poller;

/* How the driver waits. (driver) but for wake */
struct waiter {
  bool sharded;                             /* many multi handles, not one */
  int (*begin)(struct pnet_engine *engine); /* a failure leaves what end gives back */
  void (*end)(struct pnet_engine *engine);
  void (*attach)(struct shard *shard);          /* a new multi handle */
  int64_t (*due_us)(const struct shard *shard); /* its timer */
  void (*run)(struct shard *shard, int fd, int bits);
  void (*flush)(struct poller *poller);
  void (*forget)(struct poller *poller, int fd, struct socket_entry *entry);
  enum loop_rc (*wait)(struct pnet_engine *engine,
                       int timeout_ms);     /* and run what is ready; leaves the turn meanwhile */
  void (*wake)(struct pnet_engine *engine); /* any thread, lock held, while the driver may wait */
};

struct poller {
  const struct waiter *waiter; /* (fixed) */
  int epoll_fd, wake_fd;       /* -1 = none */
  _Atomic unsigned wakes;      /* sent to libcurl's own wait */
  unsigned wakes_seen;
  int *port_owner; /* local port to socket, -1 = none; the last one when several addresses share a port */
  struct socket_entry *sockets;
  size_t n_sockets;
  int *dirty;
  size_t n_dirty, cap_dirty;
};

/* ---- engine ---- */

enum driver { DRIVER_NONE, DRIVER_ENGINE, DRIVER_WAITER };

struct pnet_engine {
  pthread_mutex_t lock;
  pthread_mutex_t turn;   /* see fork.c */
  struct link of_process; /* see fork.c */
  unsigned generation;    /* (fixed) */
  _Atomic int refs;       /* the owner and the queues */

  /* (lock) */
  enum driver driver;
  bool takeover;        /* the driver is asked to leave the loop */
  unsigned insisting;   /* threads that close something: no other takes the loop before them */
  _Atomic bool blocked; /* the driver may be waiting for sockets */
  bool idle;            /* the engine's thread sleeps without a limit */
  bool stopping, started, stopped;
  int attendants;     /* event loops that promised to turn this one */
  int broken;         /* how often in a row they did not */
  int quiet_fd;       /* whoever turns the loop needs no notification; -1 = nobody */
  size_t outstanding; /* over all queues */
  int64_t driven_us;  /* when the loop was last run */
  uint64_t drives;    /* how often it changed hands */
  struct link mail, sleepers;
  struct link pool; /* transfers kept for reuse */
  size_t n_pool;
  pthread_cond_t wake; /* for the engine's thread */
  pthread_t thread;

  /* (driver) */
  struct poller poller;
  struct shard **shards;
  size_t n_shards;
  struct link queues, roomy, touched, handles, finished, busy, news;
  struct origin **origins;
  size_t n_origins, cap_origins;
  int64_t now_us, deadline_us; /* deadline_us: earliest moment at which a clock may run out */
  CURLSH *share;               /* DNS and TLS sessions; no locks: only the driver is inside libcurl */

  /* (fixed) */
  char *ca_file;
  bool capitals;      /* see handle_capitals */
  bool fresh_handles; /* no handle is used twice: see handles_must_be_fresh */
  struct curl_slist *default_headers, *raw_headers, *bare_headers, *connect_to;
};

/* Something happened to the transfer: the clocks for silence start anew. */
static inline void moved(struct transfer *transfer)
{
  transfer->moved_us = transfer->queue->engine->now_us;
}

/* engine.c */
void engine_unref(struct pnet_engine *engine);
bool engine_alien(const struct pnet_engine *engine); /* true in a forked child */
void engine_wake_driver(struct pnet_engine *engine); /* lock held */
/* Become the driver, or sleep until something happens there or until_us; true = driver. Lock held. */
bool engine_take_loop(struct pnet_engine *engine, struct sleeper *sleeper, int64_t until_us);
void engine_seize_loop(struct pnet_engine *engine); /* become the driver, before others; lock held */
bool engine_try_loop(struct pnet_engine *engine);   /* become the driver, or ask the engine's thread; lock held */
int sleeper_init(struct sleeper *sleeper);
void engine_hand_over(struct pnet_engine *engine);      /* lock held */
int engine_begin(struct pnet_engine *engine);           /* start the thread at the first request; lock held */
void engine_leave_loop(struct pnet_engine *engine);     /* lock held */
void engine_publish(struct pnet_engine *engine);        /* (driver) hand finished transfers and events over */
bool engine_has_news(const struct pnet_engine *engine); /* (driver) engine_publish has something to do */

/* loop.c (driver) */
enum loop_rc loop_once(struct pnet_engine *engine, int64_t wait_us);
bool loop_turn(struct pnet_engine *engine); /* without waiting; true = there is more to do at once */

/* wait_epoll.c, wait_poll.c */
extern const struct waiter wait_epoll, wait_poll;

/* fork.c */
unsigned fork_generation(void); /* any thread: how many forks lie between this process and the one that loaded us */
void fork_watch(void);          /* once a process */
void fork_lock(void);           /* no fork until fork_unlock; comes before any other lock */
void fork_unlock(void);
void fork_add(struct pnet_engine *engine); /* these two under fork_lock */
void fork_remove(struct pnet_engine *engine);
void turn_begin(struct pnet_engine *engine); /* (driver) engine.lock is not held; no fork until turn_end */
void turn_end(struct pnet_engine *engine);

/* held.c (driver, or a fork keeps it away): descriptors a forked child has to close */
void held_add(struct poller *poller, int fd);
void held_drop(struct poller *poller, int fd); /* before it is closed */
void held_add_wakeup(struct shard *shard,
                     int from);               /* those curl_multi_init has made; from: the lowest that was free */
void held_add_lookups(struct poller *poller); /* the ends of libcurl's resolver that it does not show */
void held_close(const struct poller *poller); /* in a forked child */

/* poller.c (driver) */
void poller_free(struct poller *poller);
struct socket_entry *poller_entry(struct poller *poller, int fd);                 /* NULL: out of memory */
void poller_forget(struct poller *poller, int fd);                                /* before close */
void poller_name(struct poller *poller, int fd, int local_port, int remote_port); /* the socket is connected */
struct socket_entry *poller_named(const struct poller *poller, int local_port, int remote_port); /* or NULL */

/* shard.c (driver) */
struct shard *shard_new(struct pnet_engine *engine);
void shard_free(struct shard *shard);
void shard_enter(struct shard *shard);
void shard_leave(struct shard *shard);
void shard_touch(struct shard *shard);
void shard_run(struct shard *shard, int fd, int bits);

/* origin.c (driver) */
struct origin *origin_get(struct pnet_engine *engine,
                          const struct transfer *transfer); /* referenced; NULL: no memory */
void origin_unref(struct pnet_engine *engine, struct origin *origin);
struct place *origin_pick(struct pnet_engine *engine, struct origin *origin); /* NULL: wait, or no memory */
struct place *origin_place(struct origin *origin, const struct shard *shard);
struct place *place_of(const struct transfer *transfer);          /* where it runs now */
void origin_settle(struct origin *origin, enum origin_mode mode); /* the probe has told: let the others go */
void origin_unblock(struct origin *origin);

/* queue.c (driver) */
void queue_read_mail(struct pnet_queue *queue); /* lock held */
void queue_admit(struct pnet_queue *queue);
void queue_settle(struct transfer *transfer); /* a transfer has ended: give back its slot, publish it */
void queue_cancel(struct pnet_queue *queue);  /* all transfers marked cancelled */
void queue_resume(
  struct pnet_queue *queue); /* the transfer that waited for the reader of its pipe, or for its writer */
void queue_busy(struct pnet_queue *queue);
void queue_drop(struct pnet_queue *queue); /* what was finished and not reaped; lock held as well */
void queue_check_deadlines(struct pnet_queue *queue);

/* lane.c (driver) */
struct lane *lane_get(struct pnet_queue *queue, const struct transfer *transfer); /* referenced; NULL: no memory */
void lane_unref(struct lane *lane);
void lane_unblock(struct lane *lane);              /* its first transfer may be tried again */
void queue_watch(const struct transfer *transfer); /* its clock was set anew: look at it in time */

/* Whether the header section says how long the body in memory will be. */
static inline bool known_length(const struct transfer *transfer)
{
  return !transfer->decoder && !transfer->response.chunked && transfer->response.content_length >= 0;
}

/* Whether libcurl asks for the request body piece by piece (on_upload), so that its progress is known. */
static inline bool sent_by_pieces(const struct transfer *transfer)
{
  return transfer->body_path || transfer->req.flags & (PNET_REQ_UPLOAD | PNET_REQ_BODY_FD) ||
         transfer->req.body_len > SMALL_UPLOAD;
}

#define REQ_FORGIVING (PNET_REQ_IGNORE_HOST | PNET_REQ_IGNORE_DATE | PNET_REQ_IGNORE_CA | PNET_REQ_IGNORE_USAGE)

/* What it forgives in the certificate of its origin: PNET_REQ_IGNORE_*. */
static inline uint32_t forgiven(const struct transfer *transfer)
{
  return transfer->secure ? transfer->req.flags & REQ_FORGIVING : 0;
}

/* Whether some of the request body is still to be given to libcurl. */
static inline bool is_sending(const struct transfer *transfer)
{
  if(transfer->req.flags & PNET_REQ_UPLOAD)
    return !transfer->fed;
  return transfer->upload_at < transfer->upload_len && sent_by_pieces(transfer);
}

/* Whether the program is to write more of the request body: whoever writes does not read. */
static inline bool is_written(const struct transfer *transfer)
{
  return transfer->req.flags & PNET_REQ_UPLOAD && !transfer->fed && !transfer->unwanted;
}

static inline bool has_body(const struct transfer *transfer)
{
  int status = transfer->response.status;
  return status != 204 && status != 304 && !(transfer->method && !strcmp(transfer->method, "HEAD"));
}

/* Whether its body comes as chunks, which libcurl hands over as they are. */
static inline bool in_chunks(const struct transfer *transfer)
{
  return transfer->response.chunked && transfer->response.http_version < 20;
}

/* Whether a final header section is here. */
static inline bool has_answer(const struct transfer *transfer)
{
  return transfer->response.ended && transfer->response.status >= 200;
}

/* Whether libcurl may drop this answer and send the request again: with credentials, or without Expect. */
static inline bool asked_again(const struct transfer *transfer)
{
  int status = transfer->response.ended ? transfer->response.status : 0;
  return (status == 401 && transfer->user) || (status == 407 && transfer->proxy) ||
         (status == 417 && transfer->unexpecting);
}

/* Whether all of the answer is known to be here: what is still to be sent cannot change it. */
static inline bool answer_complete(const struct transfer *transfer)
{
  const struct response *response = &transfer->response;
  return has_answer(transfer) && (!has_body(transfer) || (!response->chunked && response->content_length >= 0 &&
                                                          transfer->wire_body == (uint64_t)response->content_length));
}

/* Whether its answer is one that is handed back for a decision. */
static inline bool leads_on(const struct transfer *transfer)
{
  int status = transfer->response.status;
  return transfer->req.flags & PNET_REQ_RETURN_HOPS && transfer->response.has_location && !transfer->stays &&
         (status == 301 || status == 302 || status == 303 || status == 307 || status == 308);
}

/* budget.c (driver) */
enum room { ROOM_OK, ROOM_WAIT, ROOM_NEVER };
enum room budget_take(struct transfer *transfer, size_t cap); /* charge for a capacity of cap bytes */
bool budget_senior(const struct transfer *transfer);          /* it may take all that is free */
void budget_trim(struct transfer *transfer, size_t kept);     /* the body is complete: keep only this charge */
void budget_starve(struct transfer *transfer, size_t cap);
void budget_review(struct pnet_queue *queue); /* after bytes were released: let starved transfers go on */

/* request.c (any thread) */
int request_copy(struct transfer *transfer, const struct pnet_request *request, const uint8_t *text, size_t text_len);

/* A URL, or a URL, a tab and the value of Cookie. */
int request_plain(struct transfer *transfer, uint64_t id, const uint8_t *line, size_t len);

/* extra.c (pure) */
int extra_parse(struct extra *extra, char *lines); /* PNET_OK or PNET_INVALID; the lines become its strings */

/* openssl.c: what libcurl does not offer, where its TLS library is OpenSSL */
/* The TLS connection of a handle, NULL while it has none. false: libcurl's TLS library is another one. */
bool openssl_of(CURL *easy, struct ssl_st **ssl);
bool openssl_forgive(struct ssl_ctx_st *context, uint32_t flags);         /* PNET_REQ_IGNORE_DATE, _CA and _USAGE */
void openssl_peer(struct ssl_st *ssl, struct peer *peer);                 /* peer locked; NULL: no TLS */
size_t openssl_encode(const struct peer *peer, uint8_t *out, size_t cap); /* peer locked; bytes there are */

/* peer.c */
int peer_init(struct peer *peer);
void peer_free(struct peer *peer);
void peer_note(struct transfer *transfer); /* (driver) a final header section has come */

/* transfer.c */
struct transfer *transfer_new(struct pnet_engine *engine);                    /* lock held */
void transfer_recycle(struct pnet_engine *engine, struct transfer *transfer); /* lock held */
void transfer_destroy(struct transfer *transfer);
int transfer_start(struct transfer *transfer, struct shard *shard);    /* (driver) */
void transfer_ended(struct transfer *transfer, CURLcode code);         /* (driver) from CURLMSG_DONE */
void transfer_abort(struct transfer *transfer, enum pnet_fault fault); /* (driver) at any moment before T_DONE */
void transfer_resume(struct transfer *transfer);                       /* (driver) room was granted, or more to send */
bool transfer_finish_refused(struct transfer *transfer); /* (driver) true: its answer is whole, it has ended */
bool transfer_end_cut(struct transfer *transfer);        /* (driver) likewise: it will never be whole, it has ended */
void transfer_skip(struct transfer *transfer);           /* (driver) nobody wants the rest of its body */
void transfer_expire(struct transfer *transfer, enum pnet_fault fault); /* (driver) a clock has run out */
int transfer_pauses(const struct transfer *transfer);                   /* (driver) CURLPAUSE_*: what it waits for */

/* setup.c (driver) */
struct handle *handle_get(struct pnet_engine *engine);
void handle_put(struct pnet_engine *engine, struct handle *handle);
void handle_free(struct handle *handle);
int handle_prepare(struct handle *handle, struct transfer *transfer);
bool handles_must_be_fresh(void); /* whether a handle that was used harms the next transfer */
bool handle_capitals(void);       /* whether libcurl would write %2f in a path as %2F: 8 does, and nobody asked it to */

/* events.c */
bool event_record(struct transfer *transfer, enum pnet_event_kind kind, uint64_t value, const char *text,
                  size_t len);                                           /* (driver) false: no memory */
void events_publish(struct pnet_queue *queue);                           /* (driver), lock held: fresh to ready */
void events_hand_over(struct pnet_queue *queue, struct pnet_batch *out); /* lock held: ready to handed */
void event_log_free(struct event_log *log);

/* watch.c (driver): what libcurl tells about a watched transfer, as events */
int on_resolve(void *resolver, void *reserved, void *handle);
void watch_socket(struct transfer *transfer, const struct sockaddr *address);
void watch_request(struct transfer *transfer, int fd);
void watch_debug(struct transfer *transfer, curl_infotype type, const char *data, size_t len);
void watch_head(struct transfer *transfer); /* a header section has ended */
void watch_closing(struct transfer *transfer);
void watch_closed(struct transfer *transfer);
void watch_cut(struct transfer *transfer);   /* the peer has closed its connection inside the header section */
void watch_leave(struct transfer *transfer); /* it is no longer on its connection */

/* pipe.c */
int pipe_init(struct pipe *pipe);
void pipe_free(struct pipe *pipe);
void pipe_begin(struct pipe *pipe, uint64_t id); /* (driver) the body of that ticket comes now */
bool pipe_write(struct transfer *transfer, const uint8_t *data, size_t len); /* (driver) false: no memory */
size_t pipe_room(struct pipe *pipe);                                         /* (driver) */
bool pipe_wait(struct pipe *pipe, size_t need); /* (driver) the transfer must wait for room; false: there is room now */
size_t pipe_read(struct pipe *pipe, uint8_t *out, size_t cap, bool *resume);
void pipe_discard(struct pipe *pipe, uint64_t id); /* what came and comes of that ticket is dropped */
size_t pipe_drain(struct pipe *pipe, struct sink *sink, size_t most); /* (driver) an untouched small body as a whole */

/* feed.c (any thread) */
enum feed_rc { FEED_OK, FEED_EMPTY, FEED_END, FEED_YIELD };
int feed_init(struct feed *feed);
void feed_free(struct feed *feed);
void feed_begin(struct feed *feed, const struct pnet_request *request); /* its body is to be written now */
void feed_close(struct feed *feed, uint64_t id);                        /* that request wants no more */
int feed_offer(struct feed *feed, const uint8_t *data, size_t len, bool *collected,
               bool *resume);       /* PNET_OK, PNET_END, PNET_INVALID; unless collected until withdrawn;
                                                        resume: the transfer waits for ORDER_FEED */
bool feed_waits(struct feed *feed); /* some of what is offered was not taken */
size_t feed_withdraw(struct feed *feed, bool *open); /* how much was taken */
int feed_end(struct feed *feed);                     /* PNET_OK or PNET_INVALID: it is too short */
enum feed_rc feed_take(struct transfer *transfer, char *out, size_t cap, size_t *n); /* (driver) */

/* receive.c, connect.c, upload.c (driver): libcurl's callbacks */
size_t on_header(char *line, size_t size, size_t n, void *handle);
size_t on_body(char *data, size_t size, size_t n, void *handle);
size_t on_upload(char *out, size_t size, size_t n, void *handle);
bool socket_has_input(int fd);                           /* something has arrived, or the connection is dead */
bool upload_must_yield(const struct transfer *transfer); /* what has arrived is to be read before more is sent */
int on_seek(void *handle, curl_off_t offset, int origin);
CURLcode on_tls(CURL *easy, void *context, void *handle);
int on_prereq(void *handle, char *remote, char *local, int remote_port, int local_port);
curl_socket_t on_open_socket(void *handle, curlsocktype purpose, struct curl_sockaddr *address);
int on_close_socket(void *engine, curl_socket_t fd);
int sockets_settle(struct transfer *transfer, int local_port, int remote_port); /* -1: none became a connection */
int on_debug(CURL *easy, curl_infotype type, char *data, size_t len, void *handle);
bool receive_rest(struct transfer *transfer);    /* go on with held bytes; false: starved again or failed */
bool announce_answer(struct transfer *transfer); /* PNET_EVENT_ANSWER, once; false: failed */

/* salvage.c (driver) */
void salvage_watch(struct transfer *transfer, int fd);   /* it is on that connection now; -1 = on none */
void salvage_collect(struct transfer *transfer, int fd); /* before it is closed */
bool salvage(struct transfer *transfer);                 /* sending failed: the whole answer was there nevertheless */

/* response.c (pure) */
bool response_plainly_coded(const struct response *response);
void response_line(struct response *response, const char *line, size_t len);

/* chunks.c (pure) */
static inline bool chunks_in_trailer(const struct chunks *chunks)
{
  return chunks->state >= CHUNKS_TRAILER;
}

/* Take input up to the end of a piece of data, which may be all of it, or none. false: it is malformed. */
bool chunks_run(struct chunks *chunks, const uint8_t **in, size_t *in_len, const uint8_t **data, size_t *data_len);

/* sink.c */
int sink_open_file(struct sink *sink, const char *path, int64_t expected); /* 0 or an errno */
int sink_write_file(struct sink *sink, const uint8_t *data, size_t len);   /* 0 or an errno */
int sink_commit_file(struct sink *sink, const char *path);                 /* 0 or an errno */
void sink_abort_file(struct sink *sink);
int sink_reserve(struct sink *sink, size_t cap);    /* 0 or ENOMEM */
uint64_t body_hand_over(uint8_t *data, size_t len); /* takes data, len > 0; freed with pnet_body_free */

void transfer_fail(struct transfer *transfer, enum pnet_fault fault, const char *detail);

#endif
