/*
 * HTTP requests one at a time, each waited for: what a diagnosis needs and a handler must
 * never do.
 */
#ifndef DOCTOR_PROBE_H
#define DOCTOR_PROBE_H

#include "io/http_client.h"

/* A doctor's patience with one request. */
#define PROBE_TIMEOUT_MS 8000

#define PROBE_MAX_KEPT 4

struct probe_lab;

/* One request and what came of it; texts are the caller's, results live in the lab's memory. */
struct probe {
    const char *method;
    const char *url;
    const char *headers[HTTP_CLIENT_MAX_HEADERS]; /* "Name: value" */
    struct str body;
    struct header kept[PROBE_MAX_KEPT]; /* names in, values out */
    bool ignores_answer;                /* its status and headers tell enough */
    int64_t patience_ms;                /* 0: PROBE_TIMEOUT_MS */

    unsigned status;     /* 0: no answer */
    const char *failure; /* then why, static */
    struct str answer;
};

/* ca_file: whom https trusts, NULL as libcurl was built.  NULL: no memory. */
MUST_USE struct probe_lab *probe_lab_new(const char *ca_file);
void probe_lab_free(struct probe_lab *lab);

/* What probes keep; also for the caller's own texts. */
struct arena *probe_memory(struct probe_lab *lab);

/* All parts in one, NUL-terminated, in the lab's memory. */
#define probe_text(lab, ...)                                                                   \
    probe_join((lab), (const char *const[]){ __VA_ARGS__ },                                    \
               sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *))
const char *probe_join(struct probe_lab *lab, const char *const *parts, size_t count);

/* Sends, waits, fills in the results. */
void probe_send(struct probe_lab *lab, struct probe *probe);

#endif
