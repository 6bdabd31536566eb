/*
 * Settings: whatever the environment says, what is accepted is safe to use, and what is
 * refused is named without its value.
 */
#include "azure/webpubsub.h"
#include "config.h"
#include "fuzz.h"

static const char *const names[] = {
    SETTING_CONNECTION,
    SETTING_CONNECTION "__endpoint",
    SETTING_CONNECTION "__credential",
    SETTING_CONNECTION "__clientId",
    "IDENTITY_ENDPOINT",
    "IDENTITY_HEADER",
    "CODESTREAM_SECRET",
    "CODESTREAM_HUB",
    "CODESTREAM_TOKEN_MINUTES",
    "CODESTREAM_UNITS",
    "CODESTREAM_REST_TIMEOUT_MS",
    "CODESTREAM_LOOPS",
    "CODESTREAM_SANDBOX",
    "FUNCTIONS_CUSTOMHANDLER_PORT",
    "FUNCTIONS_HTTPWORKER_PORT",
};

static struct str values[COUNT(names)]; /* NUL-terminated; empty: not set */

static char *from_input(const char *name)
{
    union {
        const char *value;
        char *out; /* getenv's type; nobody writes */
    } same = { .value = NULL };

    for (size_t i = 0; i < COUNT(names); i++) {
        if (strcmp(names[i], name) == 0 && values[i].ptr && values[i].len > 0)
            same.value = values[i].ptr;
    }
    /* Which certificates this machine has is not what is tested. */
    if (strcmp(name, "CODESTREAM_CA_FILE") == 0)
        same.value = "tests/vectors/authority.pem";
    return same.out;
}

static void must_be_of(struct str text, const char *allowed)
{
    for (size_t i = 0; i < text.len; i++)
        MUST(text.ptr[i] != '\0' && strchr(allowed, text.ptr[i]));
}

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

/* scheme://host[:port] and nothing that a URL, a header or JSON would need to escape. */
static void check_url(struct str url, struct str host)
{
    bool is_https = str_starts(url, STR("https://"));
    struct str authority = str_skip(url, is_https ? 8 : 7), port;
    uint64_t number;

    MUST(is_https || str_starts(url, STR("http://")));
    must_be_of(authority, LETTERS DIGITS "-_.:");
    MUST(str_equal(str_cut(authority, ":", &port), host) && host.len > 0);
    MUST(port.len == 0 || !str_to_number(port, 1, 65535, &number));
    MUST(!str_ends(url, STR("/")) && !str_ends(url, STR(":")));
}

static void check_config(const struct config *config)
{
    check_url(config->rest.endpoint.url, config->rest.endpoint.host);
    MUST(str_starts(config->rest.endpoint.url, STR("https://")) ||
         str_equal_nocase(config->rest.endpoint.host, STR("localhost")) ||
         str_equal(config->rest.endpoint.host, STR("127.0.0.1")));
    MUST(config->rest.hub.len > 0 && config->rest.hub.len <= 128);
    must_be_of(config->rest.hub, LETTERS DIGITS "_`,.[]");
    must_be_of(str_first(config->rest.hub, 1), LETTERS);
    MUST(config->secret.len == 0 || config->secret.len >= CONFIG_MIN_SECRET_BYTES);
    MUST(config->token_minutes >= 1 && config->token_minutes <= CONFIG_MAX_TOKEN_MINUTES);
    MUST(config->units >= 1 && config->units <= CONFIG_MAX_UNITS);
    MUST(config->rest_timeout_ms >= 100 && config->rest_timeout_ms <= 60000);
    MUST(config->loops >= 1 && config->loops <= CONFIG_MAX_LOOPS);
    if (config->rest.endpoint.access_key.len > 0)
        return;
    MUST(config->secret.len > 0 && config->rest.identity.header.len > 0);
    MUST(str_starts(config->rest.identity.endpoint, STR("http://")));
    must_be_of(config->rest.identity.client, LETTERS DIGITS "-_");
}

/* A text of the program's own, never a piece of a value. */
static void must_not_tell(const char *text)
{
    MUST(text && *text);
    for (size_t i = 0; i < COUNT(names); i++) {
        uintptr_t from = (uintptr_t)values[i].ptr, at = (uintptr_t)text;
        MUST(at < from || at > from + values[i].len);
    }
}

static void check_complaints(const struct complaints *complaints)
{
    MUST(complaints->count > 0 && complaints->count <= CONFIG_MAX_COMPLAINTS);
    for (size_t i = 0; i < complaints->count; i++) {
        MUST(complaints->at[i].setting && *complaints->at[i].setting);
        must_not_tell(complaints->at[i].problem);
    }
}

/* The parts of a good connection string, put together again, are the same. */
static void check_connection_string(struct str text)
{
    struct webpubsub_endpoint endpoint, again;
    const char *why = NULL;
    struct arena mem;
    struct buf out = { .mem = &mem };

    arena_init(&mem, FUZZ_MEMORY);
    if (webpubsub_parse(text, &mem, &endpoint, &why)) {
        MUST(why && *why);
    } else {
        check_url(endpoint.url, endpoint.host);
        MUST(!memchr(endpoint.access_key.ptr ? endpoint.access_key.ptr : "", ';',
                     endpoint.access_key.len));
        buf_add_all(&out, STR("version=1; endpoint = "), endpoint.url, STR(" ;AccessKey="),
                    endpoint.access_key);
        MUST(!webpubsub_parse(built(&out), &mem, &again, &why));
        MUST(str_equal(again.url, endpoint.url) && str_equal(again.host, endpoint.host));
        MUST(str_equal(again.access_key, endpoint.access_key));
    }
    arena_free(&mem);
}

static void check_port(const char *option)
{
    struct complaints complaints = { .count = 0 };
    unsigned port = 65536;

    if (config_port(from_input, option, &port, &complaints))
        MUST(port <= 65535);
    else
        must_not_tell(complaints.at[0].problem);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = input_on(data, size);
    struct complaints complaints = { .count = 0 };
    struct config config;

    for (size_t i = 0; i < COUNT(names); i++) {
        values[i] = input_text(&in);
        values[i].len = strlen(values[i].ptr); /* as the environment would have it */
    }
    if (config_load(&config, from_input, &complaints))
        check_config(&config);
    else
        check_complaints(&complaints);
    config_free(&config);
    check_connection_string(values[0]);
    check_port(values[1].ptr);
    input_free(&in);
    return 0;
}
