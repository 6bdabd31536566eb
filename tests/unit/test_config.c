#include "test.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/app.h"
#include "config.h"

#define CONNECTION "Endpoint=https://abc.webpubsub.azure.com;AccessKey=key==;Version=1.0;"

#define CERTIFICATES TEST_VECTORS "/authority.pem"

/* The environment of a test: name and value by turns. */
static const char *environment[32];

static char *from_environment(const char *name)
{
    for (size_t i = 0; environment[i]; i += 2) {
        if (strcmp(environment[i], name) == 0)
            return (char *)(uintptr_t)environment[i + 1];
    }
    /* Whether this machine has certificates is not what is tested. */
    return strcmp(name, "CODESTREAM_CA_FILE") == 0 ? (char *)(uintptr_t)CERTIFICATES : NULL;
}

#define SET(...) set((const char *const[]){ __VA_ARGS__, NULL })
static void set(const char *const *list)
{
    memset(environment, 0, sizeof(environment));
    for (size_t i = 0; list[i]; i++) {
        assert_true(i + 1 < COUNT(environment));
        environment[i] = list[i];
    }
}

static bool complains_of(const struct complaints *complaints, const char *setting)
{
    for (size_t i = 0; i < complaints->count; i++) {
        if (strcmp(complaints->at[i].setting, setting) == 0)
            return true;
    }
    return false;
}

/* Loads what must be refused for this setting alone; the value must not be told. */
static void is_refused(const char *setting, const char *value)
{
    struct config config;
    struct complaints complaints = { .count = 0 };

    assert_false(config_load(&config, from_environment, &complaints));
    assert_int_equal(complaints.count, 1);
    assert_string_equal(complaints.at[0].setting, setting);
    assert_true(strlen(complaints.at[0].problem) > 0);
    if (strlen(value) > 3)
        assert_null(strstr(complaints.at[0].problem, value));
    config_free(&config);
}

static void the_connection_string_is_enough(void **state)
{
    struct config config;
    struct complaints complaints = { .count = 0 };

    (void)state;
    SET(SETTING_CONNECTION, CONNECTION);
    assert_true(config_load(&config, from_environment, &complaints));
    assert_int_equal(complaints.count, 0);
    assert_str(config.rest.endpoint.url, "https://abc.webpubsub.azure.com");
    assert_str(config.rest.endpoint.host, "abc.webpubsub.azure.com");
    assert_str(config.rest.endpoint.access_key, "key==");
    assert_str(config.rest.hub, "codestream");
    assert_int_equal(config.secret.len, 0);
    assert_int_equal(config.token_minutes, 60);
    assert_int_equal(config.units, 1);
    assert_int_equal(config.rest_timeout_ms, CONFIG_REST_TIMEOUT_MS);
    assert_in_range(config.loops, 1, CONFIG_MAX_LOOPS);
    assert_true(config.is_sandboxed);
    config_free(&config);
}

static void every_setting_is_read(void **state)
{
    struct config config;
    struct complaints complaints = { .count = 0 };

    (void)state;
    SET(SETTING_CONNECTION, "Endpoint=http://localhost;Port=8080;AccessKey=k;Version=1.0;",
        "CODESTREAM_HUB", "testHub", "CODESTREAM_SECRET", "0123456789abcdef0123456789abcdef",
        "CODESTREAM_TOKEN_MINUTES", "1440", "CODESTREAM_REST_TIMEOUT_MS", "100",
        "CODESTREAM_LOOPS", "64", "CODESTREAM_SANDBOX", "off", "CODESTREAM_UNITS", "10000");
    assert_true(config_load(&config, from_environment, &complaints));
    assert_str(config.rest.endpoint.url, "http://localhost:8080");
    assert_str(config.rest.endpoint.host, "localhost");
    assert_str(config.rest.endpoint.access_key, "k");
    assert_str(config.rest.hub, "testHub");
    assert_str(config.secret, "0123456789abcdef0123456789abcdef");
    assert_int_equal(config.token_minutes, 1440);
    assert_int_equal(config.units, 10000);
    assert_int_equal(config.rest_timeout_ms, 100);
    assert_int_equal(config.loops, 64);
    assert_false(config.is_sandboxed);
    config_free(&config);
}

