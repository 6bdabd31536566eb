#!/bin/sh
# Stands where tests expect the handler (CODESTREAM_BIN) and runs the release binary under
# valgrind: what it finds, and what leaks, goes to stderr and makes the exit code 99, which no
# test takes for a clean end.
exec valgrind --quiet --error-exitcode=99 --leak-check=full --show-leak-kinds=all \
  --errors-for-leak-kinds=all \
  "$(dirname "$0")/../build/release/codestream" "$@"
