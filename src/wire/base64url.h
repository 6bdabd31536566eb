/*
 * Bytes as text (RFC 4648): base64url without padding (section 5) for tokens, writer keys and
 * group names; base64 for attachments, hex for signatures.
 */
#ifndef WIRE_BASE64URL_H
#define WIRE_BASE64URL_H

#include "base/mem.h"

/* Characters that len bytes become. */
#define BASE64URL_LEN(len) (((len)*4 + 2) / 3)

void base64url_add(struct buf *out, struct str bytes);

/* Writes BASE64URL_LEN(bytes.len) characters to out, no terminator. */
void base64url_encode(struct str bytes, char *out);

/* Undoes base64url_add, in mem.  ERR_SYNTAX: it is not what that makes. */
MUST_USE enum err base64url_decode(struct str text, struct arena *mem, struct str *out);

/* The other alphabet, with padding (section 4): what binary attachments travel in. */
void base64_add(struct buf *out, struct str bytes);

/* Of one hex digit in either case.  -1: it is none. */
int hex_value(char c);

/* Does hex, in either case, spell these bytes?  How long it takes says nothing of them. */
bool hex_is(struct str hex, struct str bytes);

/* One of A-Z a-z 0-9 - _ */
bool base64url_is_char(char c);

/* Nothing but these and, if it is not 0, other: needs no escape in a header, JSON or a URL. */
bool base64url_is_text(struct str text, char other);

#endif
