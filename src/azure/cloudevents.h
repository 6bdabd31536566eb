/*
 * Web PubSub's events on the way in: CloudEvents 1.0 in HTTP binary mode, and the
 * abuse protection that precedes them.
 *
 * Source: Azure docs, "socket-io-serverless-protocol" and "reference-cloud-events".
 */
#ifndef AZURE_CLOUDEVENTS_H
#define AZURE_CLOUDEVENTS_H

#include "base/mem.h"
#include "wire/hmac.h"

enum cloudevent_kind {
    CLOUDEVENT_CONNECT,
    CLOUDEVENT_CONNECTED,
    CLOUDEVENT_DISCONNECTED,
    CLOUDEVENT_MESSAGE,      /* a Socket.IO event of a client, whatever its name */
    CLOUDEVENT_OTHER_SYSTEM, /* a system event we do not know: accepted and ignored */
};

/* Views into the headers, or made in mem. */
struct cloudevent {
    enum cloudevent_kind kind;
    bool is_native; /* of a client of the native endpoint: it has no socket, no namespace */
    struct str hub;
    struct str connection_id;
    struct str socket_id;
    struct str nsp;        /* of a system event, decoded; else see cloudevent_spells */
    struct str name;       /* see cloudevent_spells */
    struct str user_id;    /* decoded, and empty where the token had no subject */
    struct str state;      /* ce-connectionState, empty where there is none */
    struct str signatures; /* ce-signature, a list */
    struct str content_type;
};

/*
 * Reads the ce-* headers, names in any case.  ERR_SYNTAX: a required one is missing or
 * empty, or one that is no list occurs twice; *why then names it, a constant.  Only the name of a
 * client's event may be empty.  What has neither socket nor namespace is a native client's.
 * ERR_NO_MEMORY.
 */
MUST_USE enum err cloudevent_parse(const struct header *headers, size_t count,
                                   struct arena *mem, struct cloudevent *out, const char **why);

/*
 * Does a header spell this name, of an event or a namespace, which the payload has as it is?
 * The header may be percent-encoded once, as CloudEvents asks (HTTP binding 1.0.1, 3.1.3.2),
 * or raw, as Web PubSub sends it; and HTTP takes blanks from the ends of what is raw.
 */
bool cloudevent_spells(struct str header, struct str name);

/*
 * The text that a header spells, for what the payload does not have: a user, the namespace of
 * a system event.  Only what has to be encoded is decoded, so that "%77" is never taken for
 * the "w" of a writer.  A view of the header, or made in mem.  ERR_NO_MEMORY.
 */
MUST_USE enum err cloudevent_text(struct str header, struct arena *mem, struct str *out);

/*
 * The values of all headers of that name, in any case, as one list with commas between them,
 * which is what several lines of a list mean (RFC 9110, 5.3).  A view where there is one line,
 * else made in mem.  It is empty where there is none.  ERR_NO_MEMORY.
 */
MUST_USE enum err cloudevent_list(const struct header *headers, size_t count, struct str name,
                                  struct arena *mem, struct str *out);

/*
 * WebHook-Request-Origin: a list of hosts or origins, separated by commas or spaces.  The
 * first of them that is allowed, as it is spelt: a view of asked.  ptr is NULL if none is.
 *
 * Each text of allowed is such a list too.  Hosts are compared without case.  Ports count
 * where both sides have one; an allowed origin that names none has its scheme's.
 * (Azure docs, "socket-io-serverless-protocol"; Microsoft's .NET extension answers with the
 * first host that it knows, whatever the port.)
 */
struct str cloudevent_allowed_origin(struct str asked, struct str_list allowed);

/* Is it a list of nothing but hosts and origins, host[:port] or http[s]://host[:port]? */
bool cloudevent_origins_ok(struct str list);

#endif
