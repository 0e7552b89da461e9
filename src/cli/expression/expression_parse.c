/* SPDX-License-Identifier: MIT */
/* expression_parse.c - the text of a condition into nodes: expression.h has the grammar. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "expression/expression_parse.h"

#define NUMBER_MAX 64u
#define NAME_MAX   256u
static uint32_t parse_either(struct parser *p);

uint32_t expression_wrong(struct parser *p, const char *at, const char *format, ...)
{
    char what[EXPRESSION_WHY_SIZE - 32];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(what, sizeof what, format, args);
    va_end(args);
    if (p->why[0] == '\0') {
        (void)snprintf(p->why, EXPRESSION_WHY_SIZE, "column %u: %s", (unsigned)(at - p->text) + 1,
                       what);
    }
    return NOWHERE;
}

uint32_t expression_add(struct parser *p, enum node_kind kind, uint32_t left, uint32_t right)
{
    struct node *n = &p->e->nodes[p->e->count];

    if (p->e->count == EXPRESSION_NODES_MAX) {
        return expression_wrong(p, p->at, "it has more than %u parts", EXPRESSION_NODES_MAX);
    }
    if (left == NOWHERE || right == NOWHERE) {
        return NOWHERE;
    }
    n->kind = kind;
    n->left = left;
    n->right = right;
    return p->e->count++;
}

/* ---- characters ---- */

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_';
}

static void skip_blanks(struct parser *p)
{
    p->at += strspn(p->at, " \t\r\n");
}

/* Takes a sign, or a word that no letter follows. */
static int take(struct parser *p, const char *sign)
{
    const size_t n = strlen(sign);

    skip_blanks(p);
    if (strncmp(p->at, sign, n) != 0 || (is_name_char(sign[0]) && is_name_char(p->at[n]))) {
        return 0;
    }
    p->at += n;
    return 1;
}

/* ---- literals ---- */

uint32_t expression_add_value(struct parser *p, const struct value *v)
{
    const uint32_t at = expression_add(p, NODE_VALUE, 0, 0);

    if (at != NOWHERE) {
        p->e->nodes[at].value = *v;
    }
    return at;
}

static size_t number_length(const char *at)
{
    size_t n = at[0] == '-' || at[0] == '+';

    for (; is_name_char(at[n]) || at[n] == '.' ||
           ((at[n] == '-' || at[n] == '+') && (at[n - 1] | 0x20) == 'e' && n > 0);
         n++) {
    }
    return n;
}

int expression_read_number(const char *from, size_t n, struct value *ret)
{
    char text[NUMBER_MAX];
    const int minus = from[0] == '-';
    const size_t sign = (size_t)(minus || from[0] == '+');
    const int hex = n > sign + 2 && from[sign] == '0' && (from[sign + 1] | 0x20) == 'x';
    const uint64_t base = hex ? 16 : 10;
    size_t i;
    char *end;

    memset(ret, 0, sizeof *ret);
    ret->kind = VALUE_WHOLE;
    for (i = sign + (hex ? 2 : 0); i < n; i++) {
        const char c = (char)(from[i] | 0x20);
        const uint64_t digit = is_digit(from[i])             ? (uint64_t)(from[i] - '0')
                               : hex && c >= 'a' && c <= 'f' ? (uint64_t)(c - 'a') + 10
                                                             : base;

        if (digit >= base || ret->whole > (UINT64_MAX - digit) / base) {
            break;
        }
        ret->whole = ret->whole * base + digit;
    }
    ret->minus = minus && ret->whole != 0;
    if (i == n && n > sign) {
        return 1;
    }
    if (hex || n >= sizeof text || strspn(from + sign, "0123456789.eE+-") < n - sign) {
        return 0;
    }
    memcpy(text, from, n);
    text[n] = '\0';
    ret->kind = VALUE_REAL;
    ret->real = strtod(text, &end);
    return end == text + n && end != text;
}

static uint32_t parse_number(struct parser *p)
{
    const char *from = p->at;
    const size_t n = number_length(from);
    struct value v;

    if (!expression_read_number(from, n, &v)) {
        return expression_wrong(p, from, "'%.*s' is no number", n < 40 ? (int)n : 40, from);
    }
    p->at += n;
    return expression_add_value(p, &v);
}

static uint32_t parse_string(struct parser *p)
{
    const char *from = p->at;
    const char quote = *p->at++;
    struct value v = {0};

    v.kind = VALUE_TEXT;
    v.text = p->e->strings + p->strings_len;
    for (; *p->at != quote; p->at++) {
        if (*p->at == '\\' && (p->at[1] == '\\' || p->at[1] == '\'' || p->at[1] == '"')) {
            p->at++;
        }
        if (*p->at == '\0') {
            return expression_wrong(p, from, "this text has no end: a %c is missing", quote);
        }
        p->e->strings[p->strings_len++] = *p->at;
        v.len++;
    }
    p->at++;
    return expression_add_value(p, &v);
}

/* ---- names ---- */

static size_t name_length(const char *at)
{
    size_t n = 0;

    while (is_name_char(at[n]) || at[n] == '.' || at[n] == '[' || at[n] == ']') {
        n++;
    }
    return n;
}

