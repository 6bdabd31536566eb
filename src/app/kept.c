#include "app/kept.h"

#include "wire/json.h"

static bool is_string(struct str json)
{
    return json.len > 0 && json.ptr[0] == '"';
}

enum err kept_read(struct str body, struct kept *out)
{
    enum { EPOCH, VERSION_OF, NAME, LANGUAGE, CONTENT, ENDED };
    struct json_field f[] = {
        [EPOCH] = { .name = STR("epoch") },     [VERSION_OF] = { .name = STR("version") },
        [NAME] = { .name = STR("name") },       [LANGUAGE] = { .name = STR("language") },
        [CONTENT] = { .name = STR("content") }, [ENDED] = { .name = STR("ended") }
    };
    enum err e = json_members(body, f, COUNT(f));

    if (e)
        return e;
    if (str_to_number(f[EPOCH].value, 1, KEPT_MAX_NUMBER, &out->epoch) ||
        str_to_number(f[VERSION_OF].value, 0, KEPT_DELETED - 1, &out->version) ||
        !is_string(f[NAME].value) || !is_string(f[LANGUAGE].value) ||
        !is_string(f[CONTENT].value))
        return ERR_SYNTAX;
    out->name = f[NAME].value;
    out->language = f[LANGUAGE].value;
    out->content = f[CONTENT].value;
    out->is_ended = str_equal(f[ENDED].value, STR("true"));
    return ERR_NONE;
}

enum err kept_read_epoch(struct str text, uint64_t *out)
{
    return str_to_number(text, 1, KEPT_MAX_NUMBER, out);
}

struct kept kept_deleted(uint64_t epoch)
{
    return (struct kept){ .epoch = epoch,
                          .version = KEPT_DELETED,
                          .name = STR("\"\""),
                          .language = STR("\"plaintext\""),
                          .content = STR("\"\"") };
}

int kept_compare(uint64_t epoch, uint64_t version, uint64_t other_epoch, uint64_t other_version)
{
    if (epoch != other_epoch)
        return epoch < other_epoch ? -1 : 1;
    return version < other_version ? -1 : version > other_version;
}

enum err kept_write(const struct kept *kept, uint64_t at_unix_ms, struct arena *mem,
                    struct str *out)
{
    return arena_concat(mem, out, STR("{\"epoch\":"), DECIMAL(kept->epoch),
                        STR(",\"version\":"), DECIMAL(kept->version), STR(",\"at\":"),
                        DECIMAL(at_unix_ms), STR(",\"name\":"), kept->name,
                        STR(",\"language\":"), kept->language, STR(",\"content\":"),
                        kept->content, kept->is_ended ? STR(",\"ended\":true}") : STR("}"));
}