static void an_empty_setting_is_as_good_as_none(void **state)
{
    struct config config;
    struct complaints complaints = { .count = 0 };

    (void)state;
    SET(SETTING_CONNECTION, CONNECTION, "CODESTREAM_HUB", "", "CODESTREAM_SECRET", "",
        "CODESTREAM_TOKEN_MINUTES", "", "CODESTREAM_REST_TIMEOUT_MS", "", "CODESTREAM_LOOPS",
        "", "CODESTREAM_WRITERS", "");
    assert_true(config_load(&config, from_environment, &complaints));
    assert_false(config.needs_word);
    assert_str(config.rest.hub, "codestream");
    assert_int_equal(config.secret.len, 0);
    assert_int_equal(config.token_minutes, 60);
    config_free(&config);
}

static void without_a_service_nothing_starts(void **state)
{
    (void)state;
    set((const char *const[]){ NULL });
    is_refused(SETTING_CONNECTION, "");
    SET(SETTING_CONNECTION, "");
    is_refused(SETTING_CONNECTION, "");
    SET(SETTING_CONNECTION, "Endpoint=https://abc.webpubsub.azure.com;Version=1.0;");
    is_refused(SETTING_CONNECTION, "");
}

static void a_bad_connection_string_is_told_by_name_never_by_value(void **state)
{
    struct vectors v;

    (void)state;
    for (vectors_open(&v, "connection-strings-bad.tsv", 1); vectors_next(&v);) {
        char text[512];
        (void)snprintf(text, sizeof(text), "%.*s", STR_ARG(v.column[0]));
        SET(SETTING_CONNECTION, text);
        is_refused(SETTING_CONNECTION, "SECRET");
    }
}

static void an_absurdly_long_connection_string_is_refused(void **state)
{
    static char text[1 << 18];

    (void)state;
    memset(text, 'a', sizeof(text) - 1);
    memcpy(text, "Endpoint=https://", 17);
    SET(SETTING_CONNECTION, text);
    is_refused(SETTING_CONNECTION, "aaaa");
}

#define IDENTITY                                                                               \
    SETTING_CONNECTION "__endpoint", "https://abc.webpubsub.azure.com/", "IDENTITY_ENDPOINT",  \
        "http://127.0.0.1:41741/msi/token", "IDENTITY_HEADER", "a-header-of-secrets"
#define SECRET "CODESTREAM_SECRET", "0123456789abcdef0123456789abcdef"

static void a_managed_identity_stands_in_for_the_key(void **state)
{
    struct config config;
    struct complaints complaints = { .count = 0 };

    (void)state;
    SET(IDENTITY, SECRET);
    assert_true(config_load(&config, from_environment, &complaints));
    assert_str(config.rest.endpoint.url, "https://abc.webpubsub.azure.com");
    assert_str(config.rest.endpoint.host, "abc.webpubsub.azure.com");
    assert_int_equal(config.rest.endpoint.access_key.len, 0);
    assert_str(config.rest.identity.endpoint, "http://127.0.0.1:41741/msi/token");
    assert_str(config.rest.identity.header, "a-header-of-secrets");
    assert_int_equal(config.rest.identity.client.len, 0);
    config_free(&config);
    SET(IDENTITY, SECRET, SETTING_CONNECTION "__credential", "managedidentity",
        SETTING_CONNECTION "__clientId", "01234567-89ab-cdef-0123-456789abcdef");
    assert_true(config_load(&config, from_environment, &complaints));
    assert_str(config.rest.identity.client, "01234567-89ab-cdef-0123-456789abcdef");
    config_free(&config);
}

static void an_identity_cannot_do_without_a_secret_of_its_own(void **state)
{
    (void)state;
    SET(IDENTITY);
    is_refused("CODESTREAM_SECRET", "");
    SET(IDENTITY, "CODESTREAM_SECRET", "");
    is_refused("CODESTREAM_SECRET", "");
}

static void what_an_identity_lacks_is_told_by_name(void **state)
{
    static const char *const endpoint[] = { SETTING_CONNECTION "__endpoint",
                                            "https://abc.webpubsub.azure.com" };

    (void)state;
    SET(SECRET, endpoint[0], endpoint[1], "IDENTITY_HEADER", "x");
    is_refused("IDENTITY_ENDPOINT", "");
    SET(SECRET, endpoint[0], endpoint[1], "IDENTITY_ENDPOINT", "http://127.0.0.1:1/msi/token");
    is_refused("IDENTITY_HEADER", "");
    SET(SECRET, IDENTITY, SETTING_CONNECTION "__credential", "password");
    is_refused(SETTING_CONNECTION "__credential", "password");
    SET(SECRET, IDENTITY, SETTING_CONNECTION "__clientId", "x&resource=https://other");
    is_refused(SETTING_CONNECTION "__clientId", "x&resource");
    SET(SECRET, endpoint[0], "abc.webpubsub.azure.com", "IDENTITY_ENDPOINT",
        "http://127.0.0.1:1/msi/token", "IDENTITY_HEADER", "x");
    is_refused(endpoint[0], "abc.webpubsub");
}

