/*
 * Carries out an application's plan: one REST call after the other, each when the one
 * before has been answered, all of them before one deadline.
 */
#ifndef PLAN_H
#define PLAN_H

#include "app/plan.h"
#include "rest.h"

/* A room with more members than this many answers can list is not counted. */
#define PLAN_MAX_PAGES 50

/* What an action has come to.  Where its filter would be too long, it takes all three steps. */
enum plan_stage {
    PLAN_GATHER, /* everybody it is meant for, in a room of their own */
    PLAN_ACT,
    PLAN_LET_GO, /* that room is emptied again */
};

/* One plan under way.  Set the first part, zero the rest; it must live until done. */
struct plan_run {
    struct app_socket *socket; /* whose event it is, with its plan */
    struct rest *rest;
    struct arena *mem; /* for the calls */
    int64_t deadline_ms;
    void (*done)(void *owner);
    void *owner;

    /* How it went; read when done is called. */
    enum app_refusal outcome; /* the plan's own refusal, or that of a call that failed */
    const char *message;
    const char *failure;   /* of the last action that failed, for the log; NULL: none did */
    unsigned rest_status;  /* of that call, 0 where it had no answer */
    struct str rest_error; /* x-ms-error-code of that call */
    size_t calls;
    size_t repeats;  /* of calls that failed and were sent again */
    int64_t rest_ms; /* from the start of the first call to the end of the last */

    /* Where it stands. */
    size_t next;            /* action; the rest is about that one */
    enum plan_stage stage;  /* of the call that is under way */
    size_t action_calls;    /* started so far */
    size_t gathers;         /* how many of them gather; mostly none */
    struct str gathered;    /* the room in which they do; empty: there is none */
    enum app_refusal fault; /* of its first call that failed */
    const char *fault_message;
    int64_t started_ms;
    struct rest_call call;
};

/* done may be called before this returns, and is called exactly once. */
void plan_start(struct plan_run *run);

#endif
