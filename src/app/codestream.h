/*
 * Rooms, writers, viewers: who subscribes and who publishes to which room.
 *
 * A room R is a pair of Socket.IO rooms: R, to which its viewers subscribe, and R-control, to
 * which its writer does.  Role and room of a socket stand in its token's subject, "w.R" or
 * "v.R", and are read from nowhere else.
 */
#ifndef APP_CODESTREAM_H
#define APP_CODESTREAM_H

#include "app/app.h"

/* 128 bits in base64url: nobody guesses a room, and none can be named like another's pair. */
#define ROOM_ID_CHARS APP_NAME_CHARS

enum role { ROLE_VIEWER, ROLE_WRITER };

struct member {
    enum role role;
    struct str room;
};

/* Exactly ROOM_ID_CHARS of A-Z a-z 0-9 - _ */
bool room_id_ok(struct str room);

/* Of the subject of its token.  ERR_DENIED: not one of ours. */
MUST_USE enum err member_parse(struct str subject, struct member *out);

/* Gives a caller a room and a role in it. */
app_negotiator codestream_negotiate;

/* Whoever knows a room may read what is kept of it; its writers may change it. */
app_keeper codestream_keeper;

extern const struct app codestream_app;

#endif
