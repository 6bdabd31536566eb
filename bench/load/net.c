#include "net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

int64_t net_now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

void net_raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

void net_send_at_once(int fd)
{
    /* Without it the figures get worse, which they will show. */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
}

int net_connect(unsigned port)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
        .sin_port = htons((uint16_t)port),
    };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int error;

    if (fd < 0)
        return -1;
    net_send_at_once(fd);
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 ||
        errno == EINPROGRESS)
        return fd;
    error = errno;
    close(fd);
    errno = error;
    return -1;
}

int net_socket_error(int fd)
{
    int error = 0;
    socklen_t len = sizeof(error);

    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 ? error : errno;
}

static int wait_ms(int epoll, struct epoll_event *events, int max, int64_t left_ns)
{
    int64_t left_ms = (left_ns + NS_PER_MS - 1) / NS_PER_MS;

    return epoll_wait(epoll, events, max, left_ms < INT_MAX ? (int)left_ms : INT_MAX);
}

int net_wait(int epoll, struct epoll_event *events, int max, int64_t until_ns)
{
    int64_t left_ns = until_ns == NET_NEVER ? NET_NEVER : until_ns - net_now_ns();
    struct timespec left;
    int count;

    if (left_ns <= 0)
        return epoll_wait(epoll, events, max, 0);
    if (until_ns == NET_NEVER)
        return epoll_wait(epoll, events, max, -1);
    left = (struct timespec){ .tv_sec = left_ns / NS_PER_SECOND,
                              .tv_nsec = left_ns % NS_PER_SECOND };
    count = epoll_pwait2(epoll, events, max, &left, NULL);
    if (count < 0 && errno == ENOSYS) /* before Linux 5.11 */
        count = wait_ms(epoll, events, max, left_ns);
    return count;
}
