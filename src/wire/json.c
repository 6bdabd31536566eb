/* The grammar: checks a text and finds its parts. */
#include "wire/json.h"

#include <string.h>

#include "wire/json_scalar.h"

static void skip_space(struct json_cursor *c)
{
    while (c->at < c->end &&
           (*c->at == ' ' || *c->at == '\t' || *c->at == '\n' || *c->at == '\r'))
        c->at++;
}

/* ---- values ---- */

/* The arrays and objects around the cursor, innermost in the lowest bit. */
struct nesting {
    uint64_t is_object;
    unsigned depth;
};

_Static_assert(JSON_MAX_DEPTH <= 64, "one bit for each level");

static bool open_container(struct json_cursor *c, struct nesting *nest)
{
    c->is_too_deep = nest->depth == JSON_MAX_DEPTH;
    if (c->is_too_deep)
        return false;
    nest->is_object = nest->is_object << 1 | (*c->at == '{');
    nest->depth++;
    c->at++;
    skip_space(c);
    return true;
}

static bool close_container(struct json_cursor *c, struct nesting *nest)
{
    if (!json_skip_char(c, nest->is_object & 1 ? '}' : ']'))
        return false;
    nest->is_object >>= 1;
    nest->depth--;
    return true;
}

/* "name": of a member */
static bool skip_name(struct json_cursor *c)
{
    skip_space(c);
    if (!json_skip_string(c))
        return false;
    skip_space(c);
    return json_skip_char(c, ':');
}

/*
 * After a value inside outer or more levels: passes over the ends of containers and one
 * comma with the name that may follow.  *more: another value comes.
 */
static bool skip_after_value(struct json_cursor *c, struct nesting *nest, unsigned outer,
                             bool *more)
{
    *more = false;
    while (nest->depth > outer) {
        skip_space(c);
        if (json_skip_char(c, ',')) {
            *more = true;
            return !(nest->is_object & 1) || skip_name(c);
        }
        if (!close_container(c, nest))
            return false;
    }
    return true;
}

/* One value at the given depth, with the space before it. */
static bool skip_value(struct json_cursor *c, unsigned outer)
{
    struct nesting nest = { .depth = outer };
    bool more = true;

    while (more) {
        skip_space(c);
        if (json_sees(c, '{') || json_sees(c, '[')) {
            if (!open_container(c, &nest))
                return false;
            if (!json_sees(c, ']') && !json_sees(c, '}')) {
                if ((nest.is_object & 1) && !skip_name(c))
                    return false;
                continue; /* with the first value inside */
            }
            if (!close_container(c, &nest))
                return false;
        } else if (!json_skip_scalar(c)) {
            return false;
        }
        if (!skip_after_value(c, &nest, outer, &more))
            return false;
    }
    return true;
}

/* The same, and where it stood. */
static bool read_value(struct json_cursor *c, unsigned outer, struct str *value)
{
    skip_space(c);
    value->ptr = c->at;
    if (!skip_value(c, outer))
        return false;
    value->len = (size_t)(c->at - value->ptr);
    return true;
}

static bool only_space_left(struct json_cursor *c)
{
    skip_space(c);
    return c->at == c->end;
}

/* Of a text that could not be read to its end. */
static enum err fault_of(const struct json_cursor *c)
{
    return c->is_too_deep ? ERR_NO_MEMORY : ERR_SYNTAX;
}

enum err json_check(struct str text, struct str *value)
{
    struct json_cursor c = json_cursor_on(text);

    return read_value(&c, 0, value) && only_space_left(&c) ? ERR_NONE : fault_of(&c);
}

enum err json_elements(struct str text, struct str *items, size_t max, size_t *count)
{
    struct json_cursor c = json_cursor_on(text);
    struct str value;

    *count = 0;
    skip_space(&c);
    if (!json_skip_char(&c, '['))
        return ERR_SYNTAX;
    skip_space(&c);
    if (!json_sees(&c, ']')) {
        do {
            if (!read_value(&c, 1, &value))
                return fault_of(&c);
            if (*count < max)
                items[*count] = value;
            ++*count;
            skip_space(&c);
        } while (json_skip_char(&c, ','));
    }
    return json_skip_char(&c, ']') && only_space_left(&c) ? ERR_NONE : ERR_SYNTAX;
}

