/* SPDX-License-Identifier: MIT */
/* json_read.c - a JSON text as a tree. */
#include "text/json_read.h"

#include <stdlib.h>
#include <string.h>

#define DEPTH_MOST 64
#define NODES_MOST (UINT32_C(1) << 26)

static const char no_json[] = "is no JSON", no_memory[] = "needs more memory than there is";

/* ---- nodes ---- */

/* Returns its place; 0: no memory. */
static uint32_t add_node(struct json_tree *t)
{
    struct json_node *more;
    uint32_t room = t->room != 0 ? 2 * t->room : 256;

    if (t->count + 1 >= t->room) {
        more = room <= NODES_MOST ? realloc(t->nodes, (size_t)room * sizeof *more) : NULL;
        if (more == NULL) {
            return 0;
        }
        t->nodes = more;
        t->room = room;
    }
    t->count++;
    memset(&t->nodes[t->count], 0, sizeof *t->nodes);
    return t->count;
}

static void skip_blanks(struct json_tree *t)
{
    t->at += strspn(t->at, " \t\r\n");
}

/* ---- strings and numbers ---- */

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* Writes \u and four digits as UTF-8; halves of a pair become '?'. */
static int read_code(const char *digits, char **to)
{
    unsigned code = 0;
    int i, digit;

    for (i = 0; i < 4; i++) {
        digit = hex_digit(digits[i]);
        if (digit < 0) {
            return 0;
        }
        code = code * 16 + (unsigned)digit;
    }
    if (code == 0 || (code >= 0xD800 && code < 0xE000)) {
        *(*to)++ = '?';
    } else if (code < 0x80) {
        *(*to)++ = (char)code;
    } else if (code < 0x800) {
        *(*to)++ = (char)(0xC0 | code >> 6);
        *(*to)++ = (char)(0x80 | (code & 0x3F));
    } else {
        *(*to)++ = (char)(0xE0 | code >> 12);
        *(*to)++ = (char)(0x80 | (code >> 6 & 0x3F));
        *(*to)++ = (char)(0x80 | (code & 0x3F));
    }
    return 1;
}

/* Reads a string where it stands: it is never longer than its form. */
static const char *read_string(struct json_tree *t, const char **ret)
{
    static const char escapes[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";
    char *to = t->at + 1, *from = to;
    const char *escape;

    *ret = to;
    while (*from != '"') {
        if ((unsigned char)*from < ' ') {
            return no_json;
        }
        if (*from != '\\') {
            *to++ = *from++;
            continue;
        }
        from++;
        escape = *from != '\0' ? strchr(escapes, *from) : NULL;
        if (escape != NULL) {
            *to++ = means[escape - escapes];
            from++;
        } else if (*from == 'u' && read_code(from + 1, &to)) {
            from += 5;
        } else {
            return no_json;
        }
    }
    *to = '\0';
    t->at = from + 1;
    return NULL;
}

/* Its end becomes a 0 for strtod() only as long as that reads. */
static const char *read_number(struct json_tree *t, double *ret)
{
    const size_t n = strspn(t->at, "+-.0123456789eE");
    const char kept = t->at[n];
    char *end;

    t->at[n] = '\0';
    *ret = strtod(t->at, &end);
    t->at[n] = kept;
    if (n == 0 || end != t->at + n) {
        return no_json;
    }
    t->at += n;
    return NULL;
}

static const char *read_word(struct json_tree *t, struct json_node *node)
{
    static const struct {
        const char *word;
        enum json_kind kind;
        double number;
    } words[] = {{"true", JSON_BOOL, 1}, {"false", JSON_BOOL, 0}, {"null", JSON_NULL, 0}};
    size_t i, n;

    for (i = 0; i < sizeof words / sizeof words[0]; i++) {
        n = strlen(words[i].word);
        if (strncmp(t->at, words[i].word, n) == 0) {
            node->kind = words[i].kind;
            node->number = words[i].number;
            t->at += n;
            return NULL;
        }
    }
    node->kind = JSON_NUMBER;
    return read_number(t, &node->number);
}

/* ---- all of it ---- */

static const char *read_value(struct json_tree *t, const char *key, uint32_t *ret, int depth);

/* Reads the members between brackets. */
static const char *read_members(struct json_tree *t, uint32_t self, int depth)
{
    const int is_object = *t->at == '{';
    const char end = is_object ? '}' : ']', *key = NULL, *wrong = NULL;
    uint32_t member, last = 0;

    t->nodes[self].kind = is_object ? JSON_OBJECT : JSON_ARRAY;
    t->at++;
    skip_blanks(t);
    while (*t->at != end || last != 0) {
        if (is_object) {
            wrong = *t->at == '"' ? read_string(t, &key) : no_json;
            skip_blanks(t);
            if (wrong != NULL || *t->at++ != ':') {
                return no_json;
            }
        }
        wrong = read_value(t, key, &member, depth + 1);
        if (wrong != NULL) {
            return wrong;
        }
        *(last != 0 ? &t->nodes[last].next : &t->nodes[self].first) = member;
        last = member;
        skip_blanks(t);
        if (*t->at == end) {
            break;
        }
        if (*t->at++ != ',') {
            return no_json;
        }
        skip_blanks(t);
    }
    t->at++;
    return NULL;
}

static const char *read_value(struct json_tree *t, const char *key, uint32_t *ret, int depth)
{
    const uint32_t self = add_node(t);

    if (self == 0) {
        return no_memory;
    }
    *ret = self;
    t->nodes[self].key = key;
    skip_blanks(t);
    if (depth > DEPTH_MOST) {
        return "is nested too deep";
    }
    if (*t->at == '{' || *t->at == '[') {
        return read_members(t, self, depth);
    }
    if (*t->at == '"') {
        t->nodes[self].kind = JSON_STRING;
        return read_string(t, &t->nodes[self].text);
    }
    return read_word(t, &t->nodes[self]);
}

const char *json_read(struct json_tree *ret, char *text)
{
    const char *wrong;
    uint32_t whole;

    memset(ret, 0, sizeof *ret);
    ret->at = text;
    wrong = read_value(ret, NULL, &whole, 0);
    skip_blanks(ret);
    return wrong != NULL ? wrong : *ret->at != '\0' ? no_json : NULL;
}

void json_free(struct json_tree *tree)
{
    free(tree->nodes);
    tree->nodes = NULL;
}

/* ---- asking ---- */

const struct json_node *json_first(const struct json_tree *tree, const struct json_node *node)
{
    return node != NULL && node->first != 0 ? &tree->nodes[node->first] : NULL;
}

const struct json_node *json_next(const struct json_tree *tree, const struct json_node *node)
{
    return node->next != 0 ? &tree->nodes[node->next] : NULL;
}

const struct json_node *json_get(const struct json_tree *tree, const struct json_node *object,
                                 const char *key)
{
    const struct json_node *member = json_first(tree, object);

    while (member != NULL && (member->key == NULL || strcmp(member->key, key) != 0)) {
        member = json_next(tree, member);
    }
    return member;
}

double json_get_number(const struct json_tree *tree, const struct json_node *object,
                       const char *key, double otherwise)
{
    const struct json_node *member = json_get(tree, object, key);

    return member != NULL && member->kind == JSON_NUMBER ? member->number : otherwise;
}

const char *json_get_text(const struct json_tree *tree, const struct json_node *object,
                          const char *key, const char *otherwise)
{
    const struct json_node *member = json_get(tree, object, key);

    return member != NULL && member->kind == JSON_STRING ? member->text : otherwise;
}
