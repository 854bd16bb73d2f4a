/* held.c - which descriptors are the engine's: what a forked child closes. Ours are noted when they are opened. libcurl
 * makes some of its own and tells of few: they are found by what they do, never guessed by their number alone.
 *
 * libcurl may close a socket without a word, and its number may come back as somebody else's: a descriptor is closed
 * only if it still is what was noted. Event descriptors have no identity; they are dropped before they are closed. */
#include "internal.h"
#include "portable.h"

#include <dirent.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NEIGHBOURS 64 /* numbers among which a new descriptor is looked for */

void held_add(struct poller *poller, int fd)
{
  struct socket_entry *entry;
  struct stat info;
  if(fd < 0 || fstat(fd, &info))
    return;
  entry = poller_entry(poller, fd);
  if(!entry)
    return;
  entry->held = true;
  entry->device = info.st_dev;
  entry->inode = info.st_ino;
}

void held_drop(struct poller *poller, int fd)
{
  if(fd >= 0 && (size_t)fd < poller->n_sockets)
    poller->sockets[fd].held = false;
}

void held_close(const struct poller *poller)
{
  struct stat info;
  for(size_t i = 0; i < poller->n_sockets; i++) {
    const struct socket_entry *entry = &poller->sockets[i];
    if(entry->held && !fstat((int)i, &info) && info.st_dev == entry->device && info.st_ino == entry->inode)
      close((int)i);
  }
}

/* ---- pairs ---- */

static bool local_socket(int fd)
{
  struct sockaddr_storage name = {.ss_family = AF_UNSPEC};
  socklen_t len = sizeof(name);
  return !getsockname(fd, (struct sockaddr *)&name, &len) && name.ss_family == AF_UNIX;
}

/* Whether what was sent into one end waits at fd; it is taken out again. */
static bool arrived(int fd, const uint8_t *token, size_t len)
{
  struct pollfd look = {.fd = fd, .events = POLLIN};
  uint8_t got[16];
  return local_socket(fd) && poll(&look, 1, 0) == 1 && recv(fd, got, len, MSG_PEEK | MSG_DONTWAIT) == (ssize_t)len &&
         !memcmp(got, token, len) && recv(fd, got, len, MSG_DONTWAIT) == (ssize_t)len;
}

static bool same_pipe(int fd, const struct stat *other)
{
  struct stat info;
  return !fstat(fd, &info) && info.st_dev == other->st_dev && info.st_ino == other->st_ino;
}

/* The other end of a pipe, or of a pair of sockets into whose one end libcurl only writes; -1 = not here. */
static int partner_of(int fd)
{
  uint8_t token[16];
  struct dirent *item;
  struct stat info;
  bool pipe;
  int found = -1;
  DIR *all;
  if(fstat(fd, &info))
    return -1;
  pipe = S_ISFIFO(info.st_mode);
  if(!pipe && (!local_socket(fd) || !portable_random(token, sizeof(token)) ||
               send(fd, token, sizeof(token), MSG_DONTWAIT | MSG_NOSIGNAL) != sizeof(token)))
    return -1;
  if(pipe ? same_pipe(fd + 1, &info) : arrived(fd + 1, token, sizeof(token)))
    return fd + 1;
  all = opendir("/dev/fd");
  while(all && found < 0 && (item = readdir(all))) {
    int other = atoi(item->d_name);
    if(item->d_name[0] != '.' && other != fd && (pipe ? same_pipe(other, &info) : arrived(other, token, sizeof(token))))
      found = other;
  }
  if(all)
    closedir(all);
  return found;
}

/* The descriptor that becomes readable whenever libcurl is told to wake up, and no longer is when it has: four times. */
static int outer_wakeup(CURLM *multi, int from)
{
  struct pollfd fds[NEIGHBOURS];
  for(int i = 0; i < NEIGHBOURS; i++)
    fds[i] = (struct pollfd){.fd = from + i, .events = POLLIN};
  for(int round = 0; round < 4; round++) {
    bool on = round % 2 == 0;
    if(on)
      curl_multi_wakeup(multi);
    else
      curl_multi_poll(multi, NULL, 0, 0, NULL);
    poll(fds, NEIGHBOURS, 0);
    for(int i = 0; i < NEIGHBOURS; i++)
      if(fds[i].revents != (on ? POLLIN : 0))
        fds[i].fd = -1;
  }
  for(int i = 0; i < NEIGHBOURS; i++)
    if(fds[i].fd >= 0)
      return fds[i].fd;
  return -1;
}

static int on_first_socket(CURL *easy, curl_socket_t fd, int what, void *found, void *unused)
{
  (void)easy;
  (void)unused;
  if(what != CURL_POLL_REMOVE)
    *(int *)found = fd;
  return 0;
}

/* libcurl since 8.20 has another by which its resolver wakes it. It names it as long as any transfer runs: here one
 * without a URL, which ends where it begins. */
static int inner_wakeup(CURLM *multi)
{
  CURL *none = curl_easy_init();
  int running, fd = -1;
  if(!none)
    return -1;
  curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_first_socket);
  curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, &fd);
  if(!curl_multi_add_handle(multi, none)) {
    curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
    curl_multi_remove_handle(multi, none);
  }
  curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, NULL);
  curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, NULL);
  curl_easy_cleanup(none);
  return fd;
}

static void add_both(struct poller *poller, int *ends)
{
  ends[1] = ends[0] >= 0 ? partner_of(ends[0]) : -1;
  held_add(poller, ends[0]);
  held_add(poller, ends[1]);
}

void held_add_wakeup(struct shard *shard, int from)
{
  struct poller *poller = &shard->engine->poller;
  shard->wakeup[0] = outer_wakeup(shard->multi, from);
  shard->inner[0] = inner_wakeup(shard->multi);
  add_both(poller, shard->wakeup);
  add_both(poller, shard->inner);
}

void held_add_lookups(struct poller *poller)
{
  for(size_t i = 0; i < poller->n_sockets; i++) {
    const struct socket_entry *entry = &poller->sockets[i];
    if(entry->held && entry->shard && entry->want && !entry->origin)
      held_add(poller, partner_of((int)i));
  }
}
