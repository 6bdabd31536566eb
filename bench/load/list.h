/*
 * Lists whose nodes are the first members of what is in them: a cast leads from one to the other.
 */
#ifndef BENCH_LIST_H
#define BENCH_LIST_H

#include <stddef.h>

struct node {
    struct node *next, *previous;
};

/* A zeroed list is an empty one. */
struct list {
    struct node *first, *last;
    size_t count;
};

/* place NULL: at the front. */
static inline void list_insert_behind(struct list *list, struct node *node, struct node *place)
{
    node->previous = place;
    node->next = place ? place->next : list->first;
    *(node->next ? &node->next->previous : &list->last) = node;
    *(place ? &place->next : &list->first) = node;
    list->count++;
}

static inline void list_append(struct list *list, struct node *node)
{
    list_insert_behind(list, node, list->last);
}

static inline void list_remove(struct list *list, struct node *node)
{
    *(node->previous ? &node->previous->next : &list->first) = node->next;
    *(node->next ? &node->next->previous : &list->last) = node->previous;
    list->count--;
}

#endif
