/* Arguments, settings, signals: what belongs to the process and not to a request. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "app/app.h"
#include "base/log.h"
#include "config.h"
#include "io/http_client.h"
#include "io/listener.h"
#include "io/resolver.h"
#include "sandbox.h"
#include "wire/hmac.h"
#include "worker.h"

enum { EXIT_USAGE = 2, EXIT_SIGNAL = 128 }; /* what a shell adds to a signal */

struct options {
    const char *port; /* NULL: not given */
    bool is_check;
};

static const char usage[] =
    "usage: codestream [--port PORT] [--check | --version | --help]\n"
    "\n"
    "  --port PORT   listen on 127.0.0.1:PORT (0: a free one), unless\n"
    "                FUNCTIONS_CUSTOMHANDLER_PORT says otherwise\n"
    "  --check       read the settings, say what is wrong with them, and end\n"
    "  --version     print the version and end\n"
    "\n"
    "Settings, from the environment:\n"
    "  WebPubSubForSocketIOConnectionString   Endpoint=...;AccessKey=...;Version=1.0;\n"
    "  or by managed identity: WebPubSubForSocketIOConnectionString__endpoint, and if need be\n"
    "  ...__clientId (a user-assigned one), ...__credential (managedidentity)\n"
    "  CODESTREAM_HUB              hub (codestream)\n"
    "  CODESTREAM_SERVICE_ORIGINS  further hosts of Web PubSub: replicas, domains, gateways\n"
    "  CODESTREAM_CLIENT_ENDPOINT  where clients connect: a custom domain, a gateway (the "
    "service)\n"
    "  CODESTREAM_SECRET           signs writer keys, 32 bytes or more (made from the access "
    "key)\n"
    "  CODESTREAM_WRITERS          word that opens a room, 16 characters or more\n"
    "                              (none: anybody may open one)\n"
    "  CODESTREAM_STORAGE__blobServiceUri\n"
    "                              storage account that keeps each room's newest text, by\n"
    "                              managed identity (none: no text is kept)\n"
    "  CODESTREAM_TOKEN_MINUTES    life of a client token (60)\n"
    "  CODESTREAM_UNITS            units of Web PubSub, for the page's pace (1)\n"
    "  CODESTREAM_REST_TIMEOUT_MS  for all REST calls of one event (5000)\n"
    "  CODESTREAM_LOOPS            threads (one for each core that the process may use)\n"
    "  CODESTREAM_CA_FILE          certificates to trust (SSL_CERT_FILE, or the usual "
    "places)\n"
    "  CODESTREAM_SANDBOX          off: keep all system calls and files within reach (on)\n"
    "  FUNCTIONS_CUSTOMHANDLER_PORT, else FUNCTIONS_HTTPWORKER_PORT   see --port (8080)\n"
    "  https_proxy, else all_proxy; no_proxy   on the way to Web PubSub (none)\n"
    "The platform sets IDENTITY_ENDPOINT and IDENTITY_HEADER for a managed identity, and\n"
    "WEBSITE_AUTH_ENABLED (true) where it signs users in.\n";

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

