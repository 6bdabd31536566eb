/*
 * The environment and the command line, read once and checked whole.
 *
 * Settings arrive as environment variables: local.settings.json Values under `func start`,
 * app settings in Azure.  After config_load the environment is not read again.
 */
#ifndef CONFIG_H
#define CONFIG_H

#include "azure/rest.h"
#include "base/mem.h"

/* The name that Microsoft's own binding uses. */
#define SETTING_CONNECTION "WebPubSubForSocketIOConnectionString"

#define CONFIG_MIN_SECRET_BYTES 32
#define CONFIG_MAX_UNITS 10000
#define CONFIG_MAX_TOKEN_MINUTES 1440
#define CONFIG_MAX_LOOPS 64

/* The page gives up after 6 s.  An event that fails before that can tell it why. */
#define CONFIG_REST_TIMEOUT_MS 5000

/* Shaped like getenv, so that tests bring their own environment. */
typedef char *config_getenv(const char *name);

struct config {
    struct arena mem; /* what the views below point into, where not the environment */
    struct rest_options rest;
    struct rest_options storage; /* where texts are kept; endpoint.url empty: nowhere */
    struct str
        service_origins;     /* further hosts and origins of Web PubSub: a list with commas */
    struct str secret;       /* empty: derived from the access key, if there is one */
    struct str writers_word; /* empty: anybody may open a room */
    bool needs_word;         /* there is one, even if it has been forgotten */
    bool has_platform_auth;  /* App Service Authentication is on */
    const char *ca_file;  /* certificates that TLS trusts.  NULL: where libcurl looks itself */
    const char *proxy;    /* what https goes through, in the environment.  NULL: nothing */
    const char *no_proxy; /* except to these hosts; may be NULL */
    unsigned token_minutes;
    unsigned units; /* of Web PubSub: how many viewers it serves at full pace */
    unsigned rest_timeout_ms;
    unsigned loops;
    bool is_sandboxed;
};

/* A setting that cannot be used.  The value is never shown. */
struct complaint {
    const char *setting;
    const char *problem;
};

#define CONFIG_MAX_COMPLAINTS 16

struct complaints {
    struct complaint at[CONFIG_MAX_COMPLAINTS];
    size_t count;
};

/*
 * Reads everything and adds to the complaints all that is wrong, so that it is told at once.  True
 * if there are none, nor were any before.
 * The environment must stay as it is for as long as config is used.
 */
MUST_USE bool config_load(struct config *config, config_getenv *get,
                          struct complaints *complaints);

/*
 * Overwrites the secrets in the environment itself, so that neither we nor /proc/PID/environ
 * have them any longer.  It is called once keys have been made of them.
 */
void config_forget_secrets(struct config *config);

void config_free(struct config *config);

/*
 * The port to listen on: FUNCTIONS_CUSTOMHANDLER_PORT, else FUNCTIONS_HTTPWORKER_PORT, else
 * option (the text behind --port, NULL if there is none), else 8080.  0 means a free one.
 * false: it is no port, which is added to the complaints.
 */
MUST_USE bool config_port(config_getenv *get, const char *option, unsigned *port,
                          struct complaints *complaints);

/*
 * ---- what this process may use of its machine: processors, and descriptors ----
 *
 * Both are asked for before the sandbox closes /proc and /sys.
 */

/*
 * How many processors this process may use, at least one: those of its affinity
 * (sched_getaffinity(2)), or fewer if a cgroup gives it less time than they have.
 */
unsigned capacity_cores(void);

/*
 * The least number of whole processors that hold the quota of this process's cgroup and of the
 * cgroups above it, as far as they can be seen; 0: none of them has a quota.  root is put before
 * every path; only tests have one.
 * Sources: kernel.org, "Control Group v2" (cpu.max) and "CFS Bandwidth Control" (v1:
 * cpu.cfs_quota_us, cpu.cfs_period_us); cgroups(7) for /proc/self/cgroup.
 */
unsigned capacity_quota_cores(const char *root);

/* The text of cpu.max: "max 100000" or "150000 100000".  0: no quota, or not such a text. */
unsigned capacity_parse_cpu_max(struct str text);

/* What a number of descriptors is enough for. */
struct capacity_places {
    size_t loops;
    size_t connections; /* of each loop, to us; and as many calls at a time, from us */
};

/*
 * descriptors: the limit of the process.  loops: how many there should be; there are fewer, down
 * to one, if each would have too little.  There are always places for one connection and a call.
 */
struct capacity_places capacity_places(size_t descriptors, size_t loops);

#endif
