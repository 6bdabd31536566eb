/*
 * When a call is sent again: never at a negative moment nor beyond the time that is left, not
 * before the service wants it, and with more time left not at another moment.
 */
#include "azure/rest.h"

#include <inttypes.h>
#include <time.h>

#include "fuzz.h"

/* Year 9999 is before this. */
#define FAR_UNIX ((uint64_t)1 << 38)

static int64_t read_number(struct input *in, uint64_t max)
{
    uint64_t number;

    return str_to_number(input_text(in), 0, max, &number) ? 0 : (int64_t)number;
}

static int64_t with_time(struct retry_attempt attempt, int64_t left_ms)
{
    attempt.left_ms = left_ms;
    return retry_wait_ms(&attempt);
}

/* What is always true, whatever the attempt. */
static int64_t check_bounds(const struct retry_attempt *attempt)
{
    int64_t wait = retry_wait_ms(attempt), free_wait = with_time(*attempt, INT64_MAX);

    MUST(wait == RETRY_NEVER || (wait >= 0 && wait <= attempt->left_ms - RETRY_LEAST_MS));
    MUST(wait == RETRY_NEVER || wait == free_wait);
    MUST(free_wait == RETRY_NEVER ||
         with_time(*attempt, free_wait + RETRY_LEAST_MS) == free_wait);
    MUST(with_time(*attempt, free_wait) == RETRY_NEVER &&
         with_time(*attempt, 0) == RETRY_NEVER);
    MUST(free_wait == RETRY_NEVER || attempt->tries < RETRY_MAX_TRIES);
    return free_wait;
}

/* The pause comes on top of what was asked for. */
static void must_be_after(const struct retry_attempt *attempt, int64_t asked_ms)
{
    int64_t wait = check_bounds(attempt);

    MUST(wait == RETRY_NEVER ||
         (wait >= asked_ms + RETRY_FIRST_MS / 2 && wait <= asked_ms + RETRY_LONGEST_MS));
}

static void check_seconds(struct retry_attempt attempt, uint32_t seconds)
{
    char text[16];

    (void)snprintf(text, sizeof(text), "%" PRIu32, seconds);
    attempt.retry_after = str_from(text);
    must_be_after(&attempt, (int64_t)seconds * 1000);
}

static void check_date(struct retry_attempt attempt, uint32_t seconds)
{
    time_t moment = (time_t)(attempt.now_unix + seconds);
    struct tm date;
    char text[64];

    MUST(gmtime_r(&moment, &date));
    if (date.tm_year > 9999 - 1900)
        return;
    MUST(strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &date) == 29);
    attempt.retry_after = str_from(text);
    must_be_after(&attempt, (int64_t)seconds * 1000);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const unsigned statuses[] = { 503, 0, 429, 408, 500, 501, 505, 599, 600, 404 };
    struct input in = input_on(data, size);
    struct retry_attempt attempt = { .status = statuses[input_choice(&in, COUNT(statuses))],
                                     .tries = input_choice(&in, RETRY_MAX_TRIES + 2) };
    uint32_t seconds;

    attempt.left_ms = read_number(&in, INT64_MAX);
    attempt.now_unix = read_number(&in, FAR_UNIX);
    attempt.jitter = (uint32_t)read_number(&in, UINT32_MAX);
    seconds = (uint32_t)read_number(&in, UINT32_MAX);
    attempt.retry_after = input_text(&in);
    (void)check_bounds(&attempt);
    check_seconds(attempt, seconds);
    check_date(attempt, seconds);
    input_free(&in);
    return 0;
}
