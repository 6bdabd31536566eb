#!/bin/sh
# What can be said of the sources without running them.  Called by `make check` with CSTD, WARN
# and WARN_GCC, the Makefile's flags.  Every check runs, and each that fails says so.
#
# Lists of flags and of files are meant to be split, quotes in flags are C's, and functions are called by name:
# shellcheck disable=SC2086,SC2317,SC2046,SC2044,SC2089,SC2090
set -u
failed=0
cd "$(dirname "$0")/.." || exit 1
mkdir -p build

sources=$(find src packaging bench tests/unit tests/apps -name '*.c' 2>/dev/null | sort)
all=$(find src packaging bench tests/unit tests/apps -name '*.[ch]' 2>/dev/null | sort)
flags="$CSTD -Isrc -Itests/unit -DVERSION=\"x\" -DTEST_VECTORS=\"tests/vectors\""

check() {
  name=$1
  shift
  if "$@" >build/check.log 2>&1; then
    echo "ok    $name"
  else
    echo "FAIL  $name"
    head -60 build/check.log
    failed=1
  fi
}

compiles() {
  for source in $sources; do
    "$@" $flags $WARN -Werror -O2 -c "$source" -o /dev/null || return 1
  done
}

tidy() {
  clang-tidy --quiet $(find src -name '*.c') -- $flags 2>/dev/null
}

cpp_check() {
  cppcheck --quiet --enable=warning,performance,portability --error-exitcode=1 --inline-suppr \
    --suppress=missingIncludeSystem -Isrc -DVERSION='"x"' src
}

# gcc 12 calls memory that hangs on a struct of the caller's leaked.
analyzer() {
  for source in $(find src -name '*.c'); do
    gcc $flags -fanalyzer -Wno-analyzer-malloc-leak -Werror -O1 -c "$source" -o /dev/null ||
      return 1
  done
}

# Functions that cannot be used safely, or that we have a better one for.
banned() {
  ! grep -nE '\b(strcpy|strcat|sprintf|vsprintf|strtok|atoi|atol|sscanf|gets|alloca|system|popen)\(' \
    $all
}

check "clang-format" clang-format --dry-run -Werror $all
check "gcc without warnings" compiles gcc $WARN_GCC
check "clang without warnings" compiles clang
check "clang-tidy" tidy
check "cppcheck" cpp_check
check "gcc -fanalyzer" analyzer
check "no banned function" banned
check "layers" sh tests/layers.sh
check "shellcheck" shellcheck $(git ls-files '*.sh' .ci/run)
check "page types" web/node_modules/.bin/tsc --noEmit -p web
exit $failed
