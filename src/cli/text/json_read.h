/* SPDX-License-Identifier: MIT */
/* json_read.h - reads a JSON text into a tree. The text is others': what is no JSON is refused. */
#ifndef SHMRING_SRC_CLI_TEXT_JSON_READ_H
#define SHMRING_SRC_CLI_TEXT_JSON_READ_H

#include "command.h"

enum json_kind { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

/* Nodes refer to one another by their place in the tree; 0: there is none. */
struct json_node {
    enum json_kind kind;
    const char *key;  /* in an object; else NULL */
    const char *text; /* of a string */
    double number;    /* of a number; 1 or 0 of a bool */
    uint32_t first;   /* of an array or object: what is in it */
    uint32_t next;    /* behind it, in the same array or object */
};

struct json_tree {
    struct json_node *nodes; /* nodes[1] is the whole */
    uint32_t count, room;
    char *at; /* while it reads */
};

/* text: ends with a 0; the tree keeps parts of it, which are changed. Returns NULL, or what is
 * wrong. json_free() in both cases. */
const char *json_read(struct json_tree *ret, char *text);
void json_free(struct json_tree *tree);

/* The member of an object with that key; NULL also when the node is no object. */
const struct json_node *json_get(const struct json_tree *tree, const struct json_node *object,
                                 const char *key);
/* The first of an array or object, the one behind a node; NULL: there is none. */
const struct json_node *json_first(const struct json_tree *tree, const struct json_node *node);
const struct json_node *json_next(const struct json_tree *tree, const struct json_node *node);
/* The number or text under a key, or what is said instead. */
double json_get_number(const struct json_tree *tree, const struct json_node *object,
                       const char *key, double otherwise);
const char *json_get_text(const struct json_tree *tree, const struct json_node *object,
                          const char *key, const char *otherwise);

#endif
