/*
 * The applications that this program can be, by CODESTREAM_APP.  One line each.
 */
#include "app/app.h"

#define APPS(X)                                                                                \
    X(codestream)                                                                              \
    X(hello)                                                                                   \
    X(chat)

#ifdef TEST_APPS
#define MORE_APPS(X) X(verbs) X(names) /* tests/apps, never in a release */
#else
#define MORE_APPS(X)
#endif

#define DECLARE(name) extern const struct app name##_app;
#define POINT(name) &name##_app,

APPS(DECLARE)
MORE_APPS(DECLARE)

static const struct app *const apps[] = { APPS(POINT) MORE_APPS(POINT) };

const struct app *app_find(struct str name)
{
    for (size_t i = 0; i < COUNT(apps); i++) {
        if (str_equal(name, str_from(apps[i]->name)))
            return apps[i];
    }
    return NULL;
}
