/* Which sockets a process has in the sandbox, and what it can do with them. */
#include "sandbox_trial.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>

static int open_packet_socket(void)
{
    return error_of(socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
}

static int open_socket(void)
{
    return error_of(a_socket());
}

static int set_up_the_network(void)
{
    return error_of(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0));
}

static int set_up_the_firewall(void)
{
    return error_of(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 12));
}

static int open_raw_socket(void)
{
    return error_of(socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP));
}

/* How packet sockets were once opened; Linux takes it still. */
static int open_packet_socket_of_old(void)
{
    return error_of(socket(AF_INET, SOCK_PACKET | SOCK_CLOEXEC, 0x300));
}

static int open_socket_of_many_paths(void)
{
    return error_of(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 262));
}

static int open_local_socket(void)
{
    return error_of(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

static int open_pair_that_can_be_connected(void)
{
    int pair[2];

    return error_of(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair));
}

static int open_pair(void)
{
    int pair[2];

    return error_of(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
}

static int error_of_interface(unsigned long request)
{
    struct ifreq loopback = { .ifr_name = "lo" };

    return error_of(ioctl(a_socket(), request, &loopback));
}

static int switch_interface_off(void)
{
    return error_of_interface(SIOCSIFFLAGS);
}

static int rename_interface(void)
{
    return error_of_interface(SIOCSIFNAME);
}

static int add_route(void)
{
    return error_of(ioctl(a_socket(), SIOCADDRT, NULL));
}

static int find_interface(void)
{
    return error_of_interface(SIOCGIFINDEX);
}

static int listen_for_strangers(void)
{
    return error_of(listen(a_socket(), 1));
}

/* As resolvers do. */
static int bind_udp_socket(void)
{
    const struct sockaddr_in any = { .sin_family = AF_INET };
    int socket_of_packets = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    return error_of(bind(socket_of_packets, (const struct sockaddr *)&any, sizeof(any)));
}

static void who_takes_over_gets_no_odd_sockets_and_serves_nobody(void **state)
{
    static const struct trial trials[] = {
        { "a socket for raw packets", open_packet_socket, EPERM },
        { "the same as of old", open_packet_socket_of_old, EPERM },
        { "a raw socket", open_raw_socket, EPERM },
        { "a protocol other than TCP and UDP", open_socket_of_many_paths, EPERM },
        { "a socket to the machine's own services", open_local_socket, EPERM },
        { "a pair of which one could be connected to them", open_pair_that_can_be_connected,
          EPERM },
        { "netlink", set_up_the_network, EPERM },
        { "netlink to the firewall", set_up_the_firewall, EPERM },
        { "SIOCSIFFLAGS", switch_interface_off, EPERM },
        { "SIOCSIFNAME", rename_interface, EPERM },
        { "SIOCADDRT", add_route, EPERM },
        { "listen", listen_for_strangers, EPERM },
        { "a socket", open_socket, 0 },
        { "a UDP socket", bind_udp_socket, 0 },
        { "a pair", open_pair, 0 },
        { "an interface of that name", find_interface, 0 },
    };

    (void)state;
    expect(trials, COUNT(trials), NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_takes_over_gets_no_odd_sockets_and_serves_nobody),
    };

    return cmocka_run_group_tests(tests, make_files, remove_files);
}
