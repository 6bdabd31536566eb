/*
 * What /negotiate and /register answer to whom the application lets in: the token with which
 * to open the connection, and where.  Pure.
 */
#ifndef NEGOTIATE_H
#define NEGOTIATE_H

#include "app/caller.h"
#include "wire/webpubsub.h"

/* Whom the token of a pass is for.  Views into the pass. */
struct webpubsub_client negotiate_client(const struct app_pass *pass);

/* The answer to a pass: JSON with token, the client's, in it.  ERR_NO_MEMORY. */
MUST_USE enum err negotiate_answer(const struct webpubsub *service, const struct app_pass *pass,
                                   struct str token, int64_t token_seconds, struct arena *mem,
                                   struct str *out);

#endif
