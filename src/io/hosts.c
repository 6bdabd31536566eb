#include "io/hosts.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static bool has(const struct addresses *list, const struct address *one)
{
    for (size_t i = 0; i < list->count; i++) {
        if (memcmp(&list->at[i], one, sizeof(*one)) == 0)
            return true;
    }
    return false;
}

void addresses_add(struct addresses *list, const void *bytes, size_t len)
{
    struct address one = { { 0 } };

    memcpy(one.bytes, bytes, len < sizeof(one.bytes) ? len : sizeof(one.bytes));
    if (list->count < ADDRESSES_MAX && !has(list, &one))
        list->at[list->count++] = one;
}

/* No list has an address twice. */
bool addresses_are_same(const struct addresses *a, const struct addresses *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        if (!has(b, &a->at[i]))
            return false;
    }
    return true;
}

int64_t addresses_life_ms(int64_t ttl_seconds)
{
    if (ttl_seconds < ADDRESSES_MIN_SECONDS)
        ttl_seconds = ADDRESSES_MIN_SECONDS;
    if (ttl_seconds > ADDRESSES_MAX_SECONDS)
        ttl_seconds = ADDRESSES_MAX_SECONDS;
    return 1000 * ttl_seconds;
}

/* Appends those of one family at len; returns the new length. */
static size_t write_family(const struct addresses *list, int family, char *entry, size_t len)
{
    char text[INET6_ADDRSTRLEN];

    for (size_t i = 0; i < list->count; i++) {
        const char *comma = entry[len - 1] == ':' ? "" : ",";
        if (!inet_ntop(family, list->at[i].bytes, text, sizeof(text)))
            continue;
        len += (size_t)snprintf(entry + len, ADDRESSES_ENTRY_CHARS - len,
                                family == AF_INET ? "%s%s" : "%s[%s]", comma, text);
    }
    return len;
}

void addresses_write(const struct addresses *v4, const struct addresses *v6, const char *host,
                     unsigned port, char entry[static ADDRESSES_ENTRY_CHARS])
{
    size_t len = (size_t)snprintf(entry, ADDRESSES_ENTRY_CHARS,
                                  "%.*s:%u:", ADDRESSES_HOST_CHARS, host, port & 0xffff);

    len = write_family(v4, AF_INET, entry, len);
    (void)write_family(v6, AF_INET6, entry, len);
}

bool addresses_is_literal(const char *host)
{
    struct in6_addr address;

    return host[0] == '[' || inet_pton(AF_INET, host, &address) == 1 ||
           inet_pton(AF_INET6, host, &address) == 1;
}

/* ---- no_proxy ---- */

static struct str without_last_dot(struct str name)
{
    return str_ends(name, STR(".")) ? str_first(name, name.len - 1) : name;
}

/* "example.com" or ".example.com" is example.com and whatever ends in .example.com. */
static bool names_host(struct str entry, struct str host)
{
    struct str end;

    entry = without_last_dot(entry);
    if (str_starts(entry, STR(".")))
        entry = str_skip(entry, 1);
    if (entry.len == 0 || entry.len > host.len)
        return false;
    end = str_skip(host, host.len - entry.len);
    return str_equal_nocase(entry, end) &&
           (entry.len == host.len || host.ptr[host.len - entry.len - 1] == '.');
}

bool http_proxy_spares(const char *list, struct str host)
{
    struct str rest = str_from(list);

    host = without_last_dot(host);
    if (str_equal(rest, STR("*")))
        return true;
    while (rest.len > 0) {
        if (names_host(str_cut(rest, ", \t", &rest), host))
            return true;
    }
    return false;
}
