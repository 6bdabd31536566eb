/*
 * All that Azure Web PubSub for Socket.IO spells its own way on the way out: connection
 * string, client access tokens, group names, filters and the REST data plane.
 *
 * Sources: Azure docs, "socket-io-serverless-protocol", "reference-rest-api-data-plane",
 * "reference-odata-filter"; swagger WebPubSub stable 2024-01-01.
 */
#ifndef AZURE_WEBPUBSUB_H
#define AZURE_WEBPUBSUB_H

#include "base/mem.h"
#include "wire/hmac.h"

#define WEBPUBSUB_API_VERSION "2024-01-01"
#define WEBPUBSUB_LIST_API_VERSION "2024-12-01" /* the first with a list of members */

/* Web PubSub's limit on a group name (swagger) and on a hub's (pattern in the swagger). */
#define WEBPUBSUB_MAX_GROUP_CHARS 1024
#define WEBPUBSUB_MAX_HUB_CHARS 128

/*
 * Endpoint=…;AccessKey=…;Version=…;Port=…: names in any case, first '=' splits, unknown
 * names ignored.  Views point into text; the endpoint is "scheme://host[:port]" without a
 * trailing slash and with Port put in, made in mem, as .NET's Uri has it too: in lower case
 * and without the scheme's own port.  The key is used as it stands, it is not base64 to us.
 * why: on ERR_SYNTAX what is wrong, a constant without any of the values.
 */
struct webpubsub_endpoint {
    struct str url;        /* https://abc.webpubsub.azure.com, http://localhost:8080 */
    struct str host;       /* abc.webpubsub.azure.com, localhost: a view into url, no port */
    struct str access_key; /* empty where the string has none */
};

MUST_USE enum err webpubsub_parse(struct str text, struct arena *mem,
                                  struct webpubsub_endpoint *out, const char **why);

/*
 * The same for an endpoint that stands alone, as it does with a managed identity; its
 * access_key becomes empty.
 */
MUST_USE enum err webpubsub_parse_endpoint(struct str text, struct arena *mem,
                                           struct webpubsub_endpoint *out, const char **why);

/*
 * ^[A-Za-z][A-Za-z0-9_]{0,127}$, which is what Web PubSub's documents call a hub name.  Its
 * swagger takes `,.[] as well; some of these would have to be encoded in a URL, and nothing
 * tells whether a token is then for the URL as it is written or as it is meant.
 */
bool webpubsub_hub_ok(struct str hub);

/* One hub.  Views; the key is borrowed, NULL with a managed identity. */
struct webpubsub {
    struct str url;
    struct str client_url; /* where clients connect, perhaps a gateway; tokens are for url */
    struct str hub;
    struct hmac_key *key;
};

/* The client that a token is for.  All texts: UTF-8. */
struct webpubsub_client {
    struct str user;          /* its subject */
    bool is_native;           /* for the native WebSocket endpoint, not for Socket.IO's */
    struct str_list sends_to; /* the groups that its roles open */
    struct str_list joins;
};

/* Roles that let a native client send to a group, or join it; the group's name follows. */
#define WEBPUBSUB_MAY_SEND "webpubsub.sendToGroup."
#define WEBPUBSUB_MAY_JOIN "webpubsub.joinLeaveGroup."

/* Where such a client connects, without the query; the hub's name follows. */
#define WEBPUBSUB_CLIENT_PATH "/clients/socketio/hubs/"
#define WEBPUBSUB_NATIVE_PATH "/client/hubs/"

/* 0~base64url(namespace)~base64url(room); an empty room: all of the namespace. */
void webpubsub_add_group(struct buf *out, struct str nsp, struct str room);

/*
 * Connections, by the rooms that their sockets of one namespace are in; each counts once.
 * A socket's own room is its id.
 */
struct webpubsub_target {
    struct str nsp;
    struct str_list rooms;  /* in one of these.  none: all of the namespace */
    struct str within;      /* and in this one as well; may be empty */
    struct str_list except; /* and in none of these */
};

/*
 * A filter has no more conditions than this (about 100 are what Web PubSub takes), and no
 * more characters: it stands in a URL and again in the token for it, and both must fit into
 * the 16 KiB that servers allow for a request's head.
 */
#define WEBPUBSUB_MAX_CLAUSES 90
#define WEBPUBSUB_MAX_FILTER_CHARS 4096

/*
 * '<group>' in groups or …; and so on.  Exceptions stand in parentheses since `not` binds
 * tighter than `in`, and rooms do since `and` binds tighter than `or`.
 */
void webpubsub_add_filter(struct buf *out, const struct webpubsub_target *target);

/* One REST request but for its authorisation.  All text lives in the arena it was made in. */
struct webpubsub_request {
    const char *method;
    struct str url; /* percent-encoded: these bytes are signed, and these are sent */
    const char *content_type;
    struct str body;
    bool is_idempotent; /* twice is the same as once */
};

/*
 * The requests below: ERR_SYNTAX when a room's name is too long for a group's, or a target has too
 * many rooms for a filter.
 *
 * POST groups/{group}/:send or POST :send, perhaps with a filter, and a Socket.IO packet,
 * which is borrowed, as its body.  may_name_group: false for the packet that ends sockets, which
 * Microsoft always sends to :send, with a filter.
 */
MUST_USE enum err webpubsub_send(const struct webpubsub *webpubsub,
                                 const struct webpubsub_target *target, bool may_name_group,
                                 struct str packet, struct arena *mem,
                                 struct webpubsub_request *out);

/* POST :addToGroups or :removeFromGroups. */
enum webpubsub_move { WEBPUBSUB_JOIN, WEBPUBSUB_LEAVE };
MUST_USE enum err webpubsub_move(const struct webpubsub *webpubsub, enum webpubsub_move move,
                                 const struct webpubsub_target *target, struct str_list rooms,
                                 struct arena *mem, struct webpubsub_request *out);

/* GET groups/{group}/connections: a page of a room's members. */
#define WEBPUBSUB_PAGE 200
MUST_USE enum err webpubsub_list(const struct webpubsub *webpubsub, struct str nsp,
                                 struct str room, struct arena *mem,
                                 struct webpubsub_request *out);

/*
 * How many members a response to it lists, and the URL of the next page, if there is one; it
 * begins with Web PubSub's url, also where the response spells that otherwise (case, port).
 * ERR_SYNTAX: not such a response, or a page that is elsewhere.
 */
MUST_USE enum err webpubsub_read_list(const struct webpubsub *webpubsub, struct str response,
                                      struct arena *mem, size_t *count, struct str *next);

/*
 * POST :generateToken: Web PubSub makes the token that webpubsub_client_token would make
 * with a key; the response is {"token":…}.
 */
MUST_USE enum err webpubsub_generate_token(const struct webpubsub *webpubsub,
                                           const struct webpubsub_client *client,
                                           int64_t life_seconds, struct arena *mem,
                                           struct webpubsub_request *out);

#endif
