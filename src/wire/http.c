#include "wire/http.h"

#include <string.h>
#include <time.h>

#include "wire/base64url.h"

/* ---- characters ---- */

/* RFC 9110 5.6.2: what the name of a method or of a header is made of. */
static const bool token_chars[256] = {
    ['!'] = 1, ['#'] = 1, ['$'] = 1, ['%'] = 1, ['&'] = 1, ['\''] = 1, ['*'] = 1, ['+'] = 1,
    ['-'] = 1, ['.'] = 1, ['^'] = 1, ['_'] = 1, ['`'] = 1, ['|'] = 1,  ['~'] = 1, ['0'] = 1,
    ['1'] = 1, ['2'] = 1, ['3'] = 1, ['4'] = 1, ['5'] = 1, ['6'] = 1,  ['7'] = 1, ['8'] = 1,
    ['9'] = 1, ['A'] = 1, ['B'] = 1, ['C'] = 1, ['D'] = 1, ['E'] = 1,  ['F'] = 1, ['G'] = 1,
    ['H'] = 1, ['I'] = 1, ['J'] = 1, ['K'] = 1, ['L'] = 1, ['M'] = 1,  ['N'] = 1, ['O'] = 1,
    ['P'] = 1, ['Q'] = 1, ['R'] = 1, ['S'] = 1, ['T'] = 1, ['U'] = 1,  ['V'] = 1, ['W'] = 1,
    ['X'] = 1, ['Y'] = 1, ['Z'] = 1, ['a'] = 1, ['b'] = 1, ['c'] = 1,  ['d'] = 1, ['e'] = 1,
    ['f'] = 1, ['g'] = 1, ['h'] = 1, ['i'] = 1, ['j'] = 1, ['k'] = 1,  ['l'] = 1, ['m'] = 1,
    ['n'] = 1, ['o'] = 1, ['p'] = 1, ['q'] = 1, ['r'] = 1, ['s'] = 1,  ['t'] = 1, ['u'] = 1,
    ['v'] = 1, ['w'] = 1, ['x'] = 1, ['y'] = 1, ['z'] = 1,
};

static bool is_token_char(char c)
{
    return token_chars[(unsigned char)c];
}

static bool is_token(struct str s)
{
    return s.len > 0 && str_is_all(s, is_token_char);
}

/* A tab is a blank, and no control character. */
static bool is_no_control(char c)
{
    return ((unsigned char)c >= ' ' || c == '\t') && c != 0x7f;
}

#define EVERY_BYTE(byte) (UINT64_MAX / 255 * (byte))

/* Looks at eight bytes at once: might one of them be a control character?  A tab might. */
static bool may_have_control(const char *eight)
{
    uint64_t word, delete;

    memcpy(&word, eight, sizeof(word));
    delete = word ^ EVERY_BYTE(0x7f);
    return (((word - EVERY_BYTE(' ')) & ~word) | ((delete - EVERY_BYTE(1)) & ~delete)) &
           EVERY_BYTE(0x80);
}

/* Every header of every request comes through here. */
static bool has_control(struct str s)
{
    while (s.len >= 8 && !may_have_control(s.ptr))
        s = (struct str){ s.ptr + 8, s.len - 8 };
    return !str_is_all(s, is_no_control);
}

/* ---- authorities ---- */

static bool is_in_name(char c)
{
    return base64url_is_char(c) || c == '.';
}

/* Checks an address in brackets.  It is of version 6, so it has two colons at least. */
static bool is_address(struct str s)
{
    size_t colons = 0;

    for (size_t i = 0; i < s.len; i++) {
        colons += s.ptr[i] == ':';
        if (hex_value(s.ptr[i]) < 0 && s.ptr[i] != ':' && s.ptr[i] != '.')
            return false;
    }
    return colons >= 2;
}

bool http_cut_scheme(struct str *url, bool *is_secure)
{
    *is_secure = str_starts_nocase(*url, STR("https://"));
    if (!*is_secure && !str_starts_nocase(*url, STR("http://")))
        return false;
    *url = str_skip(*url, *is_secure ? strlen("https://") : strlen("http://"));
    return true;
}

bool http_split_authority(struct str text, struct str *host, struct str *port)
{
    size_t len = 0;
    bool is_host;

    if (str_starts(text, STR("["))) {
        (void)str_cut(text, "]", port);
        len = port->ptr ? (size_t)(port->ptr - text.ptr) : 0;
        is_host = len > 0 && is_address(str_skip(str_first(text, len - 1), 1));
        *host = str_first(text, len);
        text = str_skip(text, len);
    } else {
        *host = str_take(&text, is_in_name);
        is_host = host->len > 0;
    }
    *port = text.len > 0 ? str_skip(text, 1) : NO_STR;
    return is_host && (text.len == 0 || text.ptr[0] == ':');
}

/* A port may be left out behind its colon (RFC 3986 3.2.3). */
static bool is_authority(struct str s)
{
    struct str host, port;

    return http_split_authority(s, &host, &port) && str_is_all(port, is_digit);
}

/* ---- head ---- */