static void clients_may_have_an_address_of_their_own(void **state)
{
    struct config config;
    struct complaints complaints = { .count = 0 };

    (void)state;
    SET(SETTING_CONNECTION, CONNECTION, "CODESTREAM_CLIENT_ENDPOINT",
        " HTTPS://Live.Example:443/ ");
    assert_true(config_load(&config, from_environment, &complaints));
    assert_str(config.rest.client_url, "https://live.example");
    assert_str(config.rest.endpoint.url, "https://abc.webpubsub.azure.com");
    config_free(&config);
}

static void plain_http_stays_on_this_machine(void **state)
{
    static const char *const far[] = { "http://abc.webpubsub.azure.com",
                                       "http://10.0.0.1",
                                       "http://localhost.example.com",
                                       "http://127.0.0.1.x",
                                       "http://[::2]",
                                       "http://[2001:db8::1]:80" };
    static const char *const near[] = { "http://localhost", "http://127.0.0.1:8080",
                                        "http://localhost:8080/", "http://[::1]",
                                        "http://[::1]:8080/" };
    char text[128];

    (void)state;
    for (size_t i = 0; i < COUNT(far); i++) {
        (void)snprintf(text, sizeof(text), "Endpoint=%s;AccessKey=k", far[i]);
        SET(SETTING_CONNECTION, text);
        is_refused(SETTING_CONNECTION, far[i]);
    }
    for (size_t i = 0; i < COUNT(near); i++) {
        struct config config;
        struct complaints complaints = { .count = 0 };
        (void)snprintf(text, sizeof(text), "Endpoint=%s;AccessKey=k", near[i]);
        SET(SETTING_CONNECTION, text);
        assert_true(config_load(&config, from_environment, &complaints));
        config_free(&config);
    }
}

static void storage_is_an_address_with_an_identity_or_is_refused(void **state)
{
    static const char setting[] = "CODESTREAM_STORAGE__blobServiceUri";
    static const char *const good[][2] = {
        { "https://abc.blob.core.windows.net", "https://abc.blob.core.windows.net" },
        { " https://ABC.blob.core.windows.net:443// ", "https://abc.blob.core.windows.net" },
        { "http://127.0.0.1:10000/devstoreaccount1/",
          "http://127.0.0.1:10000/devstoreaccount1" },
    };
    static const char *const bad[] = { "abc",
                                       "ftp://abc",
                                       "http://abc.blob.core.windows.net",
                                       "https://abc?sv=1",
                                       "https://abc/x?y",
                                       "https://abc/x y",
                                       "https://abc/%2e" };

    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        struct config config;
        struct complaints complaints = { .count = 0 };
        SET(SETTING_CONNECTION, CONNECTION, setting, good[i][0], "IDENTITY_ENDPOINT",
            "http://127.0.0.1:1/x", "IDENTITY_HEADER", "h");
        assert_true(config_load(&config, from_environment, &complaints));
        assert_same(config.storage.endpoint.url, str_from(good[i][1]));
        assert_same(config.storage.identity.header, STR("h"));
        config_free(&config);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        SET(SETTING_CONNECTION, CONNECTION, setting, bad[i], "IDENTITY_ENDPOINT",
            "http://127.0.0.1:1/x", "IDENTITY_HEADER", "h");
        is_refused(setting, bad[i]);
    }
    SET(SETTING_CONNECTION, CONNECTION, setting, good[0][0], "IDENTITY_HEADER", "h");
    is_refused("IDENTITY_ENDPOINT", "");
}

