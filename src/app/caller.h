/*
 * A caller of negotiate on its way through an application: what it came with, and the pass,
 * which is what the application says to it.  No HTTP, no Azure, no waiting: what is random, and
 * the time, come in.
 */
#ifndef APP_CALLER_H
#define APP_CALLER_H

#include "app/plan.h"

/* A name that nobody guesses: 128 bits in base64url. */
#define APP_NAME_BYTES 16
#define APP_NAME_CHARS 22

/* Of a user: it travels in a token and in a header of each event. */
#define APP_MAX_USER_BYTES 256

/* Rooms of one kind that a pass opens. */
#define APP_MAX_OPEN_ROOMS 8

/* Of the owner's word, CODESTREAM_WRITERS. */
#define APP_MIN_WORD_CHARS 16
#define APP_MAX_WORD_BYTES 1024

struct hmac_key;

/* Rooms that a client of the native endpoint may use without asking the application. */
struct app_open_rooms {
    struct str at[APP_MAX_OPEN_ROOMS];
    size_t count;
};

/* Texts live as long as the caller's own and its mem. */
struct app_pass {
    enum app_refusal refusal; /* APP_ACCEPTED: let in as user */
    const char *message;      /* of a refusal: a sentence for people, static, without escapes */
    struct str user;          /* the subject of its token; UTF-8 without control characters */
    struct str protocol;      /* a subprotocol of the native endpoint; empty: Socket.IO */
    struct app_open_rooms sends_to, joins;
    struct buf told; /* ,"name":value of the answer, beside the token */
};

/* Strings live as long as the request.  Of all this only platform_user is vouched for. */
struct app_caller {
    const struct header *query; /* decoded: see app_query */
    size_t query_count;
    bool is_post;
    struct str body;  /* of a POST, as it came; else empty */
    bool is_register; /* it asked at /register */
    struct str
        platform_user; /* whom the platform has signed in; empty: nobody, or it does not */

    struct hmac_key *secret;       /* CODESTREAM_SECRET, or what stands in for it */
    const unsigned char *word_mac; /* what app_word_mac made; NULL: the owner has set no word */
    const unsigned char *seed;     /* APP_NAME_BYTES of them, random */
    uint64_t now_unix_ms;          /* by the handler's clock */
    unsigned units;                /* of the service, CODESTREAM_UNITS */
    struct arena *mem;             /* for what handlers make */
    struct app_pass pass;
};

#endif
