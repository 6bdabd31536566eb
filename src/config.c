#include "config.h"

#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/app.h"
#include "azure/blob.h"
#include "azure/cloudevents.h"
#include "wire/base64url.h"
#include "wire/hmac.h"
#include "wire/http.h"
#include "wire/json.h"

/* ---- processors ---- */

/* The quota is in units of the period.  0: there is none. */
static unsigned whole_cores(struct str quota, struct str period)
{
    uint64_t time, of;

    if (str_to_number(quota, 1, INT64_MAX, &time) || str_to_number(period, 1, INT64_MAX, &of))
        return 0;
    time = (time - 1) / of + 1;
    return time < UINT_MAX ? (unsigned)time : UINT_MAX;
}

unsigned capacity_parse_cpu_max(struct str text)
{
    struct str period;
    struct str quota = str_cut(str_cut(text, "\n", &text), " ", &period);

    return whole_cores(quota, period);
}

/* 0: no limit. */
static unsigned fewer(unsigned a, unsigned b)
{
    return b == 0 || (a > 0 && a < b) ? a : b;
}

/* The first line of a file.  It is empty if there is none, or no such file. */
static struct str read_line(const char *folder, struct str group, const char *file, char *space,
                            size_t size)
{
    char path[PATH_MAX];
    int len = snprintf(path, sizeof(path), "%s%.*s/%s", folder, STR_ARG(group), file);
    FILE *stream = len > 0 && (size_t)len < sizeof(path) ? fopen(path, "re") : NULL;
    struct str text = NO_STR, rest;

    if (!stream)
        return NO_STR;
    if (fgets(space, (int)size, stream))
        text = str_cut(str_from(space), "\n", &rest);
    fclose(stream);
    return text;
}

/*
 * Reads the quota of one cgroup, which has the files of version 2, those of version 1, or
 * neither.
 */
static unsigned group_cores(const char *folder, struct str group)
{
    char quota[64], period[64];
    struct str max = read_line(folder, group, "cpu.max", quota, sizeof(quota));

    if (max.len > 0)
        return capacity_parse_cpu_max(max);
    return whole_cores(read_line(folder, group, "cpu.cfs_quota_us", quota, sizeof(quota)),
                       read_line(folder, group, "cpu.cfs_period_us", period, sizeof(period)));
}

/*
 * Reads the quotas of the group and of all groups above it, up to where the hierarchy is
 * mounted.  In a container the names may be the host's; then nothing of them is there but the
 * container's own group, at the top.
 */
static unsigned hierarchy_cores(const char *root, const char *mount, struct str group)
{
    char folder[PATH_MAX];
    unsigned cores = 0;

    (void)snprintf(folder, sizeof(folder), "%s/sys/fs/cgroup%s", root, mount);
    for (;;) {
        while (str_ends(group, STR("/")))
            group.len--;
        cores = fewer(cores, group_cores(folder, group));
        if (group.len == 0)
            return cores;
        while (group.len > 0 && group.ptr[group.len - 1] != '/')
            group.len--;
    }
}

static bool has_cpu(struct str controllers)
{
    while (controllers.len > 0) {
        if (str_equal(str_cut(controllers, ",", &controllers), STR("cpu")))
            return true;
    }
    return false;
}

unsigned capacity_quota_cores(const char *root)
{
    char path[PATH_MAX], line[PATH_MAX];
    unsigned cores = 0;
    FILE *groups;

    (void)snprintf(path, sizeof(path), "%s/proc/self/cgroup", root);
    groups = fopen(path, "re");
    if (!groups)
        return 0;
    while (fgets(line, sizeof(line), groups)) {
        /* "0::/group" is version 2, "4:cpu,cpuacct:/group" is version 1. */
        struct str rest, group = str_cut(str_from(line), "\n", &rest);
        struct str number = str_cut(group, ":", &group);
        struct str controllers = str_cut(group, ":", &group);
        if (str_equal(number, STR("0")) && controllers.len == 0)
            cores = fewer(cores, hierarchy_cores(root, "", group));
        else if (has_cpu(controllers))
            cores = fewer(cores, fewer(hierarchy_cores(root, "/cpu", group),
                                       hierarchy_cores(root, "/cpu,cpuacct", group)));
    }
    fclose(groups);
    return cores;
}

