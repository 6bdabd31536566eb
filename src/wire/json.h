/*
 * JSON (RFC 8259) read as spans and written with escapes.
 *
 * Reading checks the whole text (grammar, UTF-8, depth) and hands out views of
 * its parts, so that a value which is only passing through leaves byte for byte
 * as it came.  No tree is built.  Nothing is allocated but what is unescaped.
 */
#ifndef WIRE_JSON_H
#define WIRE_JSON_H

#include "base/mem.h"

/*
 * Arrays and objects inside each other.  Every reader below answers ERR_NO_MEMORY to deeper
 * text, and ERR_SYNTAX to what is malformed.  A text is counted from its own outside: the list and
 * the object of an event are two of them, so what a client sends as a member of that object, as
 * `data` of sendToRoom, may have 62.
 */
#define JSON_MAX_DEPTH 64

/* One value with white space around it and nothing else.  *value: without the space. */
MUST_USE enum err json_check(struct str text, struct str *value);

/*
 * text must be an array.  Puts the spans of its first max elements into items; *count is
 * the number of all its elements.  ERR_SYNTAX: malformed, or not an array.
 */
MUST_USE enum err json_elements(struct str text, struct str *items, size_t max, size_t *count);

struct json_field {
    struct str name;  /* in: unescaped */
    struct str value; /* out: span.  ptr is NULL when the object has no such member */
};

/*
 * text must be an object.  Fills in the values of the named fields; other members
 * are checked and passed over.  ERR_SYNTAX: malformed, not an object, or a named
 * field that occurs twice.
 */
MUST_USE enum err json_members(struct str text, struct json_field *fields, size_t count);

/*
 * The same for a text that one of these readers has handed out: it is not checked again, so
 * a large value costs no second look at each of its bytes.
 */
MUST_USE enum err json_checked_members(struct str text, struct json_field *fields,
                                       size_t count);

/*
 * The text of a string value: a view into value where nothing is escaped, else a copy
 * in mem.  value must come from one of the readers above.  ERR_SYNTAX: not a string,
 * or a lone surrogate.  ERR_NO_MEMORY.
 */
MUST_USE enum err json_text(struct str value, struct arena *mem, struct str *out);

/* Does a string value from one of the readers, escapes and all, spell name? */
bool json_spells(struct str value, struct str name);

/* Can s be a JSON string, that is, is it UTF-8 (RFC 3629)? */
bool json_is_text(struct str s);

/*
 * Appends s as a JSON string, quotes included.  false: s is not UTF-8, and stands there as it
 * came.
 */
bool json_add_string(struct buf *out, struct str s);

#endif
