/*
 * What is made and checked with the access key: the tokens of clients and of REST requests, JSON
 * Web Tokens both (RFC 7519, HS256), and the signatures of Web PubSub's events.
 */
#ifndef AZURE_TOKEN_H
#define AZURE_TOKEN_H

#include "azure/webpubsub.h"

/* A token for one REST request outlives it by as much as two clocks may differ, and more. */
#define WEBPUBSUB_REST_TOKEN_SECONDS 900

/*
 * A JWT over claims, which must be a JSON object.  The text lives in mem.
 * Header: {"alg":"HS256","typ":"JWT"}.
 */
MUST_USE enum err jwt_mint(const struct hmac_key *key, struct str claims, struct arena *mem,
                           struct str *out);

/*
 * Checks a ce-signature header.  It is a list, separated by commas or spaces, of "sha256=" and
 * the hex HMAC of connection_id, one for each of Web PubSub's access keys.  One match is
 * enough, in either case of letters.  ERR_DENIED otherwise.  (Azure docs, Web PubSub
 * CloudEvents reference, "ce-signature".)
 *
 * The same key signs JSON Web Tokens, over "header.claims".  So a client's token would also be
 * the signature of a connection of that name, and an id that is empty or has a dot is denied
 * before anything is computed.  Nothing else is asked of its form, which Web PubSub does not
 * document.
 */
MUST_USE enum err signature_check(const struct hmac_key *key, struct str connection_id,
                                  struct str header);

/*
 * The token with which a client opens its connection; its audience is the URL of the path
 * there (WEBPUBSUB_CLIENT_PATH).  Valid from now for so many seconds.
 */
MUST_USE enum err webpubsub_client_token(const struct webpubsub *webpubsub,
                                         const struct webpubsub_client *client,
                                         int64_t now_unix, int64_t life_seconds,
                                         struct arena *mem, struct str *out);

/* The token for a request, whose audience is its whole URL. */
MUST_USE enum err webpubsub_rest_token(const struct webpubsub *webpubsub, struct str url,
                                       int64_t now_unix, struct arena *mem, struct str *out);

#endif
