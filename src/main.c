/* Arguments, settings, signals: what belongs to the process and not to a request. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"
#include "config.h"
#include "doctor/doctor.h"
#include "io/http_client.h"
#include "io/listener.h"
#include "sandbox.h"
#include "wire/token.h"
#include "worker.h"

enum { EXIT_USAGE = 2 };

struct options {
    const char *port; /* NULL: not given */
    bool is_check;
};

static const char usage[] =
    "usage: codestream [--port PORT] [--check | --version | --help]\n"
    "       codestream doctor URL [--page ORIGIN]\n"
    "\n"
    "  --port PORT   listen on 127.0.0.1:PORT (0: a free one), unless\n"
    "                FUNCTIONS_CUSTOMHANDLER_PORT says otherwise\n"
    "  --check       read the settings, say what is wrong with them, and end\n"
    "  --version     print the version and end\n"
    "\n"
    "doctor does to the function app at URL what the service will do, says what is wrong and\n"
    "how to mend it; --page: may a page of that origin use it?  It takes the same settings,\n"
    "and CODESTREAM_FUNCTION_KEY, the key of the eventhandler function.\n"
    "\n"
    "Settings, from the environment:\n"
    "  WebPubSubForSocketIOConnectionString   Endpoint=...;AccessKey=...;Version=1.0;\n"
    "  CODESTREAM_APP              application (codestream)\n"
    "  CODESTREAM_HUB              hub (codestream)\n"
    "  CODESTREAM_SECRET           signs writer keys, 32 bytes or more (made from the access "
    "key)\n"
    "  CODESTREAM_TOKEN_MINUTES    life of a client token (60)\n"
    "  CODESTREAM_REST_TIMEOUT_MS  for all REST calls of one event (5000)\n"
    "  CODESTREAM_LOOPS            threads (one for each core)\n"
    "  CODESTREAM_CA_FILE          certificates to trust (SSL_CERT_FILE, or the usual "
    "places)\n";

static void say_usage(FILE *to, int status)
{
    fputs(usage, to);
    exit(status);
}

static void parse_options(int argc, char **argv, struct options *options)
{
    *options = (struct options){ NULL, false };
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0)
            say_usage(stdout, EXIT_SUCCESS);
        if (strcmp(argv[i], "--version") == 0) {
            puts("codestream " VERSION);
            exit(EXIT_SUCCESS);
        }
        if (strcmp(argv[i], "--check") == 0) {
            options->is_check = true;
        } else if (strcmp(argv[i], "--port") == 0 && i + 1 < argc) {
            options->port = argv[++i];
        } else {
            fprintf(stderr, "codestream: unknown option or missing value: %s\n", argv[i]);
            say_usage(stderr, EXIT_USAGE);
        }
    }
}

/* doctor URL [--page ORIGIN] */
static int doctor(int argc, char **argv)
{
    bool has_page = argc == 5 && strcmp(argv[3], "--page") == 0;

    if (argc != 3 && !has_page)
        say_usage(stderr, EXIT_USAGE);
    return doctor_run(argv[2], has_page ? argv[4] : NULL) ? EXIT_SUCCESS : EXIT_FAILURE;
}

static void log_complaint(const struct complaint *complaint)
{
    struct log_line line;

    log_begin(&line, LOG_ERROR, "setting");
    log_text(&line, "name", str_from(complaint->setting));
    log_text(&line, "problem", str_from(complaint->problem));
    log_end(&line);
}

static int check(void)
{
    struct complaints complaints;
    struct config config;
    bool ok = config_load(&config, getenv, &complaints);

    for (size_t i = 0; i < complaints.count; i++)
        fprintf(stderr, "codestream: %s %s\n", complaints.at[i].setting,
                complaints.at[i].problem);
    if (ok)
        puts("codestream: the settings are fine");
    config_free(&config);
    return ok ? EXIT_SUCCESS : EXIT_USAGE;
}

