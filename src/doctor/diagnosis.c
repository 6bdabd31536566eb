#include "doctor/diagnosis.h"

#include <stdio.h>
#include <time.h>

#include "wire/http_date.h"

#define MAX_QUOTED_CHARS 200

enum finding sick(struct doctor *d, const char *problem, const char *mend)
{
    d->problem = problem;
    d->mend = mend;
    return SICK;
}

enum finding not_tried(struct doctor *d, const char *why)
{
    d->problem = why;
    return NOT_TRIED;
}

enum finding unanswered(struct doctor *d, const char *who, const struct probe *probe,
                        const char *mend)
{
    if (str_starts(str_from(probe->failure), STR("the certificate")))
        mend = "give it a certificate that is valid now and for this name; an authority of "
               "your own is trusted by CODESTREAM_CA_FILE";
    return sick(d, told(d, who, probe), mend);
}

enum finding service_is_silent(struct doctor *d, const struct probe *probe)
{
    d->obstacles |= NO_SERVICE;
    return unanswered(d, keep(d, d->webpubsub.url), probe,
                      "is the endpoint in the connection string right, and can this machine "
                      "reach it?");
}

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

const char *quote(struct doctor *d, struct str text)
{
    bool is_long = text.len > MAX_QUOTED_CHARS;
    struct buf quoted = { .mem = probe_memory(d->lab) };
    struct str clean;

    for (size_t i = 0; i < text.len && i < MAX_QUOTED_CHARS; i++) {
        char c = text.ptr[i];
        buf_add_char(&quoted, c >= ' ' && c <= '~' ? c : ' ');
    }
    if (buf_done(&quoted, &clean))
        return "";
    return probe_text(d->lab, keep(d, str_trim(clean)), is_long ? "..." : "");
}

bool read_clock(struct str date, long *ahead)
{
    int64_t moment;

    if (!http_date_read(str_trim(date), &moment))
        return false;
    *ahead = (long)(moment - time(NULL));
    return true;
}
