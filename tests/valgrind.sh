#!/bin/sh
# Stands where tests expect the handler (CODESTREAM_BIN) and runs the release binary under
# valgrind: what it finds, and what leaks, goes to stderr, where a test that ends the handler looks
# for it.  What is still reachable, or possibly lost, is the libraries': a process that ends by a
# signal gives them no time to free it.  A handler that is thirty times slower meets deadlines which
# are not what is tested: where a test sets none, calls have longer.
export CODESTREAM_REST_TIMEOUT_MS="${CODESTREAM_REST_TIMEOUT_MS:-60000}"
exec valgrind --quiet --error-exitcode=99 --leak-check=full \
  --show-leak-kinds=definite,indirect --errors-for-leak-kinds=definite,indirect \
  "$(dirname "$0")/../build/release/codestream" "$@"
