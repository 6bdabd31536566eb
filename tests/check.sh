#!/bin/sh
# What can be said of the sources without running them.  Called by `make check` with the
# compiler flags: check.sh 'FLAGS FOR BOTH COMPILERS' 'FLAGS FOR GCC'.  Every check runs, and
# each that fails says so.
set -u
flags=$1 gcc_flags=$2 failed=0
here=$(dirname "$0")
cd "$here/.." || exit 1
mkdir -p build

sources=$(find src tests/unit tests/fuzz bench -name '*.c' 2>/dev/null | sort)
all=$(find src tests/unit tests/fuzz bench -name '*.[ch]' 2>/dev/null | sort)
include="-Isrc -Itests/unit"
vectors='-DTEST_VECTORS="tests/vectors"'

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
    # shellcheck disable=SC2086
    "$@" $flags -Werror $include "$vectors" -O2 -c "$source" -o /dev/null || return 1
  done
}

tidy() {
  # shellcheck disable=SC2086
  printf '%s\n' $sources | grep '^src/' | xargs -P 2 -n 4 clang-tidy --quiet -- \
    ${flags%%-Wall*} $include 2>/dev/null
}

cpp_check() {
  # shellcheck disable=SC2086
  cppcheck --quiet --enable=warning,performance,portability --error-exitcode=1 --inline-suppr \
    --suppress=missingIncludeSystem -Isrc -DVERSION='"x"' src
}

# gcc 12 calls memory that hangs on a struct of the caller's leaked.
analyzer() {
  for source in $(printf '%s\n' $sources | grep '^src/'); do
    # shellcheck disable=SC2086
    gcc $flags $include -fanalyzer -Wno-analyzer-malloc-leak -Werror -O1 -c "$source" -o /dev/null || return 1
  done
}

# Functions that cannot be used safely, or that we have a better one for.
banned() {
  ! grep -nE '\b(strcpy|strcat|sprintf|vsprintf|strtok|atoi|atol|sscanf|gets|alloca|system|popen)\(' \
    $all
}

check "clang-format" clang-format --dry-run -Werror $all
check "gcc without warnings" compiles gcc $gcc_flags
check "clang without warnings" compiles clang
check "clang-tidy" tidy
check "cppcheck" cpp_check
check "gcc -fanalyzer" analyzer
check "no banned function" banned
check "layers" sh tests/layers.sh
check "shellcheck" shellcheck $(git ls-files '*.sh' .ci/run)
check "page types" npm --prefix web run --silent types
exit $failed
