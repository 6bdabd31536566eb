/* Which application this program is: Codestream, unless its build names another one. */
#include "app/app.h"

#ifndef APPLICATION
#define APPLICATION codestream_app
#endif

extern const struct app APPLICATION;

const struct app *const application = &APPLICATION;
