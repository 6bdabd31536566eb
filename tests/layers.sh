#!/bin/sh
# Who may include whom.  Each line below: a folder (or file), and what it may include of ours
# and of others.  Anything else fails.
#
# Lists of files are meant to be split, and none has a name that ls could garble:
# shellcheck disable=SC2086,SC2010,SC2012
set -u
cd "$(dirname "$0")/.." || exit 1
failed=0

# includes FILES ALLOWED: every #include of FILES must match the extended regex ALLOWED.
includes() {
  files=$1 allowed=$2
  bad=$(grep -HnE '^#include' $files | grep -vE "#include [\"<]($allowed)[\">]")
  [ -z "$bad" ] && return
  echo "not allowed here:"
  echo "$bad"
  failed=1
}

libc='linux/tcp\.h|(assert|errno|fcntl|limits|malloc|poll|pthread|sched|signal|stdalign|stdatomic|stdbool|stddef|stdint|stdio|stdlib|string|time|unistd)\.h|(sys|netinet|arpa)/[a-z]+\.h'
wire=$(ls src/wire/*.[ch] | grep -v 'src/wire/token\.c')
io=$(ls src/io/*.[ch] | grep -vE 'src/io/(http_server\.c|http_transfer\.h|resolver\.c)')
top=$(ls src/*.[ch] | grep -v 'src/sandbox.*\.c')

includes "$(ls src/base/*.[ch])" "base/[a-z]+\.h|sanitizer/asan_interface\.h|$libc"
includes "$wire" "(base|wire)/[a-z0-9_]+\.h|$libc"
includes src/wire/token.c "(base|wire)/[a-z0-9_]+\.h|openssl/[a-z_]+\.h|$libc"
includes "$(ls src/app/*.[ch])" "(base|app)/[a-z]+\.h|wire/(json|base64url|token)\.h|string\.h"
includes "$io" "(base|io)/[a-z_]+\.h|$libc"
includes src/io/http_server.c "(base|io)/[a-z_]+\.h|wire/http_head\.h|microhttpd\.h|$libc"
includes src/io/http_transfer.h "(base|io)/[a-z_]+\.h|curl/curl\.h|$libc"
includes src/io/resolver.c "(base|io)/[a-z_]+\.h|ares\.h|$libc"
includes src/sandbox.c "sandbox\.h|linux/capability\.h|$libc"
includes src/sandbox_calls.c "sandbox\.h|linux/(audit|filter|seccomp)\.h|stddef\.h|$libc"
includes "$(ls src/doctor/*.[ch])" "(config|doctor/[a-z]+|base/[a-z]+|wire/[a-z0-9_]+|io/[a-z_]+)\.h|$libc"
includes "$top" "[a-z_]+\.h|(base|wire|app|io|doctor)/[a-z0-9_]+\.h|$libc"

# Within wire, only what serves everybody may be included by the others.
for file in src/wire/*.[ch]; do
  own=$(basename "$file" | sed 's/\.[ch]$//; s/_\(text\|rooms\|scalar\)$//')
  bad=$(grep -HnE '^#include "wire/' "$file" |
    grep -vE "\"wire/($own|${own}_scalar|json|token|base64url)\.h\"")
  [ -z "$bad" ] && continue
  echo "$bad"
  failed=1
done

# The stand-ins share no code with what they judge.
bad=$(grep -rnE "from '[./]*(src|web)/" emulator --include='*.js' --exclude-dir=node_modules |
  grep -v 'web/site.mjs')
if [ -n "$bad" ]; then
  echo "$bad"
  failed=1
fi
exit $failed
