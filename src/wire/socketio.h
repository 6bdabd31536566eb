/*
 * Socket.IO packets (protocol v5) in their Engine.IO (v4) message form: what Web PubSub
 * puts into an event's body and passes on to clients unchanged.
 *
 *   4 <type> [<attachments>-] [<namespace>,] [<ack id>] [JSON]
 */
#ifndef WIRE_SOCKETIO_H
#define WIRE_SOCKETIO_H

#include "base/mem.h"

enum packet_type {
    PACKET_CONNECT = 0,
    PACKET_DISCONNECT = 1,
    PACKET_EVENT = 2,
    PACKET_ACK = 3,
    PACKET_CONNECT_ERROR = 4,
    PACKET_BINARY_EVENT = 5,
    PACKET_BINARY_ACK = 6,
};

/* More arguments than this are counted, but not kept. */
#define PACKET_MAX_ARGS 16

/* Views into the packet's text. */
struct packet {
    enum packet_type type;
    struct str nsp;    /* namespace with its slash; "/" where the packet names none */
    struct str ack_id; /* decimal digits as they came, however many.  empty: no ack wanted */
    struct str name;   /* span of a JSON string or number; EVENT and BINARY_EVENT only */
    struct str args[PACKET_MAX_ARGS]; /* JSON spans of what follows the name, unchanged */
    size_t arg_count;                 /* of all of them, also those that found no room */
};

/*
 * Parses an event's body.  The JSON of EVENT and BINARY_EVENT is checked whole; attachments
 * behind a BINARY_EVENT (after byte 0x1E) are passed over.  ERR_SYNTAX: not such a packet,
 * or an event whose JSON is not an array that starts with a name.  ERR_NO_MEMORY: its JSON is
 * deeper than JSON_MAX_DEPTH; what stands before it has been read.
 */
MUST_USE enum err packet_parse(struct str text, struct packet *out);

/* The same of the beginning of a packet: all that stands before its JSON, nothing of that. */
MUST_USE enum err packet_parse_head(struct str text, struct packet *out);

/*
 * 42[/ns,]["name",args]; args: JSON values with commas between them, or empty.  With bytes beside
 * it: 45<n>-[/ns,]["name",args], then 0x1E b<base64> for each, where args has
 * {"_placeholder":true,"num":i} in their places.
 */
void packet_add_event(struct buf *out, struct str nsp, struct str name, struct str args,
                      struct str_list attachments);

/*
 * 41[/ns,] ends the sockets of a namespace; with {"close":true}, a word of Web PubSub's
 * own, it ends the connections under them.
 */
void packet_add_disconnect(struct buf *out, struct str nsp, bool is_closing);

/* 43[/ns,]id[args] */
void packet_add_ack(struct buf *out, struct str nsp, struct str ack_id, struct str args);

#endif
