/*
 * Blob storage, as Microsoft defines it, for what is kept of a room: one small blob each, replaced
 * whole, under a condition.  Pure: requests are made and responses judged here, sent elsewhere.
 *
 * Source: Azure docs, "Put Blob", "Get Blob", "Get Blob Metadata", "Specifying conditional headers
 * for Blob service operations", "Blob service error codes".
 */
#ifndef AZURE_BLOB_H
#define AZURE_BLOB_H

#include "azure/rest.h"

/* Whom the identity's token is for. */
#define BLOB_SERVICE "storage.azure.com"

#define BLOB_CONTAINER "rooms"

/* ETags of blobs are short: "0x8D4BCC2E4835CD0". */
#define BLOB_MAX_ETAG_CHARS 100

/* What two numbers of a blob's metadata say of its content. */
struct blob_mark {
    uint64_t epoch, version;
};

/* What is there.  Texts live as long as the call that brought them. */
struct blob_state {
    bool exists;
    struct str etag;
    struct blob_mark mark;
};

/* Of one blob: service is the address of the storage account's blobs, name needs no escape. */
struct blob {
    struct str service, name;
};

/*
 * These fill in what is to be sent, and what is to be kept of the response; the rest of call is the
 * caller's.  ERR_NO_MEMORY.
 */

/* Its metadata alone. */
MUST_USE enum err blob_ask_state(const struct blob *blob, struct arena *mem,
                                 struct rest_call *call);

/* Its content of at most so many bytes, unless it still has this ETag; ptr NULL: in any case. */
MUST_USE enum err blob_get(const struct blob *blob, struct str etag, size_t max_bytes,
                           struct arena *mem, struct rest_call *call);

/* Puts JSON in place of what is there, if that is still so; content is borrowed. */
MUST_USE enum err blob_put(const struct blob *blob, const struct blob_state *there,
                           const struct blob_mark *mark, struct str content, struct arena *mem,
                           struct rest_call *call);

/* What a response means. */
enum blob_outcome {
    BLOB_DONE,
    BLOB_UNCHANGED,   /* it still has the ETag */
    BLOB_MISSING,     /* there is no such blob; the container is there */
    BLOB_CHANGED,     /* somebody was faster: what is there is not what the condition names */
    BLOB_REFUSED,     /* the same call would be refused again */
    BLOB_UNAVAILABLE, /* no response, or one that says to come later */
};
enum blob_outcome blob_outcome(const struct rest_call *call);

/* Of a response to blob_ask_state or blob_get.  ERR_SYNTAX: no ETag, or not one of our blobs. */
MUST_USE enum err blob_read_state(const struct rest_call *call, struct blob_state *out);

/* Is this a strong ETag and nothing else?  What is not must not get into a header. */
bool blob_etag_ok(struct str text);

#endif
