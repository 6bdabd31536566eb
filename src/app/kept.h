/*
 * A room's newest text as it is kept: what a writer hands in, which of two is newer, and the JSON
 * that readers get.  Pure.
 */
#ifndef APP_KEPT_H
#define APP_KEPT_H

#include "base/mem.h"

/* The greatest integer that JavaScript knows exactly; the version of a text that was deleted. */
#define KEPT_MAX_NUMBER (((uint64_t)1 << 53) - 1)
#define KEPT_DELETED KEPT_MAX_NUMBER

struct kept {
    uint64_t epoch, version;
    struct str name, language, content; /* JSON strings, as they came */
    bool is_ended;                      /* the session has: this text is the last */
};

/*
 * {"epoch":…,"version":…,"name":…,"language":…,"content":…}, and "ended":true behind the last text
 * of a session; other members are passed over.  Views into body.  ERR_SYNTAX: it is something else; ERR_NO_MEMORY: too deep.
 */
MUST_USE enum err kept_read(struct str body, struct kept *out);

/* An epoch in a query: ERR_SYNTAX if it is none. */
MUST_USE enum err kept_read_epoch(struct str text, uint64_t *out);

/* The empty text that is newer than all others of its epoch. */
struct kept kept_deleted(uint64_t epoch);

/* Less than 0: the text of this epoch and version is older than the other; 0: it is the same. */
int kept_compare(uint64_t epoch, uint64_t version, uint64_t other_epoch,
                 uint64_t other_version);

/* What readers get; at_unix_ms: when it was handed in. */
MUST_USE enum err kept_write(const struct kept *kept, uint64_t at_unix_ms, struct arena *mem,
                             struct str *out);

#endif
