#include "doctor/diagnosis.h"

#include <stdio.h>
#include <string.h>

bool sick(struct doctor *d, const char *problem, const char *mend)
{
    d->problem = problem;
    d->mend = mend;
    return false;
}

/* "answered 404", or why there was no answer */
const char *told(struct doctor *d, const char *who, const struct probe *probe)
{
    char status[16];

    if (probe->status == 0)
        return probe_text(d->lab, who, ": ", probe->failure);
    (void)snprintf(status, sizeof(status), "%u", probe->status);
    return probe_text(d->lab, who, " answered ", status);
}

const char *keep(struct doctor *d, struct str text)
{
    char *copy = arena_cstr(probe_memory(d->lab), text);

    return copy ? copy : "";
}

time_t read_date(struct str text)
{
    struct tm moment = { 0 };
    char copy[64] = { 0 };

    if (text.len >= sizeof(copy))
        return 0;
    memcpy(copy, text.ptr ? text.ptr : "", text.len);
    return strptime(copy, "%a, %d %b %Y %H:%M:%S GMT", &moment) ? timegm(&moment) : 0;
}
