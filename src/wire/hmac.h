/*
 * HMAC-SHA256 with a key that is set up once, and forgetting secrets.  The only user of libcrypto.
 */
#ifndef WIRE_HMAC_H
#define WIRE_HMAC_H

#include "base/mem.h"

#define HMAC_BYTES 32

/* A key ready for use.  Opaque; owned by the caller. */
struct hmac_key;

/* The key's bytes are not looked at again.  NULL: no memory. */
MUST_USE struct hmac_key *hmac_key_new(struct str key);

/* Cleanses the key.  NULL is allowed. */
void hmac_key_free(struct hmac_key *key);

void hmac_sign(const struct hmac_key *key, struct str message,
               unsigned char out[static HMAC_BYTES]);

/* base64url(HMAC(message)), 43 characters, in mem. */
MUST_USE enum err hmac_sign_text(const struct hmac_key *key, struct str message,
                                 struct arena *mem, struct str *out);

/* Overwrites the bytes of a secret, which the caller owns, so that no compiler leaves it out. */
void cleanse(struct str secret);

#endif