static void a_setting_out_of_its_bounds_is_told_by_name(void **state)
{
    static const struct {
        const char *setting, *value;
    } bad[] = {
        { "CODESTREAM_HUB", "1hub" },
        { "CODESTREAM_HUB", "a hub" },
        { "CODESTREAM_HUB", "a/hub" },
        { "CODESTREAM_HUB", "a[hub]" },
        { "CODESTREAM_HUB", "a`hub" },
        { "CODESTREAM_HUB", "a,hub" },
        { "CODESTREAM_CLIENT_ENDPOINT", "live.example" },
        { "CODESTREAM_CLIENT_ENDPOINT", "http://live.example" },
        { "CODESTREAM_CLIENT_ENDPOINT", "https://live.example/path" },
        { "CODESTREAM_SERVICE_ORIGINS", "*" },
        { "CODESTREAM_SERVICE_ORIGINS", "live.example,https://" },
        { "CODESTREAM_SERVICE_ORIGINS", "live.example https://live.example/path" },
        { "CODESTREAM_SECRET", "0123456789abcdef0123456789abcde" },
        { "CODESTREAM_SECRET", "s" },
        { "CODESTREAM_TOKEN_MINUTES", "0" },
        { "CODESTREAM_TOKEN_MINUTES", "1441" },
        { "CODESTREAM_TOKEN_MINUTES", "-1" },
        { "CODESTREAM_TOKEN_MINUTES", "60 " },
        { "CODESTREAM_TOKEN_MINUTES", "1.5" },
        { "CODESTREAM_TOKEN_MINUTES", "an hour" },
        { "CODESTREAM_TOKEN_MINUTES", "18446744073709551676" },
        { "CODESTREAM_REST_TIMEOUT_MS", "0" },
        { "CODESTREAM_REST_TIMEOUT_MS", "8s" },
        { "CODESTREAM_LOOPS", "0" },
        { "CODESTREAM_LOOPS", "65" },
        { "CODESTREAM_SANDBOX", "Off" },
        { "CODESTREAM_SANDBOX", "0" },
        { "CODESTREAM_SANDBOX", "no" },
        { "CODESTREAM_SANDBOX", "off " },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        SET(SETTING_CONNECTION, CONNECTION, bad[i].setting, bad[i].value);
        is_refused(bad[i].setting, bad[i].value);
    }
}

static void all_that_is_wrong_is_told_at_once(void **state)
{
    static const char *const wrong[] = {
        SETTING_CONNECTION,           "CODESTREAM_HUB",
        "CODESTREAM_SECRET",          "CODESTREAM_TOKEN_MINUTES",
        "CODESTREAM_REST_TIMEOUT_MS", "CODESTREAM_LOOPS",
        "CODESTREAM_SERVICE_ORIGINS"
    };
    struct config config;
    struct complaints complaints = { .count = 0 };

    (void)state;
    SET(wrong[0], "?", wrong[1], "?", wrong[2], "?", wrong[3], "?", wrong[4], "?", wrong[5],
        "?", wrong[6], "?");
    assert_false(config_load(&config, from_environment, &complaints));
    assert_int_equal(complaints.count, COUNT(wrong));
    for (size_t i = 0; i < COUNT(wrong); i++)
        assert_true(complains_of(&complaints, wrong[i]));
    config_free(&config);
}

static void is_port(const char *option, unsigned want)
{
    struct complaints complaints = { .count = 0 };
    unsigned port = 4711;

    assert_true(config_port(from_environment, option, &port, &complaints));
    assert_int_equal(port, want);
    assert_int_equal(complaints.count, 0);
}

/* Loads with a file of this text as the certificates; it is refused, and the name is not told. */
static void is_no_file_of_certificates(const char *setting, const char *text)
{
    char path[] = "/tmp/codestream-ca-XXXXXX";
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    SET(SETTING_CONNECTION, CONNECTION, "CODESTREAM_CA_FILE",
        strcmp(setting, "SSL_CERT_FILE") == 0 ? "" : path, setting, path);
    is_refused(setting, path);
    unlink(path);
}

static void a_file_without_a_certificate_is_told_by_name(void **state)
{
    static const char *const texts[] = {
        "",
        "localhost\n",
        "\n\n-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        "-----BEGIN CERTIFICATE-----\nAAAA\n", /* cut short */
        "-----END CERTIFICATE-----\n",
        "# -----BEGIN CERTIFICATE-----\n# -----END CERTIFICATE-----\n",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        is_no_file_of_certificates("CODESTREAM_CA_FILE", texts[i]);
        is_no_file_of_certificates("SSL_CERT_FILE", texts[i]);
    }
}

