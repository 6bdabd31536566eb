/*
 * What the doctor's checks share: the patient, and how a finding is put into words.
 */
#ifndef DOCTOR_DIAGNOSIS_H
#define DOCTOR_DIAGNOSIS_H

#include "config.h"
#include "doctor/probe.h"
#include "wire/webpubsub.h"

enum finding {
    WELL,
    SICK,      /* problem and mend have been set */
    NOT_TRIED, /* nothing is known; problem says why */
};

/* What one check finds and what makes others pointless.  doctor.c has the words. */
enum obstacle {
    NO_PAGE = 1 << 0,          /* CORS is not to be looked at */
    NO_APP = 1 << 1,           /* nobody answers where the function app should be */
    NOT_NEGOTIATED = 1 << 2,   /* who answers there has not shown to be ours */
    NO_ACCESS_KEY = 1 << 3,    /* the settings have none: a managed identity */
    NO_FUNCTION_KEY = 1 << 4,  /* the settings have none */
    BAD_FUNCTION_KEY = 1 << 5, /* the host refuses it */
    NOT_VALIDATED = 1 << 6,    /* OPTIONS has not reached the handler */
    NO_SIGNED_EVENT = 1 << 7,  /* none was taken */
    NO_SERVICE = 1 << 8,       /* the service does not answer */
    NO_WORD = 1 << 9, /* the settings have none: who may open a room is not looked at */
};

struct doctor {
    struct probe_lab *lab;
    struct config config;
    struct webpubsub webpubsub;
    const char *url;
    const char *function_key; /* NULL: not given */
    const char *page;         /* NULL: CORS is not looked at */

    unsigned obstacles; /* found so far */

    /* What negotiate said; set unless NOT_NEGOTIATED. */
    const char *room; /* NULL: of an application that has no rooms of ours */
    const char *user; /* whom the token is for */
    const char *token;
    bool knows_app_clock;
    long app_clock_ahead; /* seconds, compared with this machine's */

    bool host_wants_key; /* and has refused who had none */

    const char *problem; /* of the check that runs */
    const char *mend;
};

/* Note what is wrong, and how to mend it or what has to be mended first. */
enum finding sick(struct doctor *d, const char *problem, const char *mend);
enum finding not_tried(struct doctor *d, const char *why);

/* There was no answer: sick, with the mend that fits if it is not the certificate. */
enum finding unanswered(struct doctor *d, const char *who, const struct probe *probe,
                        const char *mend);

/* The same of the service, which need not be asked again. */
enum finding service_is_silent(struct doctor *d, const struct probe *probe);

/* "who answered 404", or why there was no answer */
const char *told(struct doctor *d, const char *who, const struct probe *probe);

/* A NUL-terminated copy. */
const char *keep(struct doctor *d, struct str text);

/* The beginning of what others said, fit for a terminal. */
const char *quote(struct doctor *d, struct str text);

/* A Date header as seconds that its clock is ahead of ours.  false: it is none. */
bool read_clock(struct str date, long *ahead);

/* The checks. */
enum finding check_ready(struct doctor *d);
enum finding check_negotiate(struct doctor *d);
enum finding check_word(struct doctor *d);
enum finding check_cors(struct doctor *d);
enum finding check_validation(struct doctor *d);
enum finding check_function_key(struct doctor *d);
enum finding check_signed_event(struct doctor *d);
enum finding check_forged_event(struct doctor *d);
enum finding check_service(struct doctor *d);
enum finding check_anonymous(struct doctor *d);
enum finding check_client(struct doctor *d);

#endif
