#include "results.h"

#include <stdio.h>

static void note_first_error(struct results *results, const char *what, const char *detail)
{
    if (results->first_error[0] == '\0')
        snprintf(results->first_error, sizeof(results->first_error), "%s%s%s", what,
                 *detail ? ": " : "", detail);
}

void results_add_errors(struct results *results, uint64_t count, const char *what,
                        const char *detail)
{
    results->errors += count;
    if (count > 0)
        note_first_error(results, what, detail);
}

void results_add_status(struct results *results, unsigned status)
{
    char text[16];

    results->non2xx++;
    snprintf(text, sizeof(text), "%u", status);
    note_first_error(results, "answered with status", text);
}

void results_print(const struct results *results, double seconds)
{
    const struct sample *latencies = &results->latencies;
    bool has_error = results->first_error[0] != '\0';
    const char *quote = has_error ? "\"" : "";

    printf("{\"requests\":%llu,\"seconds\":%.3f,\"rps\":%.1f,",
           (unsigned long long)latencies->count, seconds,
           seconds > 0 ? (double)latencies->count / seconds : 0.0);
    printf("\"p50_ms\":%.3f,\"p90_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f,",
           sample_quantile_ms(latencies, 0.5), sample_quantile_ms(latencies, 0.9),
           sample_quantile_ms(latencies, 0.99), (double)latencies->max_ns / 1e6);
    printf("\"unsent\":%llu,\"errors\":%llu,\"non2xx\":%llu,\"reconnects\":%llu,",
           (unsigned long long)results->unsent, (unsigned long long)results->errors,
           (unsigned long long)results->non2xx, (unsigned long long)results->reconnects);
    printf("\"first_error\":%s%s%s}\n", quote, has_error ? results->first_error : "null",
           quote);
}
