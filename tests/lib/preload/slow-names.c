/*
 * A C library whose name server never answers, for LD_PRELOAD: looking a name up takes as long
 * as resolvers wait.
 */
#include <netdb.h>
#include <unistd.h>

#define RESOLVER_SECONDS 15

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **result)
{
    (void)node, (void)service, (void)hints, (void)result;
    sleep(RESOLVER_SECONDS);
    return EAI_AGAIN;
}