static int check(const struct options *options)
{
    struct complaints complaints = { .count = 0 };
    struct config config;
    unsigned port;
    bool ok;

    (void)!config_port(getenv, options->port, &port, &complaints);
    ok = config_load(&config, getenv, &complaints);
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

/*
 * Opens 0, 1 and 2 if the parent has closed them.  The next descriptor would otherwise get that
 * number, and log lines with it.  Where there is no /dev, a socket that leads nowhere will do.
 */
static void fill_standard_descriptors(void)
{
    int fd;

    do {
        fd = open("/dev/null", O_RDWR);
        if (fd < 0)
            fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    } while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

/*
 * Blocks the signals to stop in every thread, so that only the main one takes them.  A log
 * whose reader is gone, or whose file is as long as it may become, must not end the process.
 */
static void block_signals(sigset_t *stop)
{
    sigemptyset(stop);
    sigaddset(stop, SIGTERM);
    sigaddset(stop, SIGINT);
    pthread_sigmask(SIG_BLOCK, stop, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
}

static bool is_hung_up(int fd)
{
    struct pollfd end = { .fd = fd };

    return poll(&end, 1, 0) == 1 && (end.revents & (POLLERR | POLLHUP)) != 0;
}

/*
 * The process that started us.  If both our pipes have lost their reader, it had ended before
 * we could ask, and we have no parent.
 */
enum { NOBODY = -1 };
static pid_t parent_at_start(void)
{
    pid_t parent = getppid();

    return is_hung_up(STDOUT_FILENO) && is_hung_up(STDERR_FILENO) ? NOBODY : parent;
}

/*
 * Waits for a signal to stop, and returns it.  0: the parent has ended, since a host that is
 * killed sends no signal.  Polling once a second is slower than PR_SET_PDEATHSIG, but that
 * follows the thread that started us, and hosts start us from threads that come and go.
 */
static int wait_for_end(const sigset_t *stop, pid_t parent)
{
    const struct timespec second = { .tv_sec = 1 };
    int received = 0;

    while (received <= 0 && getppid() == parent)
        received = sigtimedwait(stop, NULL, &second);
    return received > 0 ? received : 0;
}

/* A sanitizer looks for leaks at exit(), which a signal passes by.  Other builds have none. */
extern void __lsan_do_leak_check(void) __attribute__((weak)); /* NOLINT(cert-dcl51-cpp) */

/*
 * Ends the process by the signal that asked for it.  A host takes a status of 0 for an end that
 * was meant, and does not start us again.  The first process of a container cannot be ended so.
 */
static void end_by(int signal_number)
{
    sigset_t set;

    if (__lsan_do_leak_check)
        __lsan_do_leak_check();
    signal(signal_number, SIG_DFL);
    sigemptyset(&set);
    sigaddset(&set, signal_number);
    (void)raise(signal_number);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    _exit(EXIT_SIGNAL + signal_number);
}

static int fail_to_start(const char *problem)
{
    log_event(LOG_ERROR, "start", LOG_TEXT("problem", str_from(problem)));
    return EXIT_FAILURE;
}

static void log_start(unsigned port, const struct config *config, size_t loops,
                      const struct sandbox *sandbox)
{
    bool asks_word = config->needs_word && application->asks_word;
    bool keeps_texts = config->storage.endpoint.url.len > 0 && application->keeper;

    log_event(LOG_INFO, "listening", LOG_NUMBER("port", port),
              LOG_TEXT("version", STR(VERSION)),
              LOG_TEXT("paths", STR("/negotiate,/register,/eventhandler,/text")),
              LOG_TEXT("service", config->rest.endpoint.host),
              LOG_TEXT("app", str_from(application->name)), LOG_TEXT("hub", config->rest.hub),
              LOG_TEXT("writers", asks_word ? STR("word") : STR("anybody")),
              LOG_TEXT("texts", keeps_texts ? config->storage.endpoint.host : STR("not kept")),
              LOG_NUMBER("loops", loops), LOG_TEXT("calls", str_from(sandbox->calls)),
              LOG_TEXT("files", str_from(sandbox->files)));
}

/* True for a variable that we or our libraries read again later. */
static bool is_read_again(const char *entry)
{
    static const char *const names[] = {
        "CODESTREAM_", "IDENTITY_ENDPOINT",
        "https_proxy", "all_proxy",
        "no_proxy",    "SSL_CERT_",
        "OPENSSL_",    "RES_OPTIONS",
        "LOCALDOMAIN", "HOSTALIASES",
        "LD_",         "TZ",
        "LANG",        "LC_",
    };

    for (size_t i = 0; i < COUNT(names); i++) {
        if (strncasecmp(entry, names[i], strlen(names[i])) == 0)
            return true;
    }
    return false;
}

static bool is_named_like_a_secret(const char *entry, const char *value)
{
    static const char *const words[] = { "key",        "secret",  "password", "token",
                                         "connection", "storage", "header",   "sas" };

    for (size_t i = 0; i < COUNT(words); i++) {
        const char *word = strcasestr(entry, words[i]);
        if (word && word < value)
            return true;
    }
    return false;
}

/*
 * Overwrites the host's own secrets, such as storage keys, which we inherit.  Some of them,
 * such as the address of the package, cannot be recognised by name.  So everything is
 * overwritten that is not known to be read again.
 */
static void forget_foreign_secrets(void)
{
    for (char **entry = environ; *entry; entry++) {
        char *value = strchr(*entry, '=');
        if (value && (!is_read_again(*entry) || is_named_like_a_secret(*entry, value)))
            cleanse(str_from(value + 1));
    }
}

/*
 * Enters the sandbox.  Sanitizers cannot live in it, since they look into their own process
 * when it ends, and start a program that names functions.
 */
static void give_up(const struct config *config, struct sandbox *in_force)
{
#ifdef NO_SANDBOX
    (void)config;
    sandbox_stay_out("open: not in this build", in_force);
#else
    if (config->is_sandboxed)
        sandbox_enter(config->ca_file, in_force);
    else
        sandbox_stay_out("off: CODESTREAM_SANDBOX=off", in_force);
#endif
}

/*
 * OpenSSL reads its settings when libcurl begins, which is in the sandbox.  A file of the owner's
 * own may be out of reach there, as may be the modules that it names, and OpenSSL would go on
 * without a word.
 */
static void load_openssl_settings(void)
{
    if (getenv("OPENSSL_CONF"))
        http_client_global_init();
}

static void log_stop(int received)
{
    log_event(LOG_INFO, "stopping",
              received == 0
                  ? LOG_TEXT("reason", STR("the parent process has ended"))
                  : LOG_TEXT("signal", str_from(received == SIGTERM ? "TERM" : "INT")));
}

/* Serves until it is told to stop; *ended_by is the signal by which to end then. */
static int serve(struct config *config, int listener, unsigned port, const sigset_t *stop,
                 pid_t parent, int *ended_by)
{
    struct sandbox sandbox;
    struct workers *workers;
    int received;

    raise_descriptor_limit();
    resolver_global_init();
    load_openssl_settings();
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
    log_start(port, config, workers_count(workers), &sandbox);
    sched_yield(); /* on a single processor too, first responses are not to wait for libcurl */
    http_client_global_init();

    received = wait_for_end(stop, parent);
    log_stop(received);
    workers_drain(workers);
    *ended_by = received > 0 ? received : SIGTERM;
    return EXIT_SUCCESS;
}

static void log_complaints(const struct complaints *complaints)
{
    for (size_t i = 0; i < complaints->count; i++)
        log_event(LOG_ERROR, "setting", LOG_TEXT("name", str_from(complaints->at[i].setting)),
                  LOG_TEXT("problem", str_from(complaints->at[i].problem)));
}

/* Listens, reads the settings, serves. */
static int start(const struct options *options, const sigset_t *stop, pid_t parent,
                 int *ended_by)
{
    struct complaints complaints = { .count = 0 };
    struct config config;
    unsigned port, bound = 0;
    int listener = -1, status = EXIT_USAGE;

    /* This comes first, since the host waits for the port, whatever else there is to do. */
    if (config_port(getenv, options->port, &port, &complaints)) {
        listener = listener_open(port, &bound);
        if (listener < 0) {
            log_event(LOG_ERROR, "listen", LOG_NUMBER("port", port),
                      LOG_TEXT("problem", str_from(strerror(errno))));
            return EXIT_FAILURE;
        }
    }
    if (config_load(&config, getenv, &complaints)) {
        status = serve(&config, listener, bound, stop, parent, ended_by);
        log_close();
    } else {
        if (listener >= 0)
            close(listener);
        log_complaints(&complaints);
    }
    config_free(&config);
    return status;
}

int main(int argc, char **argv)
{
    const pid_t parent = parent_at_start();
    struct options options;
    sigset_t stop;
    int status, ended_by = 0;

    fill_standard_descriptors();
#ifndef NO_SANDBOX
    sandbox_disable_core_dumps();
#endif
    parse_options(argc, argv, &options);
    if (options.is_check)
        return check(&options);
    block_signals(&stop);
    status = start(&options, &stop, parent, &ended_by);
    if (ended_by > 0)
        end_by(ended_by);
    return status;
}
