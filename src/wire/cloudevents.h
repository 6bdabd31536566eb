/*
 * The service's events on the way in: CloudEvents 1.0 in HTTP binary mode, and the
 * abuse protection that precedes them.
 *
 * Source: Azure docs, "socket-io-serverless-protocol" and "reference-cloud-events".
 */
#ifndef WIRE_CLOUDEVENTS_H
#define WIRE_CLOUDEVENTS_H

#include "base/mem.h"
#include "wire/token.h"

enum cloudevent_kind {
    CLOUDEVENT_CONNECT,
    CLOUDEVENT_CONNECTED,
    CLOUDEVENT_DISCONNECTED,
    CLOUDEVENT_MESSAGE,      /* a Socket.IO event of a client, whatever its name */
    CLOUDEVENT_OTHER_SYSTEM, /* a system event we do not know: accepted and ignored */
};

/* Views into the headers. */
struct cloudevent {
    enum cloudevent_kind kind;
    bool is_native; /* of a client of the native endpoint: it has no socket, no namespace */
    struct str hub;
    struct str connection_id;
    struct str socket_id;
    struct str nsp;
    struct str name;
    struct str user_id;   /* empty where the token had no subject */
    struct str state;     /* ce-connectionState, empty where there is none */
    struct str signature; /* empty where there was none */
    struct str content_type;
};

/*
 * Reads the ce-* headers, names in any case.  ERR_SYNTAX: a required one is missing or
 * empty, or any occurs twice; *why then names it, a constant.  Only the name of a client's
 * event may be empty.  What has neither socket nor namespace is a native client's.
 */
MUST_USE enum err cloudevent_parse(const struct header *headers, size_t count,
                                   struct cloudevent *out, const char **why);

/*
 * Does the event's name in the payload agree with the header?  The header may be
 * percent-encoded once, as CloudEvents asks, or raw, as the service sends it.
 */
bool cloudevent_name_is(const struct cloudevent *event, struct str name);

/*
 * WebHook-Request-Origin: a list of hosts, separated by commas or spaces.  true if one
 * of them is ours; case and ports do not count.
 */
bool cloudevent_origin_ok(struct str origins, struct str our_host);

#endif
