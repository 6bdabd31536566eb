/*
 * The load generator: negotiations or events for a server on this machine, as fast as it answers
 * or at a fixed rate.  Prints one line of JSON.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver.h"
#include "event.h"
#include "net.h"
#include "options.h"

#define MAX_CONNECTIONS 16384
#define MAX_RATE 1000000
#define MAX_TEXT_BYTES (16 * 1024 * 1024)

/* Writers whose events come in turn, unless told otherwise. */
#define WRITERS 32
#define MAX_WRITERS 100000

static const char usage[] =
    "usage: load --port PORT --kind negotiate|event [--connections N] [--seconds S]\n"
    "            [--warmup S] [--grace S] [--rate R] [--path PATH] [--text-bytes B]\n"
    "            [--ack 0|1] [--writers N] [--seed N]\n"
    "\n"
    "  --connections N  kept connections (64), all of which stand before the first request\n"
    "  --seconds S      measured (2), after\n"
    "  --warmup S       that are not (0)\n"
    "  --grace S        after it for the last answers (10); those still missing are errors\n"
    "  --rate R         requests per second, latency counted from when each was due; without\n"
    "                   it each connection sends as soon as it has its answer\n"
    "  --path PATH      instead of /negotiate or /eventhandler\n"
    "  --text-bytes B   of what the writer of an event typed; 147 make a body of 250\n"
    "  --ack 0          events want no acknowledgement\n"
    "  --writers N      each in a room of its own, whose events come in turn (32)\n"
    "  --seed N         names other rooms and sockets (1)\n"
    "\n"
    "Events are signed with BENCH_KEY, or the access key that the bench uses everywhere.\n"
    "\n"
    "Prints "
    "{\"requests\":n,\"seconds\":s,\"rps\":r,\"p50_ms\":..,\"p90_ms\":..,\"p99_ms\":..,\n"
    "\"max_ms\":..,\"unsent\":n,\"errors\":n,\"non2xx\":n,\"reconnects\":n,\"first_error\":..}:"
    "\n"
    "requests are 2xx answers in the measured time; unsent were due at that rate while no\n"
    "connection was free; what follows is of the whole run.  Exit code 0 even with errors,\n"
    "1 if it could not begin.\n";

/* As in the tests. */
static const char default_key[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH";

struct settings {
    uint64_t port, connections, rate, text_bytes, wants_ack, writers, seed;
    double seconds, warmup, grace;
    const char *kind, *path;
};

/* ---- answers ---- */

static const char *check_negotiation(unsigned status, struct str body)
{
    static const char url[] = "\"url\":\"";

    if (status != 200)
        return "a negotiation is not answered with 200";
    return memmem(body.ptr, body.len, url, strlen(url))
               ? NULL
               : "the body of a negotiation has no url";
}

static const char *check_acknowledged(unsigned status, struct str body)
{
    if (status != 200)
        return "an event is not answered with 200";
    return str_equal(body, STR(EVENT_ACK_ANSWER)) ? NULL
                                                  : "an event is not acknowledged with success";
}

static const char *check_unacknowledged(unsigned status, struct str body)
{
    return status == 204 && body.len == 0 ? NULL : "an event is not answered with 204";
}

/* ---- requests ---- */

static enum err make_negotiation(const struct settings *settings, struct arena *mem,
                                 struct str *out)
{
    struct buf request = { .mem = mem };

    buf_add_all(&request, STR("GET "), str_from(settings->path),
                STR(" HTTP/1.1\r\nHost: 127.0.0.1:"));
    buf_add_number(&request, settings->port);
    buf_add(&request, STR("\r\n\r\n"));
    return buf_done(&request, out);
}

static enum err make_events(const struct settings *settings, struct arena *mem, struct str *out)
{
    const char *text = getenv("BENCH_KEY");
    struct hmac_key *key = hmac_key_new(str_from(text ? text : default_key));
    struct event_options options = {
        .port = (unsigned)settings->port,
        .path = settings->path,
        .text_bytes = (size_t)settings->text_bytes,
        .wants_ack = settings->wants_ack,
    };
    uint64_t seed = settings->seed;
    enum err e = key ? ERR_NONE : ERR_NO_MEMORY;

    for (size_t i = 0; !e && i < settings->writers; i++)
        e = event_make(key, &options, &seed, mem, &out[i]);
    hmac_key_free(key);
    return e;
}

static void read_settings(int argc, char **argv, struct settings *s)
{
    const struct option options[] = {
        { "--port", .number = &s->port, .min = 1, .max = 65535 },
        { "--connections", .number = &s->connections, .min = 1, .max = MAX_CONNECTIONS },
        { "--seconds", .seconds = &s->seconds },
        { "--warmup", .seconds = &s->warmup },
        { "--grace", .seconds = &s->grace },
        { "--rate", .number = &s->rate, .min = 1, .max = MAX_RATE },
        { "--kind", .text = &s->kind },
        { "--path", .text = &s->path },
        { "--text-bytes", .number = &s->text_bytes, .max = MAX_TEXT_BYTES },
        { "--ack", .number = &s->wants_ack, .max = 1 },
        { "--writers", .number = &s->writers, .min = 1, .max = MAX_WRITERS },
        { "--seed", .number = &s->seed, .max = UINT64_MAX },
    };
    int behind;

    *s = (struct settings){ .connections = 64,
                            .seconds = 2,
                            .grace = 10,
                            .text_bytes = EVENT_TEXT_BYTES,
                            .wants_ack = 1,
                            .writers = WRITERS,
                            .seed = 1,
                            .kind = "" };
    behind = options_read(argc, argv, options, COUNT(options), usage);
    if (behind < argc || s->port == 0 ||
        (strcmp(s->kind, "negotiate") != 0 && strcmp(s->kind, "event") != 0)) {
        fputs(usage, stderr);
        exit(EXIT_FAILURE);
    }
    if (!s->path)
        s->path = strcmp(s->kind, "event") == 0 ? "/eventhandler" : "/negotiate";
}

/* ---- the run ---- */

static int64_t nanoseconds(double seconds)
{
    return (int64_t)(seconds * (double)NS_PER_SECOND);
}

int main(int argc, char **argv)
{
    static struct results results;
    struct str *requests;
    struct settings settings;
    struct driver_options options;
    struct arena mem;
    bool is_event, ok;

    read_settings(argc, argv, &settings);
    is_event = strcmp(settings.kind, "event") == 0;
    arena_init(&mem, SIZE_MAX / 2);
    requests = arena_take(&mem, settings.writers * sizeof(*requests));
    options = (struct driver_options){
        .port = (unsigned)settings.port,
        .connections = (size_t)settings.connections,
        .warmup_ns = nanoseconds(settings.warmup),
        .measured_ns = nanoseconds(settings.seconds),
        .grace_ns = nanoseconds(settings.grace),
        .rate = (double)settings.rate,
        .requests = requests,
        .request_count = is_event ? (size_t)settings.writers : 1,
        .check = check_negotiation,
        .checks_all = is_event,
    };
    if (is_event)
        options.check = settings.wants_ack ? check_acknowledged : check_unacknowledged;
    if (!requests || (is_event ? make_events(&settings, &mem, requests)
                               : make_negotiation(&settings, &mem, &requests[0]))) {
        fputs("load: no memory\n", stderr);
        return EXIT_FAILURE;
    }
    ok = driver_run(&options, &results);
    arena_free(&mem);
    if (!ok) {
        fprintf(stderr, "load: %s\n", results.first_error);
        return EXIT_FAILURE;
    }
    results_print(&results, settings.seconds);
    return EXIT_SUCCESS;
}
