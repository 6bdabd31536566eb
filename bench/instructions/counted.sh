#!/bin/sh
# The handler under callgrind: a CODESTREAM_BIN whose instructions are counted.  COUNTS names the
# file that gets them.
exec valgrind --quiet --tool=callgrind --callgrind-out-file="$COUNTS" \
  "$(dirname "$0")/../../build/release/codestream" "$@"