/* A set of the usual size has fewer bits than some machines have processors. */
static unsigned affinity_cores(void)
{
    cpu_set_t sets[64];

    memset(sets, 0, sizeof(sets));
    if (sched_getaffinity(0, sizeof(sets), sets) != 0)
        return 1;
    return (unsigned)CPU_COUNT_S(sizeof(sets), sets);
}

unsigned capacity_cores(void)
{
    return fewer(affinity_cores(), capacity_quota_cores(""));
}

/* ---- descriptors ---- */

/* The three that every process has, the listener, and two for the log. */
#define PROCESS_DESCRIPTORS 6

/*
 * What each loop opens for good: its inbox, its epoll set and libmicrohttpd's, and what wakes
 * libcurl.  And what it opens for a while: a file of certificates, a question to a name server,
 * a connection to the identity endpoint.
 */
#define LOOP_DESCRIPTORS 9

/* A loop that has fewer descriptors than this for connections and calls is not worth having. */
#define WORTH_A_LOOP 16

struct capacity_places capacity_places(size_t descriptors, size_t loops)
{
    size_t left = descriptors > PROCESS_DESCRIPTORS ? descriptors - PROCESS_DESCRIPTORS : 0;
    size_t most = left / (LOOP_DESCRIPTORS + WORTH_A_LOOP);
    struct capacity_places places;
    size_t share;

    places.loops = loops < most ? loops : most;
    if (places.loops < 1)
        places.loops = 1;
    share = left / places.loops;
    share = share > LOOP_DESCRIPTORS ? share - LOOP_DESCRIPTORS : 0;
    places.connections = share < 2 ? 1 : share / 2;
    return places;
}

/* ---- settings ---- */

static void complain(struct complaints *complaints, const char *setting, const char *problem)
{
    if (complaints->count < CONFIG_MAX_COMPLAINTS)
        complaints->at[complaints->count++] = (struct complaint){ setting, problem };
}

/* A whole number with bounds. */
struct number {
    const char *setting;
    unsigned *value;
    unsigned standard, min, max;
    const char *problem;
};

static void read_number(config_getenv *get, const struct number *number,
                        struct complaints *complaints)
{
    struct str text = str_from(get(number->setting));
    uint64_t value = number->standard;

    if (text.len > 0 && str_to_number(text, number->min, number->max, &value))
        complain(complaints, number->setting, number->problem);
    *number->value = (unsigned)value;
}

/*
 * Our signatures, though not our keys, and the texts themselves go over the wire.  So plain
 * http is only for this machine.
 */
static bool is_secure(struct str url, struct str host)
{
    return str_starts(url, STR("https://")) || str_equal_nocase(host, STR("localhost")) ||
           str_equal(host, STR("127.0.0.1")) || str_equal(host, STR("[::1]"));
}

static void use_endpoint(struct rest_options *rest, const struct webpubsub_endpoint *endpoint,
                         const char *setting, struct complaints *complaints)
{
    if (!is_secure(endpoint->url, endpoint->host))
        complain(complaints, setting,
                 "has an http:// endpoint on another machine; use https://");
    rest->endpoint = *endpoint;
}

static void read_connection_string(struct config *config, struct str text,
                                   struct complaints *complaints)
{
    struct webpubsub_endpoint endpoint;
    const char *why;

    if (webpubsub_parse(text, &config->mem, &endpoint, &why)) {
        complain(complaints, SETTING_CONNECTION, why ? why : "is too long");
        return;
    }
    if (endpoint.access_key.len == 0)
        complain(complaints, SETTING_CONNECTION, "has no AccessKey");
    use_endpoint(&config->rest, &endpoint, SETTING_CONNECTION, complaints);
}

/* A custom domain, or a gateway. */
static void read_client_endpoint(struct config *config, config_getenv *get,
                                 struct complaints *complaints)
{
    static const char setting[] = "CODESTREAM_CLIENT_ENDPOINT";
    struct str text = str_trim(str_from(get(setting)));
    struct webpubsub_endpoint endpoint;
    const char *why;

    if (text.len == 0)
        return;
    if (webpubsub_parse_endpoint(text, &config->mem, &endpoint, &why) ||
        !is_secure(endpoint.url, endpoint.host))
        complain(complaints, setting, "is not an https://host address for clients");
    else
        config->rest.client_url = endpoint.url;
}

