#include "doctor/doctor.h"

#include <stdio.h>
#include <stdlib.h>

#include "doctor/diagnosis.h"

static const struct check {
    const char *name;
    bool (*run)(struct doctor *d);
    bool needs_token; /* cannot be done before negotiate has answered */
    bool needs_page;
} checks[] = {
    { "the function app answers", check_ready, false, false },
    { "negotiate gives a token for this service and hub", check_negotiate, false, false },
    { "the page's origin may ask", check_cors, false, true },
    { "the service can validate the event handler", check_validation, false, false },
    { "who has no function key is refused", check_function_key, false, false },
    { "a signed event is taken", check_signed_event, true, false },
    { "a wrongly signed event is refused", check_forged_event, true, false },
    { "the service takes our REST calls, and the clocks agree", check_service, false, false },
    { "the hub refuses clients without a token", check_anonymous, false, false },
    { "a client connects, and its events are answered", check_client, true, false },
};

static bool run_checks(struct doctor *d)
{
    bool all_well = true;

    for (size_t i = 0; i < COUNT(checks); i++) {
        if (checks[i].needs_page && !d->page)
            continue;
        if (checks[i].needs_token && !d->token) {
            printf("-     %s: cannot be tried without negotiate\n", checks[i].name);
            continue;
        }
        if (checks[i].run(d)) {
            printf("ok    %s\n", checks[i].name);
            continue;
        }
        all_well = false;
        printf("FAIL  %s\n      %s\n      mend: %s\n", checks[i].name, d->problem, d->mend);
    }
    return all_well;
}

static bool read_settings(struct doctor *d)
{
    struct complaints complaints;
    bool ok = config_load(&d->config, getenv, &complaints);

    for (size_t i = 0; i < complaints.count; i++)
        printf("FAIL  setting %s %s\n", complaints.at[i].setting, complaints.at[i].problem);
    if (ok && d->config.access_key.len == 0) {
        printf("FAIL  doctor needs an access key to sign with\n      mend: set %s\n",
               SETTING_CONNECTION);
        return false;
    }
    return ok;
}

bool doctor_run(const char *url, const char *page)
{
    struct doctor d = { .page = page, .function_key = getenv("CODESTREAM_FUNCTION_KEY") };
    struct str base = str_from(url);
    bool ok = false;

    if (read_settings(&d) && http_client_global_init()) {
        d.lab = probe_lab_new(d.config.ca_file);
        d.webpubsub = (struct webpubsub){ .url = d.config.service_url,
                                          .host = d.config.service_host,
                                          .hub = d.config.hub,
                                          .key = hmac_key_new(d.config.access_key) };
        if (d.lab && d.webpubsub.key) {
            while (str_ends(base, STR("/")))
                base.len--;
            d.url = keep(&d, base);
            ok = run_checks(&d);
        }
        if (d.lab)
            probe_lab_free(d.lab);
        hmac_key_free(d.webpubsub.key);
        http_client_global_free();
    }
    config_free(&d.config);
    return ok;
}
