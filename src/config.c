#include "config.h"

#include <string.h>
#include <unistd.h>

#include "wire/webpubsub.h"

static void complain(struct complaints *complaints, const char *setting, const char *problem)
{
    if (complaints->count < CONFIG_MAX_COMPLAINTS)
        complaints->at[complaints->count++] = (struct complaint){ setting, problem };
}

static unsigned read_number(config_getenv *get, const char *setting, unsigned min, unsigned max,
                            unsigned standard, const char *problem,
                            struct complaints *complaints)
{
    struct str text = str_from(get(setting));
    uint64_t number = standard;

    if (text.len > 0 && str_to_number(text, min, max, &number))
        complain(complaints, setting, problem);
    return (unsigned)number;
}

/* Keys go over the wire as signatures only, texts do not: plain http stays on this machine. */
static bool is_secure(struct str url, struct str host)
{
    return str_starts(url, STR("https://")) || str_equal_nocase(host, STR("localhost")) ||
           str_equal(host, STR("127.0.0.1"));
}

static void read_service(struct config *config, config_getenv *get,
                         struct complaints *complaints)
{
    struct str text = str_from(get(SETTING_CONNECTION));
    struct webpubsub_endpoint endpoint;
    const char *why;

    if (text.len == 0) {
        complain(complaints, SETTING_CONNECTION,
                 get(SETTING_CONNECTION "__endpoint")
                     ? "is not set, and a managed identity (__endpoint) is not supported"
                     : "is not set");
        return;
    }
    if (webpubsub_parse(text, &config->mem, &endpoint, &why)) {
        complain(complaints, SETTING_CONNECTION, why ? why : "is too long");
        return;
    }
    if (!is_secure(endpoint.url, endpoint.host))
        complain(complaints, SETTING_CONNECTION,
                 "has an http:// endpoint on another machine; use https://");
    if (endpoint.access_key.len == 0)
        complain(complaints, SETTING_CONNECTION, "has no AccessKey");
    config->service_url = endpoint.url;
    config->service_host = endpoint.host;
    config->access_key = endpoint.access_key;
}

static unsigned core_count(void)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN);

    if (count < 1)
        return 1;
    return count < CONFIG_MAX_LOOPS ? (unsigned)count : CONFIG_MAX_LOOPS;
}

bool config_load(struct config *config, config_getenv *get, struct complaints *complaints)
{
    const char *hub = get("CODESTREAM_HUB");

    memset(config, 0, sizeof(*config));
    complaints->count = 0;
    arena_init(&config->mem, 64 * 1024);

    read_service(config, get, complaints);
    config->hub = str_from(hub && *hub ? hub : "codestream");
    if (!webpubsub_hub_ok(config->hub))
        complain(complaints, "CODESTREAM_HUB",
                 "is no hub name: a letter, then letters, digits and _`,.[]");
    config->secret = str_from(get("CODESTREAM_SECRET"));
    if (config->secret.len > 0 && config->secret.len < CONFIG_MIN_SECRET_BYTES)
        complain(complaints, "CODESTREAM_SECRET", "is shorter than 32 bytes");
    config->token_minutes =
        read_number(get, "CODESTREAM_TOKEN_MINUTES", 1, CONFIG_MAX_TOKEN_MINUTES, 60,
                    "is not a number from 1 to 1440", complaints);
    config->rest_timeout_ms =
        read_number(get, "CODESTREAM_REST_TIMEOUT_MS", 100, 60000, CONFIG_REST_TIMEOUT_MS,
                    "is not a number from 100 to 60000", complaints);
    config->loops = read_number(get, "CODESTREAM_LOOPS", 1, CONFIG_MAX_LOOPS, core_count(),
                                "is not a number from 1 to 64", complaints);
    return complaints->count == 0;
}

void config_free(struct config *config)
{
    arena_free(&config->mem);
}

bool config_port(config_getenv *get, const char *option, unsigned *port,
                 struct complaint *complaint)
{
    const struct {
        const char *name;
        const char *text;
    } sources[] = {
        { "FUNCTIONS_CUSTOMHANDLER_PORT", get("FUNCTIONS_CUSTOMHANDLER_PORT") },
        { "FUNCTIONS_HTTPWORKER_PORT", get("FUNCTIONS_HTTPWORKER_PORT") },
        { "--port", option },
    };
    uint64_t number = 8080;

    for (size_t i = 0; i < COUNT(sources); i++) {
        if (!sources[i].text || !*sources[i].text)
            continue;
        *complaint = (struct complaint){ sources[i].name, "is not a number from 0 to 65535" };
        if (str_to_number(str_from(sources[i].text), 0, 65535, &number))
            return false;
        break;
    }
    *port = (unsigned)number;
    return true;
}