static struct str read_required(config_getenv *get, const char *setting, const char *problem,
                                struct complaints *complaints)
{
    struct str value = str_from(get(setting));

    if (value.len == 0)
        complain(complaints, setting, problem);
    return value;
}

/* Reads what the platform says of managed identities, whichever service they are for. */
static void read_identity(struct identity_options *identity, config_getenv *get,
                          struct complaints *complaints)
{
    identity->endpoint =
        read_required(get, "IDENTITY_ENDPOINT",
                      "is not set: no managed identity is assigned to this app", complaints);
    if (identity->endpoint.len > 0 && !str_starts(identity->endpoint, STR("http://")))
        complain(complaints, "IDENTITY_ENDPOINT", "is not an http:// address");
    identity->header =
        read_required(get, "IDENTITY_HEADER",
                      "is not set: no managed identity is assigned to this app", complaints);
}

static void read_service_by_identity(struct config *config, config_getenv *get, struct str text,
                                     struct complaints *complaints)
{
    struct str credential = str_from(get(SETTING_CONNECTION "__credential"));
    struct webpubsub_endpoint endpoint;
    const char *why;

    if (webpubsub_parse_endpoint(text, &config->mem, &endpoint, &why))
        complain(complaints, SETTING_CONNECTION "__endpoint", why ? why : "is too long");
    else
        use_endpoint(&config->rest, &endpoint, SETTING_CONNECTION "__endpoint", complaints);
    if (credential.len > 0 && !str_equal_nocase(credential, STR("managedidentity")))
        complain(complaints, SETTING_CONNECTION "__credential", "can only be managedidentity");
    config->rest.identity.service = "webpubsub.azure.com";
    config->rest.identity.client = str_from(get(SETTING_CONNECTION "__clientId"));
    if (!base64url_is_text(config->rest.identity.client, '\0'))
        complain(complaints, SETTING_CONNECTION "__clientId", "is not a client id");
    read_identity(&config->rest.identity, get, complaints);
    (void)read_required(get, "CODESTREAM_SECRET",
                        "is not set; without an access key there is nothing to derive it from",
                        complaints);
}

static void read_service(struct config *config, config_getenv *get,
                         struct complaints *complaints)
{
    struct str connection = str_from(get(SETTING_CONNECTION));
    struct str endpoint = str_from(get(SETTING_CONNECTION "__endpoint"));

    if (connection.len > 0)
        read_connection_string(config, connection, complaints);
    else if (endpoint.len > 0)
        read_service_by_identity(config, get, endpoint, complaints);
    else
        complain(complaints, SETTING_CONNECTION,
                 "is not set, and " SETTING_CONNECTION "__endpoint is not either");
}

/* The path of a URL with its slash.  It is empty if the URL has none. */
static struct str path_of(struct str url)
{
    struct str rest = url;
    bool is_secure;

    if (http_cut_scheme(&rest, &is_secure))
        while (rest.len > 0 && rest.ptr[0] != '/')
            rest = str_skip(rest, 1);
    return rest;
}

static bool is_path(struct str path)
{
    struct str query;

    (void)str_cut(path, "?#%", &query);
    return path.len == 0 || (str_is_visible(path) && !query.ptr);
}

/*
 * Reads https://account.blob.core.windows.net.  Azurite's address has a path.  The text is
 * copied because settings that are named like storage are overwritten in the environment.
 */
static void read_storage(struct config *config, config_getenv *get,
                         struct complaints *complaints)
{
    static const char setting[] = "CODESTREAM_STORAGE__blobServiceUri";
    struct str text = str_trim(str_from(get(setting))), path = path_of(text);
    struct webpubsub_endpoint endpoint;
    const char *why;

    if (text.len == 0)
        return;
    while (path.len > 0 && path.ptr[path.len - 1] == '/')
        path.len--;
    if (!is_path(path) ||
        webpubsub_parse_endpoint(str_first(text, text.len - path_of(text).len), &config->mem,
                                 &endpoint, &why) ||
        arena_concat(&config->mem, &endpoint.url, endpoint.url, path)) {
        complain(complaints, setting, "is not the https:// address of a blob service");
        return;
    }
    use_endpoint(&config->storage, &endpoint, setting, complaints);
    config->storage.identity.service = BLOB_SERVICE;
    config->storage.identity.client = config->rest.identity.client;
    read_identity(&config->storage.identity, get, complaints);
}

