/*
 * Carries out an application's plan with REST calls, all of them before one deadline.
 *
 * A join, leave or disconnect is a barrier: it starts when all actions before it are over, and
 * what follows starts when it is over; so does a count.  Emits between two barriers start
 * together, except those that a common recipient could see in the wrong order: the same target,
 * a socket and a room that it is in, two rooms (app_must_wait says exactly which).  The
 * acknowledgement waits for all that may not fail, and for no other.
 *
 * When there is very much to do (REST_MAX_BESIDE), each plan has one action under way at a time.
 */
#ifndef EXECUTE_H
#define EXECUTE_H

#include "app/plan.h"
#include "azure/rest.h"

/* A room with more members than this many answers can list is not counted. */
#define EXECUTE_MAX_PAGES 50

enum plan_progress { PLAN_WAITING, PLAN_UNDER_WAY, PLAN_OVER };

/* Why an action was not carried out, or not quite. */
struct plan_fault {
    enum app_refusal refusal;
    const char *message;   /* for the client */
    const char *failure;   /* for the log; NULL: nothing failed */
    unsigned rest_status;  /* of the call that failed, 0 where it had no response */
    struct str rest_error; /* x-ms-error-code of that call */
};

/* One plan under way.  Set the first part, zero the rest; it must live until done. */
struct execution {
    struct app_socket *socket; /* whose event it is, with its plan */
    struct rest *rest;
    struct arena *mem; /* for the calls */
    int64_t deadline_ms;
    /*
     * What may not fail is over, but not yet what may: the client can be told.  The plan goes on,
     * and reads socket and what it points to until done.  Not called if all is over at once.
     */
    void (*settled)(void *owner);
    void (*done)(void *owner); /* nothing is under way any more */
    void *owner;

    /* How it went; complete when done is called, and all that a client is told once settled. */
    enum app_refusal outcome; /* the plan's own refusal, or that of a call that failed */
    const char *message;
    struct plan_fault fault; /* that ended the plan; if nothing did, of the last that failed */
    size_t calls;
    size_t repeats;  /* of calls that failed and were sent again */
    int64_t rest_ms; /* from the start of the first call to the end of the last so far */

    /* Where it stands. */
    unsigned char progress[APP_MAX_ACTIONS]; /* enum plan_progress of each action */
    bool is_broken;                          /* an action failed that may not */
    bool is_settled;                         /* the owner has been told so */
    bool is_starting;                        /* actions, just now */
    size_t under_way;                        /* so many actions */
    int64_t started_ms;
};

/*
 * settled and done may be called before this returns: first settled, at most once, then done,
 * exactly once.
 */
void execute(struct execution *run);

#endif
