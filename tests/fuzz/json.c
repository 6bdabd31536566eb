/*
 * The JSON reader against jansson: one verdict on every text but where the two are known to
 * differ, and the same values in every span.
 */
#include <jansson.h>

#include "fuzz.h"
#include "wire/json.h"

#define MAX_PARTS 64

/* ---- the verdict ---- */

/* How deep arrays and objects are inside each other, strings aside. */
static size_t depth_of(struct str text)
{
    size_t depth = 0, most = 0;
    bool in_string = false;

    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (in_string && c == '\\')
            i++;
        else if (c == '"')
            in_string = !in_string;
        else if (!in_string && (c == '[' || c == '{') && ++depth > most)
            most = depth;
        else if (!in_string && (c == ']' || c == '}') && depth > 0)
            depth--;
    }
    return most;
}

/* What is JSON and yet too much for jansson: it keeps values, we only look at them. */
static bool is_beyond_jansson(const json_error_t *error)
{
    enum json_error_code code = json_error_code(error);

    return code == json_error_numeric_overflow || code == json_error_null_byte_in_key ||
           strncmp(error->text, "invalid Unicode", strlen("invalid Unicode")) == 0;
}

/* jansson takes a number for whole that is followed by a zero byte. */
static bool is_slip_of_jansson(struct str text)
{
    return text.len > 0 && memchr(text.ptr, '\0', text.len) != NULL;
}

/* ---- values ---- */

static void compare(struct str span, const json_t *value);

static void compare_string(struct str span, const char *text, size_t len)
{
    struct str want = { text, len }, got, again;
    struct buf out = { 0 };
    struct arena mem;

    arena_init(&mem, FUZZ_MEMORY);
    MUST(!json_text(span, &mem, &got));
    MUST(str_equal(got, want));
    MUST(json_spells(span, want));
    MUST(len == 0 || !json_spells(span, str_first(want, len - 1)));
    out.mem = &mem;
    json_add_string(&out, got);
    MUST(!json_check(built(&out), &again) && !json_text(again, &mem, &got));
    MUST(str_equal(got, want));
    arena_free(&mem);
}

static void compare_number(struct str span, const json_t *value)
{
    char text[512];

    if (span.len >= sizeof(text))
        return;
    memcpy(text, span.ptr, span.len);
    text[span.len] = '\0';
    if (json_is_integer(value))
        MUST(strtoll(text, NULL, 10) == json_integer_value(value));
    else
        MUST(strtod(text, NULL) == json_real_value(value));
}

static void compare_array(struct str span, const json_t *array)
{
    struct str items[MAX_PARTS];
    size_t count, all;

    MUST(!json_elements(span, items, COUNT(items), &count));
    MUST(count == json_array_size(array));
    for (size_t i = 0; i < count && i < COUNT(items); i++)
        compare(items[i], json_array_get(array, i));
    MUST(!json_elements(span, NULL, 0, &all) && all == count);
}

/* A name that is asked for may stand there only once. */
static bool has_a_name_twice(struct str span)
{
    json_t *object = json_loadb(
        span.ptr, span.len, JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, NULL);

    json_decref(object);
    return object == NULL;
}

/* Both ways to find a member say the same, and refuse what stands there twice. */
static void compare_member(struct str span, struct str name, const json_t *value)
{
    struct json_field read[] = { { .name = STR("\xff no such name") }, { .name = name } };
    struct json_field skimmed[] = { { .name = name } };
    enum err e = json_members(span, read, COUNT(read));

    MUST(json_checked_members(span, skimmed, 1) == e);
    if (e) {
        MUST(e == ERR_SYNTAX && has_a_name_twice(span));
        return;
    }
    MUST(!read[0].value.ptr && read[1].value.ptr == skimmed[0].value.ptr);
    MUST(str_equal(read[1].value, skimmed[0].value));
    compare(read[1].value, value);
}

static void compare_object(struct str span, const json_t *object)
{
    union {
        const json_t *from;
        json_t *to; /* jansson's iterators only read */
    } same = { .from = object };
    size_t left = MAX_PARTS;

    MUST(!json_members(span, NULL, 0));
    for (void *i = json_object_iter(same.to); i && left > 0; left--) {
        struct str name = { json_object_iter_key(i), json_object_iter_key_len(i) };
        compare_member(span, name, json_object_iter_value(i));
        i = json_object_iter_next(same.to, i);
    }
}

static void compare(struct str span, const json_t *value)
{
    struct str again;

    MUST(value);
    MUST(!json_check(span, &again) && again.ptr == span.ptr && again.len == span.len);
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        compare_object(span, value);
        break;
    case JSON_ARRAY:
        compare_array(span, value);
        break;
    case JSON_STRING:
        compare_string(span, json_string_value(value), json_string_length(value));
        break;
    case JSON_INTEGER:
    case JSON_REAL:
        compare_number(span, value);
        break;
    case JSON_TRUE:
        MUST(str_equal(span, STR("true")));
        break;
    case JSON_FALSE:
        MUST(str_equal(span, STR("false")));
        break;
    case JSON_NULL:
        MUST(str_equal(span, STR("null")));
        break;
    }
}

/* What is JSON and yet no text: half of a surrogate pair. */
static void check_beyond(struct str value, const json_error_t *error)
{
    struct arena mem;
    struct str text;

    MUST(is_beyond_jansson(error));
    arena_init(&mem, FUZZ_MEMORY);
    if (value.ptr[0] == '"')
        MUST(json_text(value, &mem, &text) == ERR_SYNTAX);
    arena_free(&mem);
}

/* ---- what is no JSON is none to the other readers ---- */

static void refuse_everywhere(struct str text)
{
    struct json_field field = { .name = STR("a") };
    struct str item;
    size_t count;
    enum err e;

    MUST(json_elements(text, &item, 1, &count));
    MUST(json_members(text, &field, 1));
    e = json_checked_members(text, &field, 1); /* which nobody may ask: stays inside of it */
    MUST(e != ERR_DENIED);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = { (const char *)data, size };
    struct str value;
    json_error_t error;
    json_t *oracle = json_loadb(text.ptr, text.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    enum err e = json_check(text, &value);

    if (e)
        refuse_everywhere(text);
    MUST(e != ERR_NO_MEMORY || depth_of(text) > JSON_MAX_DEPTH);
    if (!e && oracle)
        compare(value, oracle);
    else if (!e)
        check_beyond(value, &error);
    else if (oracle)
        MUST(depth_of(text) > JSON_MAX_DEPTH || is_slip_of_jansson(text));
    json_decref(oracle);
    return 0;
}
