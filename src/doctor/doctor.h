/*
 * codestream doctor URL: does to a deployed or local address what the cloud will do, and
 * says of each step whether it works, and if not, why and how to mend it.
 *
 * It reads the same settings as the handler, which must be those of the handler it looks at,
 * and CODESTREAM_FUNCTION_KEY, the key of the eventhandler function.  With a managed identity
 * the endpoint alone will do; what takes an access key is then left out.
 */
#ifndef DOCTOR_DOCTOR_H
#define DOCTOR_DOCTOR_H

#include <stdbool.h>

/*
 * url: where the functions are, https://app.azurewebsites.net, http://localhost:7071, with
 * /api if the prefix is used.  page: the origin of the page, NULL if CORS is not to be
 * looked at.  Prints to stdout; true if all is well.
 */
bool doctor_run(const char *url, const char *page);

#endif
