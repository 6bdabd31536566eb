/*
 * Dates as HTTP spells them.
 */
#ifndef WIRE_HTTP_DATE_H
#define WIRE_HTTP_DATE_H

#include "base/base.h"

/*
 * "Sun, 06 Nov 1994 08:49:37 GMT", the form that is sent today (RFC 9110, 5.6.7), as seconds
 * since 1970.  false: it is another, or none.
 */
MUST_USE bool http_date_read(struct str text, int64_t *out);

#endif
