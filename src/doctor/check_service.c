/* The service as the handler sees it. */
#include "doctor/diagnosis.h"

#include <stdlib.h>
#include <time.h>

/* Clocks that differ by more make tokens fail sooner or later. */
#define CLOCK_TOLERANCE_SECONDS 60

/* ahead: of the service's clock. */
static enum finding accuse_clock(struct doctor *d, const char *whose, const char *mend,
                                 long ahead)
{
    char digits[NUMBER_CHARS];
    struct str seconds = str_of_number((uint64_t)labs(ahead), digits);

    return sick(d,
                probe_text(d->lab, "the clock of ", whose, " is ", keep(d, seconds),
                           ahead > 0 ? " s ahead of" : " s behind", " the service's"),
                mend);
}

/* How far the service's clock is ahead of this machine's. */
static enum finding compare_clocks(struct doctor *d, long service_ahead)
{
    long app = d->app_clock_ahead - service_ahead;

    if (d->knows_app_clock && labs(app) > CLOCK_TOLERANCE_SECONDS)
        return accuse_clock(d, "the function app",
                            "mend the clock of the machine that the handler runs on", app);
    if (labs(service_ahead) > CLOCK_TOLERANCE_SECONDS)
        return accuse_clock(d, "this machine", "mend the clock of this machine",
                            -service_ahead);
    return WELL;
}

/* Asks whether a group is there that is not: for that our token must be good. */
static bool ask_for_group(struct doctor *d, struct probe *probe)
{
    struct buf url = { .mem = probe_memory(d->lab) };
    struct str group_url, token;

    buf_add_all(&url, d->webpubsub.url, STR("/api/hubs/"), d->webpubsub.hub, STR("/groups/"));
    webpubsub_add_group(&url, STR("/"), STR("codestream-doctor"));
    buf_add(&url, STR("?api-version=" WEBPUBSUB_API_VERSION));
    if (buf_done(&url, &group_url) ||
        webpubsub_rest_token(&d->webpubsub, group_url, (int64_t)time(NULL),
                             probe_memory(d->lab), &token))
        return false;
    *probe = (struct probe){
        .method = "HEAD",
        .url = keep(d, group_url),
        .headers = { probe_text(d->lab, "Authorization: Bearer ", keep(d, token)) },
        .kept = { { .name = STR("Date") } },
    };
    probe_send(d->lab, probe);
    return true;
}

enum finding check_service(struct doctor *d)
{
    const char *url = keep(d, d->webpubsub.url);
    struct probe probe;
    long ahead;

    if (!ask_for_group(d, &probe))
        return sick(d, "no memory", "try again");
    if (probe.status == 0)
        return service_is_silent(d, &probe);
    if (read_clock(probe.kept[0].value, &ahead) && compare_clocks(d, ahead) == SICK)
        return SICK;
    if (probe.status == 401 || probe.status == 403)
        return sick(
            d,
            probe_text(d->lab,
                       "the service refuses our token: the access key is not its own, "
                       "or it does not know itself as ",
                       url, ", which the token has as its audience"),
            "take the connection string from the portal or az webpubsub key show again");
    if (probe.status != 200 && probe.status != 404)
        return sick(d, told(d, "the service", &probe), "look at the service's live trace");
    return WELL;
}
