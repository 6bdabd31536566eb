/*
 * /negotiate and /register: gives a caller a room, a role in it, and the token with which
 * to open the connection.  Pure: what is random or depends on the clock comes in.
 */
#ifndef NEGOTIATE_H
#define NEGOTIATE_H

#include "app/codestream.h"
#include "wire/webpubsub.h"

/* {"room_id":…,"writer_key":…} and some white space */
#define NEGOTIATE_MAX_BODY_BYTES 4096

struct negotiator {
    const struct webpubsub *service;
    struct hmac_key *secret; /* signs writer keys */
    int64_t token_seconds;
};

/* What the caller asks for, as it came. */
struct negotiate_query {
    bool is_register;   /* never makes a room */
    struct str room_id; /* ptr is NULL: none given */
    struct str body;    /* of a POST, a JSON object, or empty */
    bool is_post;
};

/* What to answer: status 200 with body, or an error with a message for people. */
struct negotiate_result {
    unsigned status;
    struct str body;
    const char *message;
};

/*
 * GET: a new room for its writer, or with room_id a viewer of that room.
 * POST {room_id, writer_key}: its writer again; without a key a viewer; empty: a new room.
 * ERR_NO_MEMORY; everything else is a result.
 */
MUST_USE enum err negotiate(const struct negotiator *n, const struct negotiate_query *query,
                            int64_t now_unix, const unsigned char seed[static ROOM_ID_BYTES],
                            struct arena *mem, struct negotiate_result *out);

#endif
