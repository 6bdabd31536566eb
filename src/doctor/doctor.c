#include "doctor/doctor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doctor/diagnosis.h"

/* A key, ours or the function's, is shown only to who has negotiated as ours do. */
#define EVENTS (NO_APP | NOT_NEGOTIATED)

static const struct check {
    const char *name;
    enum finding (*run)(struct doctor *d);
    unsigned obstacles; /* any of these, and it cannot be tried */
} checks[] = {
    { "the function app answers", check_ready, 0 },
    { "negotiate gives a token for this service and hub", check_negotiate, NO_APP },
    { "nobody opens a room without the word", check_word, EVENTS | NO_WORD },
    { "the page's origin may ask", check_cors, NO_APP | NO_PAGE },
    { "the service can validate the event handler", check_validation, EVENTS },
    { "who has no function key is refused", check_function_key,
      EVENTS | NO_FUNCTION_KEY | NOT_VALIDATED },
    { "a signed event is taken", check_signed_event,
      EVENTS | NO_ACCESS_KEY | BAD_FUNCTION_KEY },
    { "a wrongly signed event is refused", check_forged_event,
      EVENTS | NO_ACCESS_KEY | BAD_FUNCTION_KEY | NO_SIGNED_EVENT },
    { "the service takes our REST calls, and the clocks agree", check_service, NO_ACCESS_KEY },
    { "the hub refuses clients without a token", check_anonymous, NO_SERVICE },
    { "a client connects, and its events are answered", check_client, EVENTS | NO_SERVICE },
};

/* Of several obstacles the first is told. */
static const struct {
    enum obstacle obstacle;
    const char *words;
} reasons[] = {
    { NO_APP, "the function app is not ready" },
    { NOT_NEGOTIATED, "cannot be tried without negotiate" },
    { NO_ACCESS_KEY, "needs an access key" },
    { NO_FUNCTION_KEY, "CODESTREAM_FUNCTION_KEY is not set" },
    { BAD_FUNCTION_KEY, "needs the function key" },
    { NOT_VALIDATED, "cannot be told before OPTIONS reaches the handler" },
    { NO_SIGNED_EVENT, "cannot be told while no signed event is taken" },
    { NO_SERVICE, "the service does not answer" },
};

static const char *find_reason(unsigned obstacles)
{
    for (size_t i = 0; i < COUNT(reasons); i++) {
        if (obstacles & reasons[i].obstacle)
            return reasons[i].words;
    }
    return NULL;
}

static enum finding run_check(struct doctor *d, const struct check *check)
{
    const char *reason = find_reason(check->obstacles & d->obstacles);

    return reason ? not_tried(d, reason) : check->run(d);
}

static bool run_checks(struct doctor *d)
{
    bool all_well = true;

    for (size_t i = 0; i < COUNT(checks); i++) {
        if (checks[i].obstacles & d->obstacles & (NO_PAGE | NO_WORD))
            continue;
        switch (run_check(d, &checks[i])) {
        case WELL:
            printf("ok    %s\n", checks[i].name);
            break;
        case NOT_TRIED:
            printf("-     %s: %s\n", checks[i].name, d->problem);
            break;
        case SICK:
            all_well = false;
            printf("FAIL  %s\n      %s\n      mend: %s\n", checks[i].name, d->problem, d->mend);
        }
        (void)fflush(stdout); /* a check may take seconds */
    }
    return all_well;
}

/* What only a handler needs: an identity of its own, and what signs its writer keys. */
static bool matters(const struct complaint *complaint)
{
    static const char *const of_the_handler[] = { "IDENTITY_ENDPOINT", "IDENTITY_HEADER",
                                                  "CODESTREAM_SECRET" };

    for (size_t i = 0; i < COUNT(of_the_handler); i++) {
        if (strcmp(complaint->setting, of_the_handler[i]) == 0)
            return false;
    }
    return true;
}

static bool read_settings(struct doctor *d)
{
    struct complaints complaints;
    bool ok = true;

    if (config_load(&d->config, getenv, &complaints))
        return true;
    for (size_t i = 0; i < complaints.count; i++) {
        if (!matters(&complaints.at[i]))
            continue;
        printf("FAIL  setting %s %s\n", complaints.at[i].setting, complaints.at[i].problem);
        ok = false;
    }
    return ok;
}

static bool fail_to_start(void)
{
    printf("FAIL  doctor cannot start: no memory, or libcurl or libcrypto refuses\n");
    return false;
}

/* What is known before anything is tried. */
static bool prepare(struct doctor *d, const char *url)
{
    struct str base = str_from(url);

    d->lab = probe_lab_new(d->config.ca_file);
    d->webpubsub = (struct webpubsub){ .url = d->config.service_url,
                                       .host = d->config.service_host,
                                       .hub = d->config.hub };
    if (d->config.access_key.len > 0)
        d->webpubsub.key = hmac_key_new(d->config.access_key);
    else
        d->obstacles |= NO_ACCESS_KEY;
    if (!d->lab || (d->config.access_key.len > 0 && !d->webpubsub.key))
        return false;
    if (!d->page)
        d->obstacles |= NO_PAGE;
    if (!d->config.needs_word)
        d->obstacles |= NO_WORD;
    if (!d->function_key)
        d->obstacles |= NO_FUNCTION_KEY;
    while (str_ends(base, STR("/")))
        base.len--;
    d->url = keep(d, base);
    return true;
}

static bool examine(struct doctor *d, const char *url)
{
    bool ok;

    if (!http_client_global_init())
        return fail_to_start();
    ok = prepare(d, url) ? run_checks(d) : fail_to_start();
    if (d->lab)
        probe_lab_free(d->lab);
    hmac_key_free(d->webpubsub.key);
    http_client_global_free();
    return ok;
}

bool doctor_run(const char *url, const char *page)
{
    const char *function_key = getenv("CODESTREAM_FUNCTION_KEY");
    struct doctor d = { .page = page,
                        .function_key = function_key && *function_key ? function_key : NULL };
    bool ok = read_settings(&d) && examine(&d, url);

    config_free(&d.config);
    return ok;
}
