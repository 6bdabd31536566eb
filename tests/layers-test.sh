#!/bin/sh
# Plants includes that tests/layers.sh must not let pass, one at a time, in a copy of src/.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
failed=0

# FILE INCLUDE WORDS: the include is refused with these words.
plant() {
  rm -rf "$copy/src"
  cp -R "$here/src" "$copy"
  echo "#include $2" >>"$copy/src/$1"
  if said=$(sh "$here/tests/layers.sh" "$copy") || ! echo "$said" | grep -q -- "$3"; then
    echo "src/$1 may include $2: ${said:-nothing is said}"
    failed=1
  fi
}

plant base/str.c '"wire/json.h"' 'the layer base may not know wire'
plant wire/json.h '"io/loop.h"' 'the layer wire may not know io'
plant io/loop.c '"azure/rest.h"' 'the layer io may not know azure'
plant azure/rest.c '"config.h"' 'the layer azure may not know program'
plant azure/rest.h '"app/plan.h"' 'the layer azure may not know app'
plant app/verbs.c '"io/http_client.h"' 'the layer app may not know io'
plant app/verbs.c '"handler.h"' 'the layer app may not know program'
plant app/codestream.c '<time.h>' 'waits for nothing'
plant wire/json.c '<sys/socket.h>' 'waits for nothing'
plant io/http_server.c '<curl/curl.h>' 'another file knows that library'
plant io/http_transfer.h '<curl/curl.h>' 'another file knows that library'
plant io/http_server.h '<microhttpd.h>' 'another file knows that library'
plant azure/token.c '<openssl/sha.h>' 'another file knows that library'
plant handler.c '<jansson.h>' 'not the C library'
plant wire/base64url.h '"wire/hmac.h"' 'in a circle'
plant config.h '"worker.h"' 'in a circle: worker includes config'
exit $failed