static uint32_t parse_name(struct parser *p)
{
    const char *from = p->at;
    const size_t n = name_length(from);
    char name[NAME_MAX];
    struct value v;

    if (n >= sizeof name) {
        return expression_wrong(p, from, "this name has more than %u letters", NAME_MAX - 1);
    }
    memcpy(name, from, n);
    name[n] = '\0';
    p->at += n;
    if (strcmp(name, "true") == 0 || strcmp(name, "false") == 0) {
        (void)expression_read_number(name[0] == 't' ? "1" : "0", 1, &v);
        return expression_add_value(p, &v);
    }
    if (strcmp(name, "and") == 0 || strcmp(name, "or") == 0) {
        return expression_wrong(p, from, "something is missing before '%s'", name);
    }
    return expression_add_name(p, from, name);
}

/* ---- the grammar ---- */

static uint32_t parse_operand(struct parser *p)
{
    const char *from;
    uint32_t inside;

    skip_blanks(p);
    from = p->at;
    if (take(p, "(")) {
        inside = parse_either(p);
        return inside == NOWHERE || take(p, ")")
                   ? inside
                   : expression_wrong(p, p->at, "here should be the ) of column %u",
                                      (unsigned)(from - p->text) + 1);
    }
    if (*from == '"' || *from == '\'') {
        return parse_string(p);
    }
    if (is_digit(*from) ||
        ((*from == '-' || *from == '.') && (is_digit(from[1]) || from[1] == '.'))) {
        return parse_number(p);
    }
    if (is_name_char(*from)) {
        return parse_name(p);
    }
    return *from == '\0' ? expression_wrong(p, from, "something is missing at the end")
                         : expression_wrong(p, from, "here should be a field, a number or a text");
}

/* Returns which, or NOWHERE. */
static uint32_t take_compare(struct parser *p)
{
    static const struct {
        const char *sign;
        enum compare which;
    } signs[] = {{"==", COMPARE_EQ}, {"!=", COMPARE_NE}, {"<=", COMPARE_LE}, {">=", COMPARE_GE},
                 {"=", COMPARE_EQ},  {"<", COMPARE_LT},  {">", COMPARE_GT}};
    size_t i;

    for (i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        if (take(p, signs[i].sign)) {
            return signs[i].which;
        }
    }
    return NOWHERE;
}

static uint32_t parse_comparison(struct parser *p)
{
    const uint32_t left = parse_operand(p);
    uint32_t which, right, at;

    if (left == NOWHERE || (which = take_compare(p)) == NOWHERE) {
        return left;
    }
    right = parse_operand(p);
    at = expression_add(p, NODE_COMPARE, left, right);
    if (at == NOWHERE) {
        return at;
    }
    p->e->nodes[at].which = which;
    skip_blanks(p);
    return take_compare(p) == NOWHERE
               ? at
               : expression_wrong(p, p->at - 1, "comparisons do not chain: write a < b and b < c");
}

static uint32_t parse_one(struct parser *p)
{
    uint32_t at;

    if (p->depth == EXPRESSION_DEPTH_MAX) {
        return expression_wrong(p, p->at, "it is nested more than %u deep", EXPRESSION_DEPTH_MAX);
    }
    p->depth++;
    skip_blanks(p);
    if (take(p, "not") || (p->at[0] == '!' && p->at[1] != '=' && take(p, "!"))) {
        at = expression_add(p, NODE_NOT, parse_one(p), 0);
    } else {
        at = parse_comparison(p);
    }
    p->depth--;
    return at;
}

static uint32_t parse_both(struct parser *p)
{
    uint32_t at = parse_one(p);

    while (at != NOWHERE && (take(p, "and") || take(p, "&&"))) {
        at = expression_add(p, NODE_AND, at, parse_one(p));
    }
    return at;
}

static uint32_t parse_either(struct parser *p)
{
    uint32_t at = parse_both(p);

    while (at != NOWHERE && (take(p, "or") || take(p, "||"))) {
        at = expression_add(p, NODE_OR, at, parse_both(p));
    }
    return at;
}

struct expression *expression_compile(const char *text, const shmring_description *d,
                                      char ret_why[EXPRESSION_WHY_SIZE])
{
    struct parser p = {0};
    const size_t len = strlen(text);

    ret_why[0] = '\0';
    if (len > EXPRESSION_TEXT_MAX) {
        (void)snprintf(ret_why, EXPRESSION_WHY_SIZE, "it has more than %u bytes",
                       EXPRESSION_TEXT_MAX);
        return NULL;
    }
    p.e = calloc(1, sizeof *p.e);
    p.d = d;
    p.text = p.at = text;
    p.why = ret_why;
    if (p.e == NULL || (p.e->strings = malloc(len + 1)) == NULL) {
        (void)snprintf(ret_why, EXPRESSION_WHY_SIZE, "there is no memory for it");
        expression_free(p.e);
        return NULL;
    }
    p.e->root = parse_either(&p);
    skip_blanks(&p);
    if (p.e->root != NOWHERE && *p.at != '\0') {
        p.e->root = expression_wrong(&p, p.at, "here should be and, or, a comparison or the end");
    }
    if (p.e->root == NOWHERE) {
        expression_free(p.e);
        return NULL;
    }
    return p.e;
}
