/*
 * Which hosts are reached without the proxy: the variable no_proxy, as libcurl reads it.
 * Pure: the variable's text is an argument.
 */
#ifndef IO_HTTP_PROXY_H
#define IO_HTTP_PROXY_H

#include "base/base.h"

/*
 * list: names between commas or blanks, of hosts or of domains whose hosts are all meant, with or
 * without a dot in front; or "*", everything.  NULL: nothing.  Networks ("10.0.0.0/8") are not
 * understood: what is asked for here has a name, which its certificate is for.
 */
bool http_proxy_spares(const char *list, struct str host);

#endif
