/* A request as it is read: looking things up in it takes no server. */
#include "io/http_server.h"

struct str http_request_header(const struct http_request *request, struct str name)
{
    for (size_t i = request->header_count; i > 0; i--) {
        if (str_equal_nocase(request->headers[i - 1].name, name))
            return request->headers[i - 1].value;
    }
    return (struct str){ NULL, 0 };
}

struct str http_request_query(const struct http_request *request, struct str name)
{
    for (size_t i = 0; i < request->query_count; i++) {
        if (str_equal(request->query[i].name, name))
            return request->query[i].value;
    }
    return (struct str){ NULL, 0 };
}