/* ---- objects ---- */

/* To behind the quote that ends a checked string: one with an even number of backslashes. */
static void skim_string(struct json_cursor *c)
{
    const char *quote = c->at;
    size_t backslashes;

    do {
        quote = memchr(quote + 1, '"', (size_t)(c->end - quote - 1));
        if (!quote) {
            c->at = c->end;
            return;
        }
        for (backslashes = 0; quote[-1 - (ptrdiff_t)backslashes] == '\\'; backslashes++)
            ;
    } while (backslashes % 2 == 1);
    c->at = quote + 1;
}

/* To behind a checked value, which stands inside an object. */
static void skim_value(struct json_cursor *c)
{
    unsigned depth = 0;

    while (c->at < c->end) {
        char seen = *c->at;
        if (seen == '"') {
            skim_string(c);
        } else {
            if (depth == 0 && (seen == ',' || seen == '}' || seen == ' ' || seen == '\t' ||
                               seen == '\n' || seen == '\r'))
                return;
            depth += seen == '{' || seen == '[';
            depth -= seen == '}' || seen == ']';
            c->at++;
        }
        if (depth == 0 && (seen == '"' || seen == '}' || seen == ']'))
            return;
    }
}

static struct json_field *find_field(struct json_field *fields, size_t count, struct str quoted)
{
    for (size_t i = 0; i < count; i++) {
        if (json_spells(quoted, fields[i].name))
            return &fields[i];
    }
    return NULL;
}

/* "name": value */
static bool read_pair(struct json_cursor *c, bool is_checked, struct json_pair *pair)
{
    skip_space(c);
    pair->name.ptr = c->at;
    if (!json_skip_string(c))
        return false;
    pair->name.len = (size_t)(c->at - pair->name.ptr);
    skip_space(c);
    if (!json_skip_char(c, ':'))
        return false;
    if (!is_checked)
        return read_value(c, 1, &pair->value);
    skip_space(c);
    pair->value.ptr = c->at;
    skim_value(c);
    pair->value.len = (size_t)(c->at - pair->value.ptr);
    return pair->value.len > 0;
}

/* Calls take for each member of the object that text must be. */
static enum err each_pair(struct str text, bool is_checked,
                          bool (*take)(void *to, const struct json_pair *pair), void *to)
{
    struct json_cursor c = json_cursor_on(text);
    struct json_pair pair;

    skip_space(&c);
    if (!json_skip_char(&c, '{'))
        return ERR_SYNTAX;
    skip_space(&c);
    if (!json_sees(&c, '}')) {
        do {
            if (!read_pair(&c, is_checked, &pair) || !take(to, &pair))
                return fault_of(&c);
            skip_space(&c);
        } while (json_skip_char(&c, ','));
    }
    return json_skip_char(&c, '}') && only_space_left(&c) ? ERR_NONE : ERR_SYNTAX;
}

struct wanted {
    struct json_field *fields;
    size_t count;
};

static bool take_field(void *to, const struct json_pair *pair)
{
    struct wanted *wanted = to;
    struct json_field *field = find_field(wanted->fields, wanted->count, pair->name);

    if (!field)
        return true;
    if (field->value.ptr)
        return false;
    field->value = pair->value;
    return true;
}

static enum err find_members(struct str text, bool is_checked, struct json_field *fields,
                             size_t count)
{
    struct wanted wanted = { fields, count };

    for (size_t i = 0; i < count; i++)
        fields[i].value = (struct str){ NULL, 0 };
    return each_pair(text, is_checked, take_field, &wanted);
}

enum err json_members(struct str text, struct json_field *fields, size_t count)
{
    return find_members(text, false, fields, count);
}

enum err json_checked_members(struct str text, struct json_field *fields, size_t count)
{
    return find_members(text, true, fields, count);
}

struct list {
    struct json_pair *pairs;
    size_t max, count;
};

static bool take_pair(void *to, const struct json_pair *pair)
{
    struct list *list = to;

    if (list->count < list->max)
        list->pairs[list->count] = *pair;
    list->count++;
    return true;
}

enum err json_pairs(struct str text, struct json_pair *pairs, size_t max, size_t *count)
{
    struct list list = { pairs, max, 0 };
    enum err e = each_pair(text, false, take_pair, &list);

    *count = list.count;
    return e;
}
