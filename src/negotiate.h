/*
 * /negotiate and /register: gives a caller a room, a role in it, and the token with which
 * to open the connection.  Pure: what is random or depends on the clock comes in.
 */
#ifndef NEGOTIATE_H
#define NEGOTIATE_H

#include "app/codestream.h"
#include "wire/webpubsub.h"

/* What the caller asks for, as it came. */
struct negotiate_query {
    bool is_register;   /* never makes a room */
    struct str room_id; /* ptr is NULL: none given */
    struct str body;    /* of a POST, a JSON object, or empty */
    bool is_post;
    struct str protocol; /* a WebSocket subprotocol; empty: Socket.IO */
};

/* What the caller gets, or why not. */
struct negotiate_grant {
    unsigned status;     /* 200, or an error with a message for people */
    const char *message; /* static */
    struct str guest;    /* a user id, of whom all below says nothing; empty: a member */
    struct member member;
    struct str writer_key; /* of the room; told to writers only */
    struct str protocol;   /* empty: Socket.IO */
};

/*
 * GET: a new room for its writer, or with room_id a viewer of that room.
 * POST {room_id, writer_key}: its writer again; with an empty body as GET.
 * secret signs writer keys; seed names a new room.  ERR_NO_MEMORY; all else is a grant.
 */
MUST_USE enum err negotiate_decide(const struct negotiate_query *query, struct hmac_key *secret,
                                   const unsigned char seed[static ROOM_ID_BYTES],
                                   struct arena *mem, struct negotiate_grant *out);

/*
 * For an application other than Codestream, which lets in whoever asks: somebody new, whom
 * seed names.
 */
MUST_USE enum err negotiate_guest(const unsigned char seed[static ROOM_ID_BYTES],
                                  struct arena *mem, struct negotiate_grant *out);

/* Whom the token of a grant is for.  Texts live as long as the grant's and mem. */
MUST_USE enum err negotiate_client(const struct negotiate_grant *grant, struct arena *mem,
                                   struct webpubsub_client *out);

/* The answer to a grant: JSON with token, the member's client token, in it. */
MUST_USE enum err negotiate_answer(const struct webpubsub *service,
                                   const struct negotiate_grant *grant, struct str token,
                                   int64_t token_seconds, struct arena *mem, struct str *out);

#endif
