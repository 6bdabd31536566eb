/*
 * How long a server takes from its start to its first whole 2xx answer.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "exchange.h"
#include "io/listener.h"
#include "net.h"
#include "options.h"

#define MAX_RUNS 1000

/* A server that has not answered by then never will. */
#define START_SECONDS 20

/* Between two attempts: the child needs the processor more than we do. */
#define PAUSE_NS 100000

/* After this a server that was asked to end is ended. */
#define STOP_MS 3000

static const char usage[] =
    "usage: coldstart [--runs N] -- [NAME=VALUE...] PROGRAM [ARGUMENT...]\n"
    "\n"
    "Starts PROGRAM N (11) times and asks GET /negotiate until it answers 2xx.  It learns\n"
    "its port from FUNCTIONS_CUSTOMHANDLER_PORT and PORT.\n"
    "Prints {\"runs\":n,\"median_ms\":..,\"min_ms\":..,\"max_ms\":..}.\n";

/* ---- the child ---- */

/* NAME=VALUE in front of the program; returns the program's place. */
static char **set_environment(char **arguments)
{
    for (; *arguments && strchr(*arguments, '='); arguments++) {
        if (putenv(*arguments) != 0)
            return NULL;
    }
    return arguments;
}

static void set_port(unsigned port)
{
    char text[16];

    snprintf(text, sizeof(text), "%u", port);
    setenv("PORT", text, 1);
    setenv("FUNCTIONS_CUSTOMHANDLER_PORT", text, 1);
}

/* Its log is nobody's business here, but not its complaints. */
static pid_t start(char **program)
{
    pid_t pid = fork();

    if (pid == 0) {
        int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
        if (null >= 0 && dup2(null, STDOUT_FILENO) >= 0)
            execvp(program[0], program);
        perror(program[0]);
        _exit(127);
    }
    return pid;
}

static void stop(pid_t pid)
{
    const struct timespec pause = { .tv_nsec = NS_PER_MS };

    kill(pid, SIGTERM);
    for (int i = 0; i < STOP_MS; i++) {
        if (waitpid(pid, NULL, WNOHANG) != 0)
            return;
        nanosleep(&pause, NULL);
    }
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

/* ---- the question ---- */

static int connect_blocking(unsigned port)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
        .sin_port = htons((uint16_t)port),
    };
    const struct timeval patience = { .tv_sec = START_SECONDS };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0 &&
        connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

static void ignore(void *owner, struct str content)
{
    (void)owner;
    (void)content;
}

/* The status; 0: no answer. */
static unsigned ask(int fd, unsigned port)
{
    static struct exchange x;
    char request[128];
    enum exchange_state state;

    snprintf(request, sizeof(request), "GET /negotiate HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n\r\n",
             port);
    x = (struct exchange){ .stream.fd = fd,
                           .max_body_bytes = UINT64_MAX,
                           .on_content = ignore };
    exchange_begin(&x, str_from(request), STR(""));
    if (!exchange_send(&x))
        return 0;
    /* The socket blocks: this takes until the answer is whole, or its patience is at an end. */
    state = exchange_receive(&x, true);
    return state == EXCHANGE_DONE ? x.status : 0;
}

/* ---- a run ---- */

/* false: it ended, or did not answer in time. */
static bool await_answer(pid_t pid, unsigned port, int64_t until_ns)
{
    const struct timespec pause = { .tv_nsec = PAUSE_NS };

    while (net_now_ns() < until_ns) {
        int fd = connect_blocking(port);
        unsigned status = fd >= 0 ? ask(fd, port) : 0;
        if (fd >= 0)
            close(fd);
        if (status >= 200 && status <= 299)
            return true;
        if (waitpid(pid, NULL, WNOHANG) != 0)
            return false;
        nanosleep(&pause, NULL);
    }
    return false;
}

static unsigned free_port(void)
{
    unsigned port = 0;
    int fd = listener_open(0, &port);

    if (fd >= 0)
        close(fd);
    return port;
}

/* Negative: it did not work. */
static double run_ms(char **program)
{
    unsigned port = free_port();
    int64_t started_ns;
    double ms;
    pid_t pid;
    bool ok;

    set_port(port);
    started_ns = net_now_ns();
    pid = start(program);
    if (pid < 0)
        return -1;
    ok = await_answer(pid, port, started_ns + START_SECONDS * NS_PER_SECOND);
    ms = (double)(net_now_ns() - started_ns) / (double)NS_PER_MS;
    stop(pid);
    return ok ? ms : -1;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    static double ms[MAX_RUNS];
    uint64_t runs = 11;
    const struct option options[] = { { "--runs", .number = &runs, .min = 1,
                                        .max = MAX_RUNS } };
    char **program =
        set_environment(argv + options_read(argc, argv, options, COUNT(options), usage));

    if (!program || !*program) {
        fputs(usage, stderr);
        return EXIT_FAILURE;
    }
    for (size_t i = 0; i < runs; i++) {
        ms[i] = run_ms(program);
        if (ms[i] < 0) {
            fprintf(stderr, "coldstart: %s gave no 2xx answer\n", program[0]);
            return EXIT_FAILURE;
        }
    }
    qsort(ms, (size_t)runs, sizeof(ms[0]), compare);
    printf("{\"runs\":%llu,\"median_ms\":%.3f,\"min_ms\":%.3f,\"max_ms\":%.3f}\n",
           (unsigned long long)runs, (ms[(runs - 1) / 2] + ms[runs / 2]) / 2, ms[0],
           ms[runs - 1]);
    return EXIT_SUCCESS;
}
