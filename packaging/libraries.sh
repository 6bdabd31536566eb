#!/bin/sh
# Compiles libcurl and libmicrohttpd as static libraries with what the handler uses and nothing
# else: HTTP/1.1 over TLS on the way out, plain HTTP on the way in.
#
#   libraries.sh DIR
#
# DIR is what sources.sh has filled.  Leaves DIR/prefix/include and DIR/prefix/lib.  CC, CPPFLAGS,
# CFLAGS and JOBS come from the environment.
set -eu
dir=$(cd "$1" && pwd)
prefix=$dir/prefix

# Where this machine keeps the sources is nobody's business, and must not change the result.
CFLAGS="${CFLAGS-} -ffunction-sections -fdata-sections -ffile-prefix-map=$dir=."
export CFLAGS
unset MAKEFLAGS MAKELEVEL MFLAGS

# Options that a release does not know are ignored by its configure: both Debian 12's and 13's
# releases are served by one list.

# Addresses are given to it (src/io/resolver.c).  Whose certificates to trust is found at run
# time (src/config.c).
# The openssl.cnf of the machine is for that machine's OpenSSL and not for ours.
configure_curl() {
  "$dir/curl/configure" "$@" --disable-ares --disable-threaded-resolver --with-openssl \
    --without-ca-bundle --without-ca-path --without-ca-fallback \
    --disable-openssl-auto-load-config \
    --disable-ftp --disable-file --disable-ldap --disable-ldaps --disable-rtsp --disable-dict \
    --disable-telnet --disable-tftp --disable-pop3 --disable-imap --disable-smb \
    --disable-smtp --disable-gopher --disable-mqtt --disable-websockets --disable-ipfs \
    --disable-manual --disable-docs --disable-libcurl-option --disable-ntlm \
    --disable-ntlm-wb --disable-tls-srp --disable-crypto-auth --disable-digest-auth \
    --disable-negotiate-auth --disable-kerberos-auth --disable-aws --disable-cookies \
    --disable-doh --disable-mime --disable-form-api --disable-dateparse --disable-netrc \
    --disable-progress-meter --disable-hsts --disable-alt-svc --disable-unix-sockets \
    --without-brotli --without-zstd --without-zlib --without-libpsl --without-libidn2 \
    --without-librtmp --without-libssh --without-libssh2 --without-nghttp2 \
    --without-nghttp3 --without-ngtcp2 --without-libgsasl
}

configure_libmicrohttpd() {
  "$dir/libmicrohttpd/configure" "$@" --enable-epoll --enable-messages --disable-https \
    --without-gnutls --disable-bauth --disable-dauth --disable-httpupgrade \
    --disable-postprocessor --disable-cookie --disable-doc --disable-examples \
    --disable-tools --disable-curl --disable-experimental
}

# Compiles and installs the folders that matter.  Everything that a build says goes to a log of
# its own, of which a failure shows the end.
build() {
  part=$1
  shift
  echo "compiling $part"
  if ! build_in "$@" >"$dir/$part.log" 2>&1; then
    tail -n 20 "$dir/$part.log" >&2
    echo "$part cannot be compiled; all that was said is in $dir/$part.log" >&2
    exit 1
  fi
}

# Beside the sources, so that nothing is left over from other flags.
build_in() (
  mkdir -p "$dir/objects/$part" && cd "$dir/objects/$part" || return 1
  "configure_$part" --prefix="$prefix" --disable-shared || return 1
  for folder; do
    make -C "$folder" -j"${JOBS:-1}" install || return 1
  done
)

rm -rf "$prefix" "$dir/objects"
build curl include lib
build libmicrohttpd src/include src/microhttpd
