/* A hub of a service, as the vectors know it. */
#ifndef TEST_WEBPUBSUB_H
#define TEST_WEBPUBSUB_H

#include "azure/token.h"
#include "azure/webpubsub.h"

/* When the vectors were made, and with which key. */
#define NOW INT64_C(1726196900)

static const struct str access_key = STR_INIT("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH");

static struct webpubsub service_of(const char *url, const char *hub, struct hmac_key *key)
{
    struct webpubsub service = { .url = str_from(url), .hub = str_from(hub), .key = key };

    assert_non_null(key);
    return service;
}

#endif
