#include "options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_USAGE = 2 };

static void say_usage(FILE *to, const char *usage, int status)
{
    fputs(usage, to);
    exit(status);
}

static bool read_seconds(const char *value, double *out)
{
    char *end;
    double seconds = strtod(value, &end);

    if (*value == '\0' || *end != '\0' || !(seconds >= 0 && seconds <= OPTIONS_MAX_SECONDS))
        return false;
    *out = seconds;
    return true;
}

static bool read_value(const struct option *option, const char *value)
{
    if (option->number)
        return !str_to_number(str_from(value), option->min, option->max, option->number);
    if (option->seconds)
        return read_seconds(value, option->seconds);
    *option->text = value;
    return true;
}

static const struct option *find(const struct option *options, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(options[i].name, name) == 0)
            return &options[i];
    }
    return NULL;
}

int options_read(int argc, char **argv, const struct option *options, size_t count,
                 const char *usage)
{
    int i = 1;

    for (; i < argc && strcmp(argv[i], "--") != 0; i += 2) {
        const struct option *option = find(options, count, argv[i]);
        if (strcmp(argv[i], "--help") == 0)
            say_usage(stdout, usage, EXIT_SUCCESS);
        if (!option || i + 1 == argc || !read_value(option, argv[i + 1])) {
            fprintf(stderr, "cannot understand %s\n", argv[i]);
            say_usage(stderr, usage, EXIT_USAGE);
        }
    }
    return i < argc ? i + 1 : argc;
}
