#include "io/http_proxy.h"

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
