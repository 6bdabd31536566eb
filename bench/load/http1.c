#include "http1.h"

#include <string.h>

/* ---- heads ---- */

/* The next line, without its end, taken from *text; false: the rest of it is on its way. */
static bool take_line(struct str *text, struct str *line)
{
    const char *end = text->len > 0 ? memchr(text->ptr, '\n', text->len) : NULL;

    if (!end)
        return false;
    *line = str_first(*text, (size_t)(end - text->ptr));
    *text = str_skip(*text, line->len + 1);
    if (line->len > 0 && line->ptr[line->len - 1] == '\r')
        line->len--;
    return true;
}

static struct header field_of(struct str line)
{
    const char *colon = memchr(line.ptr, ':', line.len);
    size_t len = colon ? (size_t)(colon - line.ptr) : line.len;

    return (struct header){ str_first(line, len),
                            str_trim(str_skip(line, len + (colon != 0))) };
}

/* Those that say where the message ends and what becomes of the connection. */
static enum err note_field(struct http1_head *head, struct header field)
{
    if (str_equal_nocase(field.name, STR("Content-Length"))) {
        head->has_length = true;
        return str_to_number(field.value, 0, UINT64_MAX, &head->content_length);
    }
    if (str_equal_nocase(field.name, STR("Transfer-Encoding"))) {
        head->is_chunked = true;
        return str_equal_nocase(field.value, STR("chunked")) ? ERR_NONE : ERR_SYNTAX;
    }
    if (str_equal_nocase(field.name, STR("Connection")))
        head->closes = str_equal_nocase(field.value, STR("close"));
    return ERR_NONE;
}

static bool is_http11(struct str start)
{
    return str_starts(start, STR("HTTP/1.1 ")) || str_ends(start, STR(" HTTP/1.1"));
}

enum err http1_read_head(struct str bytes, struct http1_head *out)
{
    struct str rest = bytes, line;

    *out = (struct http1_head){ .len = 0 };
    if (!take_line(&rest, &out->start))
        return ERR_NONE;
    if (!is_http11(out->start))
        return ERR_SYNTAX;
    out->fields = rest;
    while (take_line(&rest, &line)) {
        if (line.len == 0) {
            out->len = bytes.len - rest.len;
            out->fields.len -= rest.len;
            return ERR_NONE;
        }
        if (note_field(out, field_of(line)))
            return ERR_SYNTAX;
    }
    return ERR_NONE;
}

unsigned http1_status(const struct http1_head *head)
{
    const struct str version = STR("HTTP/1.1 ");
    struct str reason;
    uint64_t status;

    if (!str_starts(head->start, version) ||
        str_to_number(str_cut(str_skip(head->start, version.len), " ", &reason), 100, 999,
                      &status))
        return 0;
    return (unsigned)status;
}

struct str http1_field(const struct http1_head *head, struct str name)
{
    struct str fields = head->fields, line;

    while (take_line(&fields, &line)) {
        struct header field = field_of(line);
        if (str_equal_nocase(field.name, name))
            return field.value;
    }
    return (struct str){ NULL, 0 };
}

/* ---- bodies ---- */

static void begin_bytes(struct http1_body *body, uint64_t count)
{
    body->left = count;
    body->phase = count > 0 ? HTTP1_BYTES : HTTP1_DONE;
}

void http1_begin_request_body(struct http1_body *body, const struct http1_head *head)
{
    if (head->is_chunked)
        body->phase = HTTP1_CHUNK_SIZE;
    else
        begin_bytes(body, head->content_length);
}

void http1_begin_answer_body(struct http1_body *body, const struct http1_head *head,
                             bool is_to_head)
{
    unsigned status = http1_status(head);

    if (is_to_head || status == 204 || status == 304)
        begin_bytes(body, 0);
    else if (head->is_chunked)
        body->phase = HTTP1_CHUNK_SIZE;
    else if (head->has_length)
        begin_bytes(body, head->content_length);
    else
        body->phase = HTTP1_UNTIL_CLOSE;
}

static struct str take(struct http1_body *body, struct str *bytes, enum http1_phase then)
{
    struct str piece = *bytes;

    if (piece.len > body->left)
        piece.len = (size_t)body->left;
    body->left -= piece.len;
    *bytes = str_skip(*bytes, piece.len);
    if (body->left == 0)
        body->phase = then;
    return piece;
}

static enum err read_hex(struct str digits, uint64_t *out)
{
    uint64_t value = 0;

    if (digits.len == 0 || digits.len > 15)
        return ERR_SYNTAX;
    for (size_t i = 0; i < digits.len; i++) {
        char c = digits.ptr[i];
        if (c >= '0' && c <= '9')
            value = value * 16 + (uint64_t)(c - '0');
        else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
            value = value * 16 + (uint64_t)((c | 0x20) - 'a' + 10);
        else
            return ERR_SYNTAX;
    }
    *out = value;
    return ERR_NONE;
}

/* What stands between chunks, line by line: the end of one, the size of the next, trailers. */
static enum err read_line(struct http1_body *body, struct str *bytes)
{
    struct str line, extension;

    if (!take_line(bytes, &line))
        return ERR_NONE;
    if (body->phase == HTTP1_CHUNK_END) {
        body->phase = HTTP1_CHUNK_SIZE;
        return line.len == 0 ? ERR_NONE : ERR_SYNTAX;
    }
    if (body->phase == HTTP1_TRAILER) {
        if (line.len == 0)
            body->phase = HTTP1_DONE;
        return ERR_NONE;
    }
    if (read_hex(str_trim(str_cut(line, ";", &extension)), &body->left))
        return ERR_SYNTAX;
    body->phase = body->left > 0 ? HTTP1_CHUNK : HTTP1_TRAILER;
    return ERR_NONE;
}

enum err http1_read_body(struct http1_body *body, struct str *bytes, struct str *content)
{
    *content = (struct str){ bytes->ptr, 0 };
    switch (body->phase) {
    case HTTP1_BYTES:
        *content = take(body, bytes, HTTP1_DONE);
        return ERR_NONE;
    case HTTP1_CHUNK:
        *content = take(body, bytes, HTTP1_CHUNK_END);
        return ERR_NONE;
    case HTTP1_UNTIL_CLOSE:
        *content = *bytes;
        *bytes = str_skip(*bytes, bytes->len);
        return ERR_NONE;
    case HTTP1_CHUNK_SIZE:
    case HTTP1_CHUNK_END:
    case HTTP1_TRAILER:
        return read_line(body, bytes);
    case HTTP1_DONE:
        break;
    }
    return ERR_NONE;
}
