#!/bin/sh
# What Azure Functions runs, as a zip and as a folder: host.json, the functions, and the handler
# without its debug information.  Equal input gives an equal zip, byte for byte.
#
#   zip.sh BINARY ZIP FOLDER
#
# Leaves beside ZIP its SHA-256 (ZIP.sha256) and the debug information (codestream.debug).  The
# host starts the entry whose name is defaultExecutablePath; that entry's run bit counts only if
# the zip says that its creator was Unix.
#
# FOLDER is for `func azure functionapp publish`, which makes a zip of its own and refuses a folder
# without a local.settings.json that names the runtime.  That file is not sent, and one that is
# there is somebody's.
set -eu
binary=$1
zip=$2
folder=$3
settings='{
  "IsEncrypted": false,
  "Values": {
    "FUNCTIONS_WORKER_RUNTIME": "custom"
  }
}'

# The time of every entry, the first that a zip can tell.
epoch='1980-01-01 00:00:00'
max_bytes=$((6 * 1024 * 1024))

fail() {
  echo "$*" >&2
  exit 1
}

executable=$(sed -n 's/.*"defaultExecutablePath": *"\([^"]*\)".*/\1/p' host.json)
case $executable in
'' | .* | */* | *%*) fail "host.json: defaultExecutablePath '$executable' is not a plain name" ;;
esac
debug=$(dirname "$zip")/$executable.debug
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT

for file in host.json */function.json; do
  install -D -m 644 "$file" "$stage/$file"
done
objcopy --only-keep-debug "$binary" "$debug"
objcopy --strip-all --add-gnu-debuglink="$debug" "$binary" "$stage/$executable"
chmod 755 "$stage/$executable"

# Without a zip the next run begins anew, wherever this one ends.  Somebody's file is never moved.
rm -f "$zip" "$zip.sha256"
mkdir -p "$folder"
find "$folder" -mindepth 1 -maxdepth 1 ! -name local.settings.json -exec rm -rf {} +
cp -Rp "$stage/." "$folder"
own=$folder/local.settings.json
[ -e "$own" ] || [ -L "$own" ] || echo "$settings" >"$own"

out=$(realpath "$(dirname "$zip")")/$(basename "$zip")
cd "$stage"
TZ=UTC find . -type f -exec touch -d "$epoch" {} +
# The order is the same in every language; -X: no owners, no times but the one.
find . -type f | sed 's|^\./||' | LC_ALL=C sort | TZ=UTC zip -q -X -9 "$out" -@
cd "$(dirname "$out")"
sha256sum "$(basename "$out")" >"$out.sha256"

bytes=$(stat -c %s "$out")
[ "$bytes" -le "$max_bytes" ] || fail "$zip has $bytes bytes, more than the $max_bytes allowed"