/*
 * A static build carries the paths of the machine that built it, so the usual places are
 * tried: Debian and Ubuntu, Fedora and RHEL, Alpine, openSUSE.
 */
static const char *const ca_places[] = {
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
    "/etc/ssl/ca-bundle.pem",
};

/*
 * Does the file, which is closed then, have a certificate in the format in which libraries read it?
 * Whether it is a sound one shows when it is used.  Source: RFC 7468, 2 and 5.1.  OpenSSL has the
 * trusted kind besides.
 */
static bool has_certificate(FILE *file)
{
    bool begun = false, ended = false;
    char *line = NULL;
    size_t size = 0;
    ssize_t len;

    while (!ended && (len = getline(&line, &size, file)) > 0) {
        struct str text = { line, (size_t)len };
        if (str_starts(text, STR("-----BEGIN CERTIFICATE-----")) ||
            str_starts(text, STR("-----BEGIN TRUSTED CERTIFICATE-----")))
            begun = true;
        else if (str_starts(text, STR("-----END ")))
            ended = begun;
    }
    free(line);
    fclose(file);
    return ended;
}

/*
 * NULL: nothing is wrong with the file.  Reading a pipe or a device might make us wait, or
 * never end.
 */
static const char *ca_file_problem(const char *path)
{
    struct stat about;
    FILE *file;

    if (stat(path, &about) == 0 && !S_ISREG(about.st_mode))
        return "is not a file but a folder, a pipe or a device";
    file = fopen(path, "re");
    if (!file)
        return "cannot be read as a file";
    return has_certificate(file) ? NULL : "has no certificate in PEM format";
}

static const char *find_ca_file(config_getenv *get, bool is_needed,
                                struct complaints *complaints)
{
    static const char *const settings[] = { "CODESTREAM_CA_FILE", "SSL_CERT_FILE" };

    for (size_t i = 0; i < COUNT(settings); i++) {
        const char *path = get(settings[i]);
        const char *problem;
        if (!path || !*path)
            continue;
        problem = ca_file_problem(path);
        if (problem)
            complain(complaints, settings[i], problem);
        return path;
    }
    for (size_t i = 0; i < COUNT(ca_places); i++) {
        if (!ca_file_problem(ca_places[i]))
            return ca_places[i];
    }
    if (is_needed)
        complain(complaints, settings[0],
                 "is not set, and the system's certificates are in none of the usual files");
    return NULL;
}

/* "on" where it is not set. */
static bool read_switch(config_getenv *get, const char *setting, struct complaints *complaints)
{
    struct str text = str_from(get(setting));
    bool is_off = str_equal(text, STR("off"));

    if (text.len > 0 && !is_off && !str_equal(text, STR("on")))
        complain(complaints, setting, "must be on or off");
    return !is_off;
}

/* The names that programs of all kinds agree on. */
static const char *const proxy_names[] = { "https_proxy", "HTTPS_PROXY", "all_proxy",
                                           "ALL_PROXY", NULL };
static const char *const no_proxy_names[] = { "no_proxy", "NO_PROXY", NULL };

/* The first of these that is set, and not to nothing; NULL: none is.  The list ends with NULL. */
static const char *first_set(config_getenv *get, const char *const *names)
{
    for (; *names; names++) {
        const char *value = get(*names);
        if (value && *value)
            return value;
    }
    return NULL;
}

static size_t count_chars(struct str utf8)
{
    size_t count = 0;

    for (size_t i = 0; i < utf8.len; i++)
        count += ((unsigned char)utf8.ptr[i] & 0xc0) != 0x80;
    return count;
}

/* Callers send the word in a JSON string, so it must be text that JSON can hold. */
static void read_word(struct config *config, config_getenv *get, struct complaints *complaints)
{
    struct str word = str_from(get("CODESTREAM_WRITERS"));

    config->writers_word = word;
    config->needs_word = word.len > 0;
    if (word.len == 0)
        return;
    if (word.len > APP_MAX_WORD_BYTES)
        complain(complaints, "CODESTREAM_WRITERS", "is longer than 1024 bytes");
    else if (!json_is_text(word))
        complain(complaints, "CODESTREAM_WRITERS", "is not UTF-8");
    else if (count_chars(word) < APP_MIN_WORD_CHARS)
        complain(complaints, "CODESTREAM_WRITERS", "is shorter than 16 characters");
}

