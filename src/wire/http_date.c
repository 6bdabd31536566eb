#include "wire/http_date.h"

#include <string.h>
#include <time.h>

bool http_date_read(struct str text, int64_t *out)
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
