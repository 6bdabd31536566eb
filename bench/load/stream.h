/*
 * The bytes of one connection, plain or through TLS: recv and sendmsg for both, on a socket that
 * does not block.
 */
#ifndef BENCH_STREAM_H
#define BENCH_STREAM_H

#include <openssl/ssl.h>
#include <sys/types.h>

#include "base/str.h"

struct stream {
    int fd;
    SSL *tls; /* NULL: plain */
};

/* A side that serves, with certificate and key from files.  NULL: it cannot; OpenSSL says why. */
MUST_USE SSL_CTX *stream_serving(const char *certificate_file, const char *key_file);

/* A side that calls, and trusts the authorities in that file.  NULL likewise. */
MUST_USE SSL_CTX *stream_calling(const char *authorities_file);

/* From now on through TLS.  host: an address, which the certificate must have; NULL: this side
 * serves.  false: no memory. */
MUST_USE bool stream_secure(struct stream *stream, SSL_CTX *context, const char *host);

/* As recv: -1 with EAGAIN if there is nothing yet, 0 at the end. */
ssize_t stream_receive(struct stream *stream, void *bytes, size_t len);

/* As sendmsg of both pieces: what was taken of them, in their order; -1 with errno if nothing. */
ssize_t stream_send(struct stream *stream, struct str first, struct str second);

/* Nothing goes out before something has come in: TLS is still being agreed on. */
bool stream_waits_for_input(const struct stream *stream);

void stream_close(struct stream *stream);

#endif
