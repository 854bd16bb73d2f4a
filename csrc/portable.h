/* portable.h - what Linux has and other systems lack, or have under another name. PNET_PORTABLE chooses the fallbacks
 * on Linux too, to see that they compile and work. */
#ifndef PNET_PORTABLE_H
#define PNET_PORTABLE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#ifdef PNET_PORTABLE
#undef MSG_DONTWAIT
#undef MSG_NOSIGNAL
#endif
#ifndef MSG_DONTWAIT
#define MSG_DONTWAIT 0 /* libcurl's sockets never block */
#endif
#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

int portable_socket(int family, int type, int protocol); /* not inherited by exec'd programs; -1 and errno */
int portable_preallocate(int fd, int64_t bytes);         /* 0, also where it cannot be done, or an errno */
bool portable_random(void *out, size_t len);
bool portable_find(const char *text, size_t len, const char *what);
int portable_cond_init(pthread_cond_t *cond);
void portable_cond_wait(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t until_us); /* of clock_us */

#endif
