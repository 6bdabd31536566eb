/*
 * A monotonic clock that runs FACTOR times as fast, and waits that are as much shorter, for
 * LD_PRELOAD: what takes minutes can be tested in seconds.  It does so from a SIGUSR1 to the next,
 * because what a client does meanwhile has less time than it should.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define FACTOR 50
#define NS_PER_SECOND 1000000000

static volatile sig_atomic_t is_fast;

static void on_signal(int signal)
{
    (void)signal;
    is_fast = !is_fast;
}

__attribute__((constructor)) static void listen_to_signals(void)
{
    (void)signal(SIGUSR1, on_signal);
}

/* What the clock is ahead by at a moment of the system's. */
static int64_t ahead_ns(int64_t now_ns)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static int64_t last_ns, ahead;

    pthread_mutex_lock(&lock);
    if (is_fast && now_ns > last_ns)
        ahead += (now_ns - last_ns) * (FACTOR - 1);
    if (now_ns > last_ns)
        last_ns = now_ns;
    now_ns = ahead;
    pthread_mutex_unlock(&lock);
    return now_ns;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    int64_t ns;

    if (syscall(SYS_clock_gettime, clock, now) != 0)
        return -1;
    if (clock != CLOCK_MONOTONIC)
        return 0;
    ns = (int64_t)now->tv_sec * NS_PER_SECOND + now->tv_nsec;
    ns += ahead_ns(ns);
    *now = (struct timespec){ ns / NS_PER_SECOND, ns % NS_PER_SECOND };
    return 0;
}

int epoll_wait(int epoll, struct epoll_event *events, int count, int timeout_ms)
{
    if (is_fast && timeout_ms > 0)
        timeout_ms = timeout_ms / FACTOR + 1;
    return epoll_pwait(epoll, events, count, timeout_ms, NULL);
}
