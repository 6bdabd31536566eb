/*
 * Everything made with a key: HMAC-SHA256, JSON Web Tokens (RFC 7519, HS256), the
 * service's event signatures, random bytes.  The only user of libcrypto.
 */
#ifndef WIRE_TOKEN_H
#define WIRE_TOKEN_H

#include "base/mem.h"

#define HMAC_BYTES 32

/*
 * A key ready for use.  Opaque; owned by the caller; belongs to one thread, since it
 * holds the state of the computation (a re-initialised EVP_MAC context costs a sixth of
 * a one-shot HMAC()).
 */
struct hmac_key;

/* The key's bytes are copied.  NULL: out of memory, or libcrypto lacks HMAC-SHA256. */
MUST_USE struct hmac_key *hmac_key_new(struct str key);

/* Cleanses the key.  NULL is allowed. */
void hmac_key_free(struct hmac_key *key);

/* ERR_NO_MEMORY: libcrypto refused. */
MUST_USE enum err hmac_sign(struct hmac_key *key, struct str message,
                            unsigned char out[static HMAC_BYTES]);

/* base64url(HMAC(message)), 43 characters, in mem. */
MUST_USE enum err hmac_sign_text(struct hmac_key *key, struct str message, struct arena *mem,
                                 struct str *out);

/*
 * A JWT over claims, which must be a JSON object.  The text lives in mem.
 * Header: {"alg":"HS256","typ":"JWT"}.
 */
MUST_USE enum err jwt_mint(struct hmac_key *key, struct str claims, struct arena *mem,
                           struct str *out);

/*
 * Checks a ce-signature header: a list, separated by commas or spaces, of "sha256=" and
 * the hex HMAC of connection_id, one for each of the service's access keys; one match
 * is enough, in either case of letters.  ERR_DENIED otherwise.
 * (Azure docs, Web PubSub CloudEvents reference, "ce-signature".)
 *
 * The same key signs JSON Web Tokens, over "header.claims": whoever holds a token of a client
 * would hold the signature of a connection of that name.  So an id that is empty or has a dot
 * is denied before anything is computed.  Nothing else is asked of its form, which the service
 * does not document.
 */
MUST_USE enum err signature_check(struct hmac_key *key, struct str connection_id,
                                  struct str header);

/* len bytes of the system's random source.  false: it has none. */
MUST_USE bool random_bytes(unsigned char *out, size_t len);

/* Overwrites the bytes of a secret, which the caller owns, so that no compiler leaves it out. */
void cleanse(struct str secret);

#endif
