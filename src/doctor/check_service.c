/* The service as the handler sees it. */
#include "doctor/diagnosis.h"

#include <stdlib.h>

/* Clocks that differ by more make tokens fail sooner or later. */
#define CLOCK_TOLERANCE_SECONDS 60

static bool compare_clocks(struct doctor *d, time_t service)
{
    time_t handler = d->handler_clock;

    if (service == 0)
        return true;
    if (handler != 0 && labs((long)(handler - service)) > CLOCK_TOLERANCE_SECONDS)
        return sick(d, "the clocks of the function app and of the service differ by minutes",
                    "mend the clock of the machine that the handler runs on");
    if (labs((long)(time(NULL) - service)) > CLOCK_TOLERANCE_SECONDS)
        return sick(d, "the clocks of this machine and of the service differ by minutes",
                    "mend the clock of this machine");
    return true;
}

bool check_service(struct doctor *d)
{
    struct str group_url, token;
    struct buf url = { .mem = probe_memory(d->lab) };
    struct probe probe = { .method = "HEAD", .kept = { { .name = STR("Date") } } };

    buf_add_all(&url, d->webpubsub.url, STR("/api/hubs/"), d->webpubsub.hub, STR("/groups/"));
    webpubsub_add_group(&url, STR("/"), STR("codestream-doctor"));
    buf_add(&url, STR("?api-version=" WEBPUBSUB_API_VERSION));
    if (buf_done(&url, &group_url) ||
        webpubsub_rest_token(&d->webpubsub, group_url, (int64_t)time(NULL),
                             probe_memory(d->lab), &token))
        return sick(d, "no memory", "try again");
    probe.url = keep(d, group_url);
    probe.headers[0] = probe_text(d->lab, "Authorization: Bearer ", keep(d, token));
    probe_send(d->lab, &probe);

    if (probe.status == 0)
        return sick(
            d, told(d, keep(d, d->webpubsub.url), &probe),
            "is the endpoint in the connection string right, can this machine reach it, "
            "and is its certificate valid?");
    if (!compare_clocks(d, read_date(probe.kept[0].value)))
        return false;
    if (probe.status == 401 || probe.status == 403)
        return sick(
            d, "the service refuses our access key",
            "take the connection string from the portal or az webpubsub key show again");
    if (probe.status != 200 && probe.status != 404)
        return sick(d, told(d, "the service", &probe), "look at the service's live trace");
    return true;
}