/* Reading a pipe or /dev/zero would not end. */
static void what_is_no_file_is_no_file_of_certificates(void **state)
{
    char folder[] = "/tmp/codestream-ca-XXXXXX", pipe[sizeof(folder) + 5];
    const char *const paths[] = {
        "/etc", "/", "/dev/null", "/dev/zero", "/no/such/file", pipe
    };

    (void)state;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(pipe, sizeof(pipe), "%s/pipe", folder);
    assert_int_equal(mkfifo(pipe, 0600), 0);
    for (size_t i = 0; i < COUNT(paths); i++) {
        SET(SETTING_CONNECTION, CONNECTION, "CODESTREAM_CA_FILE", paths[i]);
        is_refused("CODESTREAM_CA_FILE", paths[i]);
    }
    unlink(pipe);
    rmdir(folder);
}

static void certificates_may_have_remarks_around_them(void **state)
{
    char path[] = "/tmp/codestream-ca-XXXXXX";
    struct complaints complaints = { .count = 0 };
    struct config config;
    int fd = mkstemp(path);

    (void)state;
    assert_true(fd >= 0);
    assert_true(dprintf(fd, "# Remarks\n\nname\n-----BEGIN CERTIFICATE-----\r\nAAAA\r\n"
                            "-----END CERTIFICATE-----\r\nmore") > 0);
    close(fd);
    SET(SETTING_CONNECTION, CONNECTION, "CODESTREAM_CA_FILE", path);
    assert_true(config_load(&config, from_environment, &complaints));
    assert_string_equal(config.ca_file, path);
    config_free(&config);
    unlink(path);
}

static void the_host_says_where_to_listen_before_the_command_line(void **state)
{
    (void)state;
    set((const char *const[]){ NULL });
    is_port(NULL, 8080);
    is_port("0", 0);
    is_port("1", 1);
    is_port("65535", 65535);
    SET("FUNCTIONS_HTTPWORKER_PORT", "2222");
    is_port(NULL, 2222);
    is_port("3333", 2222);
    SET("FUNCTIONS_HTTPWORKER_PORT", "2222", "FUNCTIONS_CUSTOMHANDLER_PORT", "1111");
    is_port("3333", 1111);
    SET("FUNCTIONS_HTTPWORKER_PORT", "", "FUNCTIONS_CUSTOMHANDLER_PORT", "");
    is_port("3333", 3333);
    is_port(NULL, 8080);
}

static void what_is_no_port_is_told_by_name(void **state)
{
    static const char *const bad[] = { "65536", "-1",   "80 ", "x",
                                       "8080x", "0x50", "1e3", "18446744073709551617" };
    static const char *const names[] = { "FUNCTIONS_CUSTOMHANDLER_PORT",
                                         "FUNCTIONS_HTTPWORKER_PORT", "--port" };
    unsigned port;

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        for (size_t j = 0; j < COUNT(names); j++) {
            struct complaints complaints = { .count = 0 };
            SET(names[j], bad[i]);
            assert_false(
                config_port(from_environment, j == 2 ? bad[i] : NULL, &port, &complaints));
            assert_int_equal(complaints.count, 1);
            assert_string_equal(complaints.at[0].setting, names[j]);
            assert_true(strlen(complaints.at[0].problem) > 0);
        }
    }
}

static void secrets_are_forgotten_where_they_stood(void **state)
{
    static char connection[] = "Endpoint=https://abc.example;AccessKey=0123456789abcdef;";
    static char secret[] = "0123456789abcdef0123456789abcdef";
    static char word[] = "open sesame, please";
    struct config config;
    struct complaints complaints = { .count = 0 };

    (void)state;
    SET(SETTING_CONNECTION, connection, "CODESTREAM_SECRET", secret, "CODESTREAM_WRITERS",
        word);
    assert_true(config_load(&config, from_environment, &complaints));
    config_forget_secrets(&config);
    assert_int_equal(
        config.rest.endpoint.access_key.len + config.secret.len + config.writers_word.len, 0);
    assert_true(config.needs_word);
    assert_null(memmem(connection, sizeof(connection), "0123", 4));
    assert_null(memmem(secret, sizeof(secret), "0123", 4));
    assert_null(memmem(word, sizeof(word), "open", 4));
    assert_str(config.rest.endpoint.url, "https://abc.example");
    config_free(&config);
}

