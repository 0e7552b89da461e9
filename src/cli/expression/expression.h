/* SPDX-License-Identifier: MIT */
/* expression.h - conditions on records, as --where takes them: compiled once for a description, and
 * asked for each record.
 *
 *   either  = both { ("or" | "||") both }
 *   both    = one { ("and" | "&&") one }
 *   one     = ("not" | "!") one | operand [ compare operand ]
 *   compare = "==" | "=" | "!=" | "<" | "<=" | ">" | ">="
 *   operand = "(" either ")" | number | string | name
 *
 * Text, depth and steps are bounded, so an answer takes bounded time whatever was typed. */
#ifndef SHMRING_SRC_CLI_EXPRESSION_EXPRESSION_H
#define SHMRING_SRC_CLI_EXPRESSION_EXPRESSION_H

#include <shmring/shmring.h>

#define EXPRESSION_TEXT_MAX  1024u /* bytes */
#define EXPRESSION_DEPTH_MAX 32u   /* parentheses and negations in each other */
#define EXPRESSION_NODES_MAX 256u
#define EXPRESSION_WHY_SIZE  256u

struct expression;

/* Compiles a text for the records of one description; d: NULL knows no fields. Returns what
 * expression_free() takes; NULL with a sentence in ret_why, which has the column. */
struct expression *expression_compile(const char *text, const shmring_description *d,
                                      char ret_why[EXPRESSION_WHY_SIZE]);
void expression_free(struct expression *e);

/* Whether a record meets the condition. type: the record's, which it passed shmring_type_check()
 * for, or NULL. record->data: no other process can change it. */
int expression_holds(const struct expression *e, const shmring_type *type,
                     const shmring_record *record);

/* ---- between the parser and expression.c ---- */

enum node_kind { NODE_OR, NODE_AND, NODE_NOT, NODE_COMPARE, NODE_VALUE, NODE_FIELD, NODE_OWN };
enum compare { COMPARE_EQ, COMPARE_NE, COMPARE_LT, COMPARE_LE, COMPARE_GT, COMPARE_GE };
enum own { OWN_NONE, OWN_TYPE, OWN_LEN, OWN_STAMP, OWN_POSITION };

/* VALUE_WHOLE: minus and magnitude, so that each integer of 64 bits is exact. VALUE_TYPE: whole is
 * the number, and text the name. */
enum value_kind { VALUE_NONE, VALUE_WHOLE, VALUE_REAL, VALUE_TEXT, VALUE_TYPE };
struct value {
    enum value_kind kind;
    int minus;
    uint64_t whole;
    double real;
    const char *text;
    size_t len;
};

struct node {
    enum node_kind kind;
    uint32_t left, right;  /* nodes */
    uint32_t which;        /* enum compare */
    enum own own;          /* of a name that the record's type does not have as a field */
    struct value value;    /* NODE_VALUE */
    shmring_place *places; /* NODE_FIELD, by the type's index; no field: it has none */
};

struct expression {
    uint32_t count, root;
    char *strings; /* the literals', without quotes */
    struct node nodes[EXPRESSION_NODES_MAX];
};

#endif