/* A connection costs a descriptor, and an event that waits a second one. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* Blocked in every thread, so that only the main one takes them. */
static void block_signals(sigset_t *stop)
{
    sigemptyset(stop);
    sigaddset(stop, SIGTERM);
    sigaddset(stop, SIGINT);
    pthread_sigmask(SIG_BLOCK, stop, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static int fail_to_listen(unsigned port, const char *problem)
{
    struct log_line line;

    log_begin(&line, LOG_ERROR, "listen");
    log_number(&line, "port", port);
    log_text(&line, "problem", str_from(problem));
    log_end(&line);
    return EXIT_FAILURE;
}

static int fail_to_start(const char *problem)
{
    struct log_line line;

    log_begin(&line, LOG_ERROR, "start");
    log_text(&line, "problem", str_from(problem));
    log_end(&line);
    return EXIT_FAILURE;
}

static void log_start(unsigned port, const struct config *config, const struct sandbox *sandbox)
{
    struct log_line line;

    log_begin(&line, LOG_INFO, "listening");
    log_number(&line, "port", port);
    log_text(&line, "version", STR(VERSION));
    log_text(&line, "paths", STR("/negotiate,/register,/eventhandler"));
    log_text(&line, "service", config->service_host);
    log_text(&line, "app", str_from(config->app->name));
    log_text(&line, "hub", config->hub);
    log_number(&line, "loops", config->loops);
    log_text(&line, "calls", str_from(sandbox->calls));
    log_text(&line, "files", str_from(sandbox->files));
    log_end(&line);
}

/*
 * What the host passes on of its own, keys of its storage among it, is nothing of ours: by their
 * names we know it.  What we and our libraries read again later is called otherwise.
 */
static void forget_foreign_secrets(void)
{
    static const char *const words[] = { "key",        "secret",  "password", "token",
                                         "connection", "storage", "header",   "sas" };

    for (char **entry = environ; *entry; entry++) {
        char *value = strchr(*entry, '=');
        for (size_t i = 0; value && i < COUNT(words); i++) {
            const char *word = strcasestr(*entry, words[i]);
            if (word && word < value)
                cleanse(str_from(value + 1));
        }
    }
}

/*
 * Sanitizers need what is given up here: they look into their own process when it ends, and
 * start a program that names functions.
 */
static void give_up(const struct config *config, struct sandbox *in_force)
{
#ifdef NO_SANDBOX
    (void)config;
    *in_force = (struct sandbox){ "open: not in this build", "open: not in this build" };
#else
    sandbox_enter(config->ca_file, in_force);
#endif
}

/* Serves until a signal says stop. */
static int serve(struct config *config, int listener, unsigned port, const sigset_t *stop)
{
    struct sandbox sandbox;
    struct workers *workers;
    struct log_line line;
    int received;

    raise_descriptor_limit();
    if (!http_client_global_init()) {
        close(listener);
        return fail_to_start("libcurl cannot be initialised");
    }
    give_up(config, &sandbox);
    if (log_open()) {
        close(listener);
        return fail_to_start("no thread for the log");
    }
    workers = workers_start(config, listener);
    if (!workers)
        return fail_to_start("no memory, descriptors or threads");
    config_forget_secrets(config); /* each worker has made its keys */
    forget_foreign_secrets();
    log_start(port, config, &sandbox);

    sigwait(stop, &received);
    log_begin(&line, LOG_INFO, "stopping");
    log_text(&line, "signal", str_from(received == SIGTERM ? "TERM" : "INT"));
    log_end(&line);
    workers_drain(workers);
    http_client_global_free();
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    struct options options;
    struct complaint complaint;
    struct complaints complaints;
    struct config config;
    sigset_t stop;
    unsigned port, bound;
    int listener, status = EXIT_USAGE;

#ifndef NO_SANDBOX
    sandbox_hide_memory();
#endif
    if (argc > 1 && strcmp(argv[1], "doctor") == 0)
        return doctor(argc, argv);
    parse_options(argc, argv, &options);
    if (options.is_check)
        return check();
    block_signals(&stop);
    if (!config_port(getenv, options.port, &port, &complaint)) {
        log_complaint(&complaint);
        return EXIT_USAGE;
    }
    /* First of all: the host waits for the port, whatever else there is to do. */
    listener = listener_open(port, &bound);
    if (listener < 0)
        return fail_to_listen(port, strerror(errno));
    if (config_load(&config, getenv, &complaints)) {
        status = serve(&config, listener, bound, &stop);
        log_close();
    } else {
        close(listener);
        for (size_t i = 0; i < complaints.count; i++)
            log_complaint(&complaints.at[i]);
    }
    config_free(&config);
    return status;
}
