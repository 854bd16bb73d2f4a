/* list.h - intrusive doubly linked list. A link is in one list or in none (next == NULL). */
#ifndef PNET_LIST_H
#define PNET_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct link {
  struct link *next, *prev;
};

#define CONTAINER(ptr, type, member) ((type *)(void *)((char *)(ptr) - offsetof(type, member)))

static inline void list_init(struct link *head)
{
  head->next = head->prev = head;
}

static inline bool list_empty(const struct link *head)
{
  return head->next == head;
}

static inline bool linked(const struct link *item)
{
  return item->next != NULL;
}

static inline void list_push(struct link *head, struct link *item)
{
  item->prev = head->prev;
  item->next = head;
  head->prev->next = item;
  head->prev = item;
}

static inline void list_push_front(struct link *head, struct link *item)
{
  list_push(head->next, item);
}

static inline void list_remove(struct link *item)
{
  if(!item->next)
    return;
  item->prev->next = item->next;
  item->next->prev = item->prev;
  item->next = item->prev = NULL;
}

/* First item taken out, or NULL. */
static inline struct link *list_pop(struct link *head)
{
  struct link *item = head->next;
  if(item == head)
    return NULL;
  list_remove(item);
  return item;
}

/* Append all of `from` to `head`; `from` is empty after it. */
static inline void list_splice(struct link *head, struct link *from)
{
  if(list_empty(from))
    return;
  from->next->prev = head->prev;
  head->prev->next = from->next;
  from->prev->next = head;
  head->prev = from->prev;
  list_init(from);
}

#define LIST_EACH(item, head) for(struct link *item = (head)->next; item != (head); item = item->next)
/* The same when the body may remove the item. */
#define LIST_EACH_SAFE(item, head)                                                 \
  for(struct link *item = (head)->next, *item##_next = item->next; item != (head); \
      item = item##_next, item##_next = item->next)

#endif
