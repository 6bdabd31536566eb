/*
 * What the doctor's checks share: the patient, and how a finding is put into words.
 */
#ifndef DOCTOR_DIAGNOSIS_H
#define DOCTOR_DIAGNOSIS_H

#include <time.h>

#include "config.h"
#include "doctor/probe.h"
#include "wire/webpubsub.h"

struct doctor {
    struct probe_lab *lab;
    struct config config;
    struct webpubsub webpubsub;
    const char *url;
    const char *function_key; /* NULL: not given */
    const char *page;         /* NULL: CORS is not looked at */

    /* What negotiate said. */
    const char *room, *token; /* NULL: nothing yet */
    time_t handler_clock;     /* 0: not told */

    const char *problem; /* of the check that runs; NULL: none */
    const char *mend;
};

/* Notes what is wrong and how to mend it.  false, so that a check can end with it. */
bool sick(struct doctor *d, const char *problem, const char *mend);

/* "who answered 404", or why there was no answer */
const char *told(struct doctor *d, const char *who, const struct probe *probe);

/* A NUL-terminated copy. */
const char *keep(struct doctor *d, struct str text);

/* A Date header; 0: there was none. */
time_t read_date(struct str text);

/* The checks: true if all is well, else problem and mend are set. */
bool check_ready(struct doctor *d);
bool check_negotiate(struct doctor *d);
bool check_cors(struct doctor *d);
bool check_validation(struct doctor *d);
bool check_function_key(struct doctor *d);
bool check_signed_event(struct doctor *d);
bool check_forged_event(struct doctor *d);
bool check_service(struct doctor *d);
bool check_anonymous(struct doctor *d);
bool check_client(struct doctor *d);

#endif
