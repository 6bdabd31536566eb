/*
 * For the files of wire/json.h alone: where it stands in a text, and what it passes over there that has no
 * parts of its own.
 */
#ifndef WIRE_JSON_SCALAR_H
#define WIRE_JSON_SCALAR_H

#include "base/base.h"

struct json_cursor {
    const char *at;
    const char *end;
    bool is_too_deep; /* that is why it does not go on */
};

static inline struct json_cursor json_cursor_on(struct str text)
{
    if (text.len == 0)
        text.ptr = "";
    return (struct json_cursor){ .at = text.ptr, .end = text.ptr + text.len };
}

static inline bool json_sees(const struct json_cursor *c, char wanted)
{
    return c->at < c->end && *c->at == wanted;
}

static inline bool json_skip_char(struct json_cursor *c, char wanted)
{
    if (!json_sees(c, wanted))
        return false;
    c->at++;
    return true;
}

/*
 * To the next control character, quote or backslash, or to the end; false: to where it is not
 * UTF-8 (RFC 3629).
 */
bool json_skip_unescaped(struct json_cursor *c);

/* To behind a string, a number or a word (RFC 8259, UTF-8); false: there is none. */
bool json_skip_scalar(struct json_cursor *c);
bool json_skip_string(struct json_cursor *c);

#endif