bool config_load(struct config *config, config_getenv *get, struct complaints *complaints)
{
    const char *hub = get("CODESTREAM_HUB");
    const struct number numbers[] = {
        { "CODESTREAM_TOKEN_MINUTES", &config->token_minutes, 60, 1, CONFIG_MAX_TOKEN_MINUTES,
          "is not a number from 1 to 1440" },
        { "CODESTREAM_UNITS", &config->units, 1, 1, CONFIG_MAX_UNITS,
          "is not a number from 1 to 10000" },
        { "CODESTREAM_REST_TIMEOUT_MS", &config->rest_timeout_ms, CONFIG_REST_TIMEOUT_MS, 100,
          60000, "is not a number from 100 to 60000" },
        { "CODESTREAM_LOOPS", &config->loops, fewer(capacity_cores(), CONFIG_MAX_LOOPS), 1,
          CONFIG_MAX_LOOPS, "is not a number from 1 to 64" },
    };

    memset(config, 0, sizeof(*config));
    arena_init(&config->mem, 64 * 1024);

    read_service(config, get, complaints);
    read_client_endpoint(config, get, complaints);
    read_storage(config, get, complaints);
    config->rest.hub = str_from(hub && *hub ? hub : "codestream");
    if (!webpubsub_hub_ok(config->rest.hub))
        complain(complaints, "CODESTREAM_HUB",
                 "must be a letter, followed by up to 127 letters, digits and _");
    config->service_origins = str_from(get("CODESTREAM_SERVICE_ORIGINS"));
    if (!cloudevent_origins_ok(config->service_origins))
        complain(
            complaints, "CODESTREAM_SERVICE_ORIGINS",
            "is not a list of hosts or origins, such as host.example, https://host.example");
    config->secret = str_from(get("CODESTREAM_SECRET"));
    if (config->secret.len > 0 && config->secret.len < CONFIG_MIN_SECRET_BYTES)
        complain(complaints, "CODESTREAM_SECRET", "is shorter than 32 bytes");
    read_word(config, get, complaints);
    config->has_platform_auth =
        str_equal_nocase(str_from(get("WEBSITE_AUTH_ENABLED")), STR("true"));
    config->ca_file =
        find_ca_file(get,
                     str_starts(config->rest.endpoint.url, STR("https://")) ||
                         str_starts(config->storage.endpoint.url, STR("https://")),
                     complaints);
    config->proxy = first_set(get, proxy_names);
    config->no_proxy = first_set(get, no_proxy_names);
    for (size_t i = 0; i < COUNT(numbers); i++)
        read_number(get, &numbers[i], complaints);
    config->is_sandboxed = read_switch(get, "CODESTREAM_SANDBOX", complaints);
    return complaints->count == 0;
}

void config_forget_secrets(struct config *config)
{
    struct str *const secrets[] = { &config->rest.endpoint.access_key, &config->secret,
                                    &config->writers_word, &config->rest.identity.header,
                                    &config->storage.identity.header };

    for (size_t i = 0; i < COUNT(secrets); i++) {
        cleanse(*secrets[i]);
        *secrets[i] = NO_STR;
    }
}

void config_free(struct config *config)
{
    arena_free(&config->mem);
}

bool config_port(config_getenv *get, const char *option, unsigned *port,
                 struct complaints *complaints)
{
    const char *const names[] = { "FUNCTIONS_CUSTOMHANDLER_PORT", "FUNCTIONS_HTTPWORKER_PORT",
                                  "--port" };
    const char *const texts[] = { get(names[0]), get(names[1]), option };
    uint64_t number = 8080;
    size_t i = 0;

    while (i < COUNT(texts) && !(texts[i] && *texts[i]))
        i++;
    if (i < COUNT(texts) && str_to_number(str_from(texts[i]), 0, 65535, &number)) {
        complain(complaints, names[i], "is not a number from 0 to 65535");
        return false;
    }
    *port = (unsigned)number;
    return true;
}
