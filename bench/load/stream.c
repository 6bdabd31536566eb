#include "stream.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* What goes into one record. */
#define RECORD_BYTES (16 * 1024)

/* ---- contexts ---- */

static SSL_CTX *context_new(const SSL_METHOD *method)
{
    SSL_CTX *context = SSL_CTX_new(method);

    if (!context)
        return NULL;
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(context, 1); /* one recv for a record, not two */
    return context;
}

SSL_CTX *stream_serving(const char *certificate_file, const char *key_file)
{
    SSL_CTX *context = context_new(TLS_server_method());

    if (context && SSL_CTX_use_certificate_chain_file(context, certificate_file) == 1 &&
        SSL_CTX_use_PrivateKey_file(context, key_file, SSL_FILETYPE_PEM) == 1)
        return context;
    SSL_CTX_free(context);
    return NULL;
}

SSL_CTX *stream_calling(const char *authorities_file)
{
    SSL_CTX *context = context_new(TLS_client_method());

    if (context && SSL_CTX_load_verify_locations(context, authorities_file, NULL) == 1) {
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
        return context;
    }
    SSL_CTX_free(context);
    return NULL;
}

bool stream_secure(struct stream *stream, SSL_CTX *context, const char *host)
{
    SSL *tls = SSL_new(context);

    if (!tls || SSL_set_fd(tls, stream->fd) != 1 ||
        (host && X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls), host) != 1)) {
        SSL_free(tls);
        return false;
    }
    if (host)
        SSL_set_connect_state(tls);
    else
        SSL_set_accept_state(tls);
    stream->tls = tls;
    return true;
}

/* ---- bytes ---- */

/* What OpenSSL says as recv and send say it. */
static ssize_t as_socket(SSL *tls, int result)
{
    switch (SSL_get_error(tls, result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        errno = EAGAIN;
        return -1;
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    default:
        if (errno == 0 || errno == EAGAIN)
            errno = ECONNRESET;
        return -1;
    }
}

/* Several records, if they have come. */
static ssize_t receive_records(SSL *tls, char *bytes, size_t len)
{
    size_t have = 0, got;

    do {
        int result;
        ERR_clear_error();
        errno = 0;
        result = SSL_read_ex(tls, bytes + have, len - have, &got);
        if (result <= 0)
            return have > 0 ? (ssize_t)have : as_socket(tls, result);
        have += got;
    } while (have < len && SSL_has_pending(tls));
    return (ssize_t)have;
}

ssize_t stream_receive(struct stream *stream, void *bytes, size_t len)
{
    return stream->tls ? receive_records(stream->tls, bytes, len)
                       : recv(stream->fd, bytes, len, 0);
}

/* Both pieces in one record, as far as they fit. */
static ssize_t send_record(SSL *tls, struct str first, struct str second)
{
    char record[RECORD_BYTES];
    size_t len = first.len < sizeof(record) ? first.len : sizeof(record), sent;
    size_t more = second.len < sizeof(record) - len ? second.len : sizeof(record) - len;
    int result;

    memcpy(record, first.ptr, len);
    if (more > 0)
        memcpy(record + len, second.ptr, more);
    ERR_clear_error();
    errno = 0;
    result = SSL_write_ex(tls, record, len + more, &sent);
    if (result > 0)
        return (ssize_t)sent;
    return as_socket(tls, result);
}

static struct iovec piece(struct str text)
{
    const union {
        const char *from;
        void *to; /* sendmsg only reads, but its type is older than const */
    } bytes = { .from = text.ptr };

    return (struct iovec){ bytes.to, text.len };
}

ssize_t stream_send(struct stream *stream, struct str first, struct str second)
{
    struct iovec pieces[] = { piece(first), piece(second) };
    const struct msghdr message = { .msg_iov = pieces, .msg_iovlen = second.len > 0 ? 2 : 1 };

    return stream->tls ? send_record(stream->tls, first, second)
                       : sendmsg(stream->fd, &message, MSG_NOSIGNAL);
}

bool stream_waits_for_input(const struct stream *stream)
{
    return stream->tls && SSL_want_read(stream->tls);
}

void stream_close(struct stream *stream)
{
    SSL_free(stream->tls);
    stream->tls = NULL;
    close(stream->fd);
}
