#include "retry.h"

#include <string.h>
#include <time.h>

/* Longer than any deadline, and far from where sums overflow. */
#define FAR_AWAY_SECONDS ((uint64_t)1 << 32)

/* "Sun, 06 Nov 1994 08:49:37 GMT", the form of dates that is sent today (RFC 9110, 5.6.7). */
static bool read_date(struct str text, int64_t *out)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    const struct {
        size_t at, len;
        uint64_t max;
    } fields[] = { { 5, 2, 31 }, { 12, 4, 9999 }, { 17, 2, 23 }, { 20, 2, 59 }, { 23, 2, 60 } };
    uint64_t values[COUNT(fields)];
    struct tm date = { 0 };

    if (text.len != 29 || !str_ends(text, STR(" GMT")))
        return false;
    for (size_t i = 0; i < COUNT(fields); i++) {
        struct str digits = { text.ptr + fields[i].at, fields[i].len };
        if (str_to_number(digits, 0, fields[i].max, &values[i]))
            return false;
    }
    while (date.tm_mon < 12 && memcmp(months + 3 * date.tm_mon, text.ptr + 8, 3) != 0)
        date.tm_mon++;
    if (date.tm_mon == 12)
        return false;
    date.tm_mday = (int)values[0];
    date.tm_year = (int)values[1] - 1900;
    date.tm_hour = (int)values[2];
    date.tm_min = (int)values[3];
    date.tm_sec = (int)values[4];
    *out = (int64_t)timegm(&date);
    return true;
}

/* What the service asks for; 0: nothing that can be read. */
static int64_t asked_ms(const struct retry_attempt *attempt)
{
    struct str text = str_trim(attempt->retry_after);
    uint64_t seconds;
    int64_t moment;

    if (!str_to_number(text, 0, FAR_AWAY_SECONDS, &seconds))
        return (int64_t)seconds * 1000;
    if (read_date(text, &moment) && moment > attempt->now_unix)
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
