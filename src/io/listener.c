#include "io/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

/* Connections that may wait until a loop takes them; the kernel has a limit of its own. */
#define BACKLOG 4096

static bool bind_and_listen(int fd, unsigned port, unsigned *bound)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
        .sin_port = htons((uint16_t)port),
    };
    socklen_t len = sizeof(address);

    /* The port of a handler that was just restarted may still be winding down. */
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int)) != 0 ||
        bind(fd, (struct sockaddr *)&address, len) != 0 || listen(fd, BACKLOG) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) != 0)
        return false;
    *bound = ntohs(address.sin_port);
    return true;
}

int listener_open(unsigned port, unsigned *bound)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int error;

    if (fd < 0 || bind_and_listen(fd, port, bound))
        return fd;
    error = errno;
    close(fd);
    errno = error;
    return -1;
}

int listener_accept(int listener)
{
    int fd;

    do {
        fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    } while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
    return fd;
}

/* Of a listening socket, Linux tells the length of the backlog in tcpi_unacked, as for ss(8). */
size_t listener_waiting(int listener, size_t most)
{
    struct tcp_info info;
    socklen_t len = sizeof(info);

    if (getsockopt(listener, IPPROTO_TCP, TCP_INFO, &info, &len) != 0 || info.tcpi_unacked < 1)
        return 1;
    return info.tcpi_unacked < most ? info.tcpi_unacked : most;
}