static void the_proxy_is_the_one_that_programs_of_all_kinds_take(void **state)
{
    struct complaints complaints = { .count = 0 };
    struct config config;

    (void)state;
    SET(SETTING_CONNECTION, CONNECTION, "https_proxy", "", "HTTPS_PROXY", "http://a:1",
        "all_proxy", "http://b:1", "NO_PROXY", "example.com", "http_proxy", "http://c:1");
    assert_true(config_load(&config, from_environment, &complaints));
    assert_string_equal(config.proxy, "http://a:1");
    assert_string_equal(config.no_proxy, "example.com");
    config_free(&config);

    SET(SETTING_CONNECTION, CONNECTION, "http_proxy", "http://c:1");
    assert_true(config_load(&config, from_environment, &complaints));
    assert_null(config.proxy);
    assert_null(config.no_proxy);
    config_free(&config);
}

/* Of two bytes each. */
#define EIGHT_CHARS "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"

static void a_word_for_writers_has_sixteen_characters(void **state)
{
    static const char *const good[] = { "0123456789abcdef", EIGHT_CHARS " and more",
                                        "quotes \" and \\ are characters" };
    static const char *const bad[] = { "x", "0123456789abcde", EIGHT_CHARS,
                                       "0123456789abcdef\xff" };
    char longest[APP_MAX_WORD_BYTES + 2];
    struct config config;
    struct complaints complaints = { .count = 0 };

    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        SET(SETTING_CONNECTION, CONNECTION, "CODESTREAM_WRITERS", good[i]);
        assert_true(config_load(&config, from_environment, &complaints));
        assert_same(config.writers_word, str_from(good[i]));
        assert_true(config.needs_word);
        config_free(&config);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        SET(SETTING_CONNECTION, CONNECTION, "CODESTREAM_WRITERS", bad[i]);
        is_refused("CODESTREAM_WRITERS", bad[i]);
    }
    memset(longest, 'x', sizeof(longest));
    longest[APP_MAX_WORD_BYTES + 1] = '\0';
    SET(SETTING_CONNECTION, CONNECTION, "CODESTREAM_WRITERS", longest);
    is_refused("CODESTREAM_WRITERS", longest);
    longest[APP_MAX_WORD_BYTES] = '\0';
    assert_true(config_load(&config, from_environment, &complaints));
    config_free(&config);
}

static void the_platform_signs_people_in_only_if_it_says_so(void **state)
{
    static const struct {
        const char *value;
        bool is_on;
    } cases[] = { { NULL, false },    { "true", true },  { "True", true }, { "TRUE", true },
                  { "tRuE", true },   { "", false },     { "1", false },   { "yes", false },
                  { "false", false }, { "true ", false } };
    struct config config;
    struct complaints complaints = { .count = 0 };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        SET(SETTING_CONNECTION, CONNECTION, cases[i].value ? "WEBSITE_AUTH_ENABLED" : "X",
            cases[i].value ? cases[i].value : "");
        assert_true(config_load(&config, from_environment, &complaints));
        assert_int_equal(config.has_platform_auth, cases[i].is_on);
        config_free(&config);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_connection_string_is_enough),
        cmocka_unit_test(every_setting_is_read),
        cmocka_unit_test(an_empty_setting_is_as_good_as_none),
        cmocka_unit_test(without_a_service_nothing_starts),
        cmocka_unit_test(a_bad_connection_string_is_told_by_name_never_by_value),
        cmocka_unit_test(an_absurdly_long_connection_string_is_refused),
        cmocka_unit_test(a_managed_identity_stands_in_for_the_key),
        cmocka_unit_test(an_identity_cannot_do_without_a_secret_of_its_own),
        cmocka_unit_test(what_an_identity_lacks_is_told_by_name),
        cmocka_unit_test(clients_may_have_an_address_of_their_own),
        cmocka_unit_test(plain_http_stays_on_this_machine),
        cmocka_unit_test(storage_is_an_address_with_an_identity_or_is_refused),
        cmocka_unit_test(a_setting_out_of_its_bounds_is_told_by_name),
        cmocka_unit_test(all_that_is_wrong_is_told_at_once),
        cmocka_unit_test(a_file_without_a_certificate_is_told_by_name),
        cmocka_unit_test(what_is_no_file_is_no_file_of_certificates),
        cmocka_unit_test(certificates_may_have_remarks_around_them),
        cmocka_unit_test(the_host_says_where_to_listen_before_the_command_line),
        cmocka_unit_test(what_is_no_port_is_told_by_name),
        cmocka_unit_test(secrets_are_forgotten_where_they_stood),
        cmocka_unit_test(the_proxy_is_the_one_that_programs_of_all_kinds_take),
        cmocka_unit_test(a_word_for_writers_has_sixteen_characters),
        cmocka_unit_test(the_platform_signs_people_in_only_if_it_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
