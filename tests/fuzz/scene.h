/*
 * A case of the service target: one input made into settings, a request, and what the service
 * will answer to our calls; with it what is certain about who asks.
 */
#ifndef FUZZ_SCENE_H
#define FUZZ_SCENE_H

#include "fuzz.h"
#include "handler.h"

#define ACCESS_KEY "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH"
#define SECRET "secret secret secret secret secret"
#define IDENTITY_TOKEN "identity.token.of-the-platform"
#define SERVICE_URL "https://abc.webpubsub.azure.com"
#define IDENTITY_URL "http://127.0.0.1:9/token"
#define ROOM "AAAAAAAAAAAAAAAAAAAAAA"
#define OTHER_ROOM "BBBBBBBBBBBBBBBBBBBBBB"

/* Which program it is: its application and its settings. */
enum variant { CODESTREAM, IDENTITY, VERBS, CHAT };

/* The case in hand: what was asked, and who asked it as far as that is certain. */
struct scene {
    enum variant variant;
    struct str input;  /* all of it */
    struct arena lab;  /* what is made for the case */
    struct arena wire; /* texts of the request that end with its answer */
    struct handler handler;
    struct config config;
    struct http_request request;
    bool is_event;       /* made here, so that all below is known */
    bool is_authentic;   /* signed by the service */
    bool is_message;     /* an event of a client, which has to be answered with 200 or 204 */
    bool is_whole;       /* and well-formed, all of it there, with memory enough */
    bool is_unforwarded; /* it was, but the host has wrapped it */
    size_t load;         /* requests that were in flight before */
    size_t beside;       /* and calls beside other calls of these */
    enum { NOBODY, WRITER, VIEWER } role;
    struct str ack_id;
    size_t log_lines;
    int64_t not_before_ms; /* what the service asked for */
    struct str outcomes, rest_body;
};

extern struct scene scene;

/* Makes service and request of an input; scene_end gives back what they hold. */
void scene_begin(struct input *in);
void scene_end(void);

/* What http_server.h says of a request that is answered: its headers and its address are gone. */
void scene_end_headers(void);

#endif
