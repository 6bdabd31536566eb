#include "wire/hmac.h"

/*
 * SHA-256 itself.  OpenSSL 3 would have HMAC looked up by name, for which it fills tables that cost
 * a start a tenth of its time, and would make a context anew for each message.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <stdlib.h>
#include <string.h>

#include "wire/base64url.h"

/* Both hashes of RFC 2104, with the key taken in and the message still to come. */
struct hmac_key {
    SHA256_CTX inner, outer;
};

/* XORs each byte of the block, and takes it in. */
static void begin(SHA256_CTX *hash, unsigned char block[static SHA256_CBLOCK],
                  unsigned char pad)
{
    for (size_t i = 0; i < SHA256_CBLOCK; i++)
        block[i] ^= pad;
    SHA256_Init(hash);
    SHA256_Update(hash, block, SHA256_CBLOCK);
}

struct hmac_key *hmac_key_new(struct str key)
{
    unsigned char block[SHA256_CBLOCK] = { 0 };
    struct hmac_key *k = calloc(1, sizeof(*k));

    if (!k)
        return NULL;
    if (key.len > sizeof(block)) {
        SHA256_Init(&k->inner);
        SHA256_Update(&k->inner, key.ptr, key.len);
        SHA256_Final(block, &k->inner);
    } else if (key.len > 0) {
        memcpy(block, key.ptr, key.len);
    }
    begin(&k->inner, block, 0x36);
    begin(&k->outer, block, 0x36 ^ 0x5c); /* the first pad is taken back */
    OPENSSL_cleanse(block, sizeof(block));
    return k;
}

void hmac_key_free(struct hmac_key *key)
{
    if (key)
        OPENSSL_cleanse(key, sizeof(*key));
    free(key);
}

void hmac_sign(const struct hmac_key *key, struct str message,
               unsigned char out[static HMAC_BYTES])
{
    SHA256_CTX inner = key->inner, outer = key->outer;

    SHA256_Update(&inner, message.ptr, message.len);
    SHA256_Final(out, &inner);
    SHA256_Update(&outer, out, HMAC_BYTES);
    SHA256_Final(out, &outer);
}

enum err hmac_sign_text(const struct hmac_key *key, struct str message, struct arena *mem,
                        struct str *out)
{
    unsigned char mac[HMAC_BYTES];
    struct buf text = { .mem = mem };

    hmac_sign(key, message, mac);
    base64url_add(&text, str_of_bytes(mac, sizeof(mac)));
    return buf_done(&text, out);
}

void cleanse(struct str secret)
{
    if (secret.len > 0)
        OPENSSL_cleanse(unconst(secret.ptr), secret.len);
}
