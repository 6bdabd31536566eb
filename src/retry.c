#include "retry.h"

#include "wire/http_date.h"

/* Longer than any deadline, and far from where sums overflow. */
#define FAR_AWAY_SECONDS ((uint64_t)1 << 32)

/* What the service asks for; 0: nothing that can be read. */
static int64_t asked_ms(const struct retry_attempt *attempt)
{
    struct str text = str_trim(attempt->retry_after);
    uint64_t seconds;
    int64_t moment;

    if (!str_to_number(text, 0, FAR_AWAY_SECONDS, &seconds))
        return (int64_t)seconds * 1000;
    if (http_date_read(text, &moment) && moment > attempt->now_unix)
        return (moment - attempt->now_unix) * 1000;
    return 0;
}

/* Between half of the pause and the whole of it. */
static int64_t pause_ms(const struct retry_attempt *attempt)
{
    int64_t pause = RETRY_FIRST_MS;

    for (unsigned i = 1; i < attempt->tries && pause < RETRY_LONGEST_MS; i++)
        pause *= 2;
    if (pause > RETRY_LONGEST_MS)
        pause = RETRY_LONGEST_MS;
    return pause / 2 + attempt->chance % (pause / 2 + 1);
}

/* No answer, too slow, too much at once, or broken; what is wrong with the call stays wrong. */
static bool may_pass(unsigned status)
{
    return status == 0 || status == 408 || status == 429 ||
           (status >= 500 && status <= 599 && status != 501 && status != 505);
}

int64_t retry_wait_ms(const struct retry_attempt *attempt)
{
    int64_t wait;

    if (attempt->tries >= RETRY_MAX_TRIES || !may_pass(attempt->status))
        return RETRY_NEVER;
    /* Chance comes on top: all who were told the same moment must not come back in it. */
    wait = asked_ms(attempt) + pause_ms(attempt);
    return wait + RETRY_LEAST_MS <= attempt->left_ms ? wait : RETRY_NEVER;
}
