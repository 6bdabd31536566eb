/*
 * The packaged handler is one static program, above whatever C library a machine has or none.
 * glibc would still load modules of that machine, made for another glibc than ours: for the
 * names of hosts and services, and for what OpenSSL calls shared objects.  We need neither:
 * c-ares resolves names, OpenSSL has its providers inside.  So these functions are replaced
 * by what is an ordinary failure to their callers, and the loading behind them goes away.
 */
#include <dlfcn.h>
#include <netdb.h>
#include <stddef.h>

/* glibc's start-up code has a dlopen of its own; the linker turns ours into this (--wrap). */
void *__wrap_dlopen(const char *file, int mode);

void *__wrap_dlopen(const char *file, int mode)
{
    (void)file, (void)mode;
    return NULL;
}

void *dlsym(void *restrict handle, const char *restrict name)
{
    (void)handle, (void)name;
    return NULL;
}

int dladdr(const void *address, Dl_info *info)
{
    (void)address, (void)info;
    return 0;
}

int dlclose(void *handle)
{
    (void)handle;
    return -1;
}

char *dlerror(void)
{
    static char problem[] = "this program is static and loads nothing";

    return problem;
}

int getaddrinfo(const char *restrict name, const char *restrict service,
                const struct addrinfo *restrict hints, struct addrinfo **restrict found)
{
    (void)name, (void)service, (void)hints, (void)found;
    return EAI_FAIL;
}

void freeaddrinfo(struct addrinfo *found)
{
    (void)found;
}

int getnameinfo(const struct sockaddr *restrict address, socklen_t address_len,
                char *restrict name, socklen_t name_len, char *restrict service,
                socklen_t service_len, int flags)
{
    (void)address, (void)address_len, (void)name, (void)name_len;
    (void)service, (void)service_len, (void)flags;
    return EAI_FAIL;
}

struct hostent *gethostbyname(const char *name)
{
    (void)name;
    h_errno = NO_RECOVERY;
    return NULL;
}

struct servent *getservbyname(const char *name, const char *protocol)
{
    (void)name, (void)protocol;
    return NULL;
}

int getservbyname_r(const char *restrict name, const char *restrict protocol,
                    struct servent *restrict into, char *restrict buffer, size_t size,
                    struct servent **restrict found)
{
    (void)name, (void)protocol, (void)into, (void)buffer, (void)size;
    *found = NULL;
    return 0;
}

int getservbyport_r(int port, const char *restrict protocol, struct servent *restrict into,
                    char *restrict buffer, size_t size, struct servent **restrict found)
{
    (void)port, (void)protocol, (void)into, (void)buffer, (void)size;
    *found = NULL;
    return 0;
}