static const char *header_complaint(const struct header *header)
{
    if (!is_token(header->name))
        return "the name of a header is not a token";
    if (has_control(header->value))
        return "the value of a header has a control character in it";
    return NULL;
}

/* How many headers have that name, in any case; the last of them is *header. */
static size_t count_headers(const struct http_head *head, struct str name, struct str *value)
{
    size_t count = 0;

    for (size_t i = 0; i < head->header_count; i++) {
        if (!str_equal_nocase(head->headers[i].name, name))
            continue;
        *value = head->headers[i].value;
        count++;
    }
    return count;
}

/* Of how the end of the body is found. */
static const char *framing_complaint(const struct http_head *head, struct http_meaning *meaning)
{
    struct str coding;
    size_t lengths = count_headers(head, STR("Content-Length"), &meaning->length);
    size_t codings = count_headers(head, STR("Transfer-Encoding"), &coding);

    meaning->is_chunked = codings > 0;
    if (lengths > 1)
        return "there are two Content-Length headers";
    if (codings == 0)
        return NULL;
    if (lengths > 0)
        return "there are both a Content-Length and a Transfer-Encoding";
    if (head->is_http_1_0)
        return "HTTP/1.0 has no Transfer-Encoding";
    if (codings > 1 || !str_equal_nocase(coding, STR("chunked")))
        return "a Transfer-Encoding must be chunked and nothing else";
    return NULL;
}

const char *http_head_complaint(const struct http_head *head, struct http_meaning *meaning)
{
    struct str host = NO_STR;
    size_t hosts = count_headers(head, STR("Host"), &host);
    const char *why;

    *meaning = (struct http_meaning){ .path = http_target_path(head->target) };
    if (!is_token(head->method))
        return "the method is not a token";
    for (size_t i = 0; i < head->header_count; i++) {
        why = header_complaint(&head->headers[i]);
        if (why)
            return why;
    }
    if (hosts > 1)
        return "there are two Host headers";
    if (hosts == 0 && !head->is_http_1_0)
        return "there is no Host header";
    if (host.len > 0 && !is_authority(host))
        return "the Host header does not name a host";
    return framing_complaint(head, meaning);
}

/* ---- target ---- */

static bool is_no_path(char c)
{
    return c != '/' && c != '?';
}

/* http://authority or https://authority, with what stands after it in *rest. */
static bool cut_origin(struct str target, struct str *authority, struct str *rest)
{
    bool is_secure;

    if (!http_cut_scheme(&target, &is_secure))
        return false;
    *authority = str_take(&target, is_no_path);
    *rest = target;
    return true;
}

/*
 * An encoded NUL ends the text for one parser and not for another, and an encoded slash in a
 * path separates its parts for one and not for another.  A per cent sign that encodes nothing
 * is an error in a path, but stands for itself in a query.
 */
static const char *encoding_complaint(struct str target)
{
    struct str query, path = str_cut(target, "?", &query);

    for (size_t i = 0; i < target.len; i++) {
        struct str code = str_skip(target, i);
        if (target.ptr[i] != '%')
            continue;
        code = str_first(code, code.len < 3 ? code.len : 3);
        if (str_equal(code, STR("%00")))
            return "the target has an encoded NUL in it";
        if (i >= path.len)
            continue;
        if (code.len < 3 || hex_value(code.ptr[1]) < 0 || hex_value(code.ptr[2]) < 0)
            return "the path has an invalid percent-encoding in it";
        if (str_equal_nocase(code, STR("%2f")))
            return "the path has an encoded slash in it";
    }
    return NULL;
}

static bool is_in_a_url(char c)
{
    return c > ' ' && c <= '~' && c != '#';
}

const char *http_target_complaint(struct str target)
{
    struct str authority, rest;

    if (!str_is_all(target, is_in_a_url))
        return "the target has a character in it that no URL may have";
    if (target.len > 0 && target.ptr[0] == '/')
        return memchr(target.ptr, '%', target.len) ? encoding_complaint(target) : NULL;
    if (str_equal(target, STR("*")))
        return NULL;
    if (!cut_origin(target, &authority, &rest) || !is_authority(authority))
        return "the target is neither a path nor a URL";
    return encoding_complaint(rest);
}

struct str http_target_path(struct str target)
{
    struct str authority, rest;

    if (target.len > 0 && target.ptr[0] == '/')
        return target;
    if (!cut_origin(target, &authority, &rest))
        return target;
    return rest.len > 0 ? rest : STR("/");
}

/* ---- dates ---- */

bool http_date_read(struct str text, int64_t *out)
{
    struct tm date = { 0 };
    char copy[sizeof("Sun, 06 Nov 1994 08:49:37 GMT")] = "";
    const char *end;

    if (text.len != sizeof(copy) - 1)
        return false;
    memcpy(copy, text.ptr, text.len);
    end = strptime(copy, "%a, %d %b %Y %H:%M:%S GMT", &date);
    if (!end || *end != '\0' || date.tm_sec > 60)
        return false;
    *out = (int64_t)timegm(&date);
    return true;
}
