#include "wire/hmac.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <stdlib.h>
#include <string.h>

#include "wire/base64url.h"

struct hmac_key {
    EVP_MAC *algorithm;
    EVP_MAC_CTX *state; /* keyed; re-initialised for each message */
};

static bool set_key(EVP_MAC_CTX *state, struct str key)
{
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char[]){ "SHA256" }, 0),
        OSSL_PARAM_construct_end(),
    };

    return EVP_MAC_init(state, (const unsigned char *)key.ptr, key.len, params) == 1;
}

struct hmac_key *hmac_key_new(struct str key)
{
    struct hmac_key *k = calloc(1, sizeof(*k));

    if (!k)
        return NULL;
    k->algorithm = EVP_MAC_fetch(NULL, "HMAC", NULL);
    k->state = k->algorithm ? EVP_MAC_CTX_new(k->algorithm) : NULL;
    if (!k->state || !set_key(k->state, key)) {
        hmac_key_free(k);
        return NULL;
    }
    return k;
}

void hmac_key_free(struct hmac_key *key)
{
    if (!key)
        return;
    EVP_MAC_CTX_free(key->state);
    EVP_MAC_free(key->algorithm);
    free(key);
}

enum err hmac_sign(struct hmac_key *key, struct str message,
                   unsigned char out[static HMAC_BYTES])
{
    size_t len = 0;

    /* NULL: the same key again. */
    if (EVP_MAC_init(key->state, NULL, 0, NULL) != 1 ||
        EVP_MAC_update(key->state, (const unsigned char *)message.ptr, message.len) != 1 ||
        EVP_MAC_final(key->state, out, &len, HMAC_BYTES) != 1 || len != HMAC_BYTES)
        return ERR_NO_MEMORY;
    return ERR_NONE;
}

enum err hmac_sign_text(struct hmac_key *key, struct str message, struct arena *mem,
                        struct str *out)
{
    unsigned char mac[HMAC_BYTES];
    struct buf text = { .mem = mem };
    enum err e = hmac_sign(key, message, mac);

    if (e)
        return e;
    base64url_add(&text, str_of_bytes(mac, sizeof(mac)));
    return buf_done(&text, out);
}

void cleanse(struct str secret)
{
    union {
        const char *view;
        void *bytes; /* the owner's, who asked for this */
    } same = { .view = secret.ptr };

    if (secret.len > 0)
        OPENSSL_cleanse(same.bytes, secret.len);
}
