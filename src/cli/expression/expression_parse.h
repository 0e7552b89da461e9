/* SPDX-License-Identifier: MIT */
/* expression_parse.h - between expression_parse.c, which has the grammar, and expression_names.c,
 * which finds what a name stands for. */
#ifndef SHMRING_SRC_CLI_EXPRESSION_EXPRESSION_PARSE_H
#define SHMRING_SRC_CLI_EXPRESSION_EXPRESSION_PARSE_H

#include "expression/expression.h"

#define NOWHERE UINT32_MAX

struct parser {
    struct expression *e;
    const shmring_description *d;
    const char *text, *at;
    char *why;
    size_t strings_len;
    uint32_t depth;
};

/* Returns NOWHERE, with the first thing that is wrong kept. */
uint32_t expression_wrong(struct parser *p, const char *at, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(__printf__, 3, 4)))
#endif
    ;

/* Each: a new node, or NOWHERE. */
uint32_t expression_add(struct parser *p, enum node_kind kind, uint32_t left, uint32_t right);
uint32_t expression_add_value(struct parser *p, const struct value *v);
uint32_t expression_add_name(struct parser *p, const char *from, const char *name);

/* Reads a number of decimal or hexadecimal digits, or a real one. Returns 0 when it is none. */
int expression_read_number(const char *from, size_t n, struct value *ret);

#endif
