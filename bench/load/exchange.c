#include "exchange.h"

#include <errno.h>
#include <string.h>

void exchange_begin(struct exchange *x, struct str head, struct str body)
{
    x->left[0] = head;
    x->left[1] = body;
    x->has_head = false;
    x->body_bytes = 0;
    x->in_len = 0;
}

/* ---- out ---- */

size_t exchange_unsent(const struct exchange *x)
{
    return x->left[0].len + x->left[1].len;
}

bool exchange_send(struct exchange *x)
{
    while (exchange_unsent(x) > 0) {
        ssize_t sent = stream_send(&x->stream, x->left[0], x->left[1]);
        size_t of_first;
        if (sent < 0 && errno == EAGAIN)
            return true;
        if (sent < 0 && errno != EINTR)
            return false;
        if (sent <= 0)
            continue;
        of_first = (size_t)sent < x->left[0].len ? (size_t)sent : x->left[0].len;
        x->left[0] = str_skip(x->left[0], of_first);
        x->left[1] = str_skip(x->left[1], (size_t)sent - of_first);
    }
    return true;
}

/* ---- in ---- */

static void drop_input(struct exchange *x, size_t len)
{
    x->in_len -= len;
    memmove(x->in, x->in + len, x->in_len);
}

/* Heads that only announce another one (1xx) are passed over. */
static enum err read_head(struct exchange *x)
{
    while (!x->has_head) {
        struct http1_head head;
        if (http1_read_head((struct str){ x->in, x->in_len }, &head))
            return ERR_SYNTAX;
        if (head.len == 0)
            return x->in_len < sizeof(x->in) ? ERR_NONE : ERR_SYNTAX;
        x->status = http1_status(&head);
        if (x->status == 0)
            return ERR_SYNTAX;
        if (x->status >= 200) {
            x->has_head = true;
            x->closes = head.closes;
            http1_begin_answer_body(&x->body, &head, x->is_to_head);
            if (x->on_head)
                x->on_head(x->owner, &head);
        }
        drop_input(x, head.len);
    }
    return ERR_NONE;
}

static enum err read_body(struct exchange *x)
{
    struct str bytes = { x->in, x->in_len }, content;
    size_t before;

    do {
        before = bytes.len;
        if (http1_read_body(&x->body, &bytes, &content))
            return ERR_SYNTAX;
        x->body_bytes += content.len;
        if (x->body_bytes <= x->max_body_bytes)
            x->on_content(x->owner, content);
    } while (bytes.len < before);
    drop_input(x, x->in_len - bytes.len);
    return x->in_len < sizeof(x->in) ? ERR_NONE : ERR_SYNTAX;
}

static enum exchange_state use_input(struct exchange *x)
{
    if (read_head(x) || (x->has_head && read_body(x)))
        return EXCHANGE_NO_HTTP;
    if (!x->has_head)
        return EXCHANGE_WAITS;
    if (x->body_bytes > x->max_body_bytes)
        return EXCHANGE_TOO_LARGE;
    return x->body.phase == HTTP1_DONE ? EXCHANGE_DONE : EXCHANGE_WAITS;
}

/* Some answers end where the connection does. */
static enum exchange_state end_of_input(struct exchange *x)
{
    errno = 0;
    if (!x->has_head || x->body.phase != HTTP1_UNTIL_CLOSE)
        return EXCHANGE_BROKEN;
    x->closes = true;
    return EXCHANGE_DONE;
}

enum exchange_state exchange_receive(struct exchange *x, bool is_ending)
{
    for (;;) {
        size_t room = sizeof(x->in) - x->in_len;
        ssize_t len = stream_receive(&x->stream, x->in + x->in_len, room);
        enum exchange_state state;
        if (len < 0 && errno == EINTR)
            continue;
        if (len < 0)
            return errno == EAGAIN ? EXCHANGE_WAITS : EXCHANGE_BROKEN;
        if (len == 0)
            return end_of_input(x);
        x->in_len += (size_t)len;
        state = use_input(x);
        if (state != EXCHANGE_WAITS || ((size_t)len < room && !is_ending))
            return state;
    }
}
