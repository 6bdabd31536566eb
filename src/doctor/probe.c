#include "doctor/probe.h"

#include <stdlib.h>
#include <string.h>

#include "config.h"

struct probe_lab {
    struct arena mem;
    struct loop *loop;
    struct http_client *plain;
    struct http_client *secure;
    bool is_done;
};

static void no_work(void *owner)
{
    (void)owner;
}

/* An answer ends the turn in which it was found. */
static int lab_wait_ms(void *owner)
{
    const struct probe_lab *lab = owner;

    return lab->is_done ? 0 : -1;
}

struct probe_lab *probe_lab_new(const char *ca_file)
{
    struct probe_lab *lab = calloc(1, sizeof(*lab));

    if (!lab)
        return NULL;
    arena_init(&lab->mem, 4 * 1024 * 1024);
    lab->loop = loop_new();
    if (lab->loop) {
        const struct http_client_options plain = { .user_agent = "codestream-doctor",
                                                   .is_plain = true };
        const struct http_client_options secure = {
            .user_agent = "codestream-doctor",
            .ca_file = ca_file,
            .proxy = config_first(getenv, CONFIG_PROXY),
            .no_proxy = config_first(getenv, CONFIG_NO_PROXY),
        };
        loop_add_task(lab->loop, &(struct loop_task){ no_work, lab_wait_ms, lab });
        lab->plain = http_client_new(lab->loop, &plain);
        lab->secure = http_client_new(lab->loop, &secure);
    }
    if (lab->plain && lab->secure)
        return lab;
    probe_lab_free(lab);
    return NULL;
}

void probe_lab_free(struct probe_lab *lab)
{
    http_client_free(lab->plain);
    http_client_free(lab->secure);
    loop_free(lab->loop);
    arena_free(&lab->mem);
    free(lab);
}

struct arena *probe_memory(struct probe_lab *lab)
{
    return &lab->mem;
}

const char *probe_join(struct probe_lab *lab, const char *const *parts, size_t count)
{
    struct buf text = { .mem = &lab->mem };

    for (size_t i = 0; i < count; i++)
        buf_add(&text, str_from(parts[i]));
    buf_add_char(&text, '\0');
    if (text.failed)
        abort(); /* megabytes of diagnosis: something else is wrong */
    return text.ptr;
}

static void on_done(struct http_call *call)
{
    struct probe_lab *lab = call->owner;

    lab->is_done = true;
}

static void read_results(struct probe *probe, const struct http_call *call)
{
    probe->status = call->status;
    probe->failure = call->failure;
    probe->answer = call->answer;
}

void probe_send(struct probe_lab *lab, struct probe *probe)
{
    bool is_plain = str_starts_nocase(str_from(probe->url), STR("http://"));
    int64_t patience_ms = probe->patience_ms > 0 ? probe->patience_ms : PROBE_TIMEOUT_MS;
    struct http_call call = {
        .method = probe->method,
        .url = probe->url,
        .body = probe->body,
        .deadline_ms = loop_now_ms(lab->loop) + patience_ms,
        .mem = &lab->mem,
        .keep_answer = !probe->ignores_answer,
        .keep = probe->kept,
        .done = on_done,
        .owner = lab,
    };

    memcpy(call.headers, probe->headers, sizeof(call.headers));
    while (call.keep_count < PROBE_MAX_KEPT && probe->kept[call.keep_count].name.len > 0)
        call.keep_count++;
    lab->is_done = false;
    if (http_client_start(is_plain ? lab->plain : lab->secure, &call)) {
        probe->failure = "no memory";
        return;
    }
    while (!lab->is_done)
        loop_turn(lab->loop);
    read_results(probe, &call);
}
