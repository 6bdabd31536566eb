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

sources=$(find src examples packaging bench tests/unit tests/apps tests/fuzz -name '*.c' 2>/dev/null | sort)
all=$(find src examples packaging bench tests/unit tests/apps tests/fuzz -name '*.[ch]' 2>/dev/null | sort)
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
  cppcheck --quiet --library=bsd --enable=warning,performance,portability --error-exitcode=1 --inline-suppr \
    --suppress=missingIncludeSystem -Isrc -DVERSION='"x"' src
}

# gcc 12 calls memory that hangs on a struct of the caller's leaked.
analyzer() {
  for source in $(find src -name '*.c'); do
    gcc $flags -fanalyzer -Wno-analyzer-malloc-leak -Werror -O1 -c "$source" -o /dev/null ||
      return 1
  done
}

# Functions that cannot be used safely, that share state between threads, or that we have a better
# one for.
banned() {
  names='stpcpy|strn?cpy|strn?cat|v?sprintf|strtok|ato(i|l|ll|f)|[fs]?scanf|gets|alloca|system|popen'
  names="$names|mktemp|tmpnam|tempnam|s?rand|s?random|[dlm]rand48|gmtime|localtime|asctime|ctime"
  names="$names|setjmp|longjmp|gethostby(name|addr)|inet_(ntoa|addr)|getpass|vfork"
  ! grep -nE "(^|[^_[:alnum:]])($names)\(" $(echo $all | tr ' ' '\n' | grep -v self-contained)
}

# How long a comparison takes must not tell how much of a secret was guessed: str_equal_secret.
secrets() {
  ! grep -nE '\b(memcmp|strn?cmp|str_equal|str_equal_nocase|str_starts)\([^;]*(secret|signature|\bmac\b|_key\b|\bkey\b|token)' \
    $(find src -name '*.[ch]')
}

# After the settings were read nobody asks the environment: a secret in it is no longer there.
environment() {
  ! grep -nE '\b(getenv|secure_getenv|environ)\b *[(;\[]' \
    $(find src -name '*.[ch]' ! -path src/main.c)
}

# The stand-ins share no code with what they judge.
stand_ins() {
  ! grep -rnE "from '[./]*(src|web)/" emulator --include='*.js' --exclude-dir=node_modules |
    grep -v 'web/site.mjs'
}

javascript() {
  tests/eslint/node_modules/.bin/eslint --config tests/eslint/eslint.config.js \
    --max-warnings 0 .
}

# Known weaknesses of the packages that people run.  Not everybody can be asked from everywhere.
audit() {
  for folder in web emulator infra; do
    report=$(timeout 60 npm audit --omit=dev --json --prefix $folder 2>/dev/null) && continue
    case $report in
    *'"auditReportVersion"'*)
      echo "FAIL  npm audit in $folder"
      npm audit --omit=dev --prefix $folder 2>/dev/null | head -40
      failed=1
      ;;
    *) echo "-     npm audit in $folder: the registry could not be asked" ;;
    esac
  done
}

check "clang-format" clang-format --dry-run -Werror $all
check "gcc without warnings" compiles gcc $WARN_GCC
check "clang without warnings" compiles clang
check "clang-tidy" tidy
check "cppcheck" cpp_check
check "gcc -fanalyzer" analyzer
check "no banned function" banned
check "secrets are compared in constant time" secrets
check "only main reads the environment" environment
check "layers" sh tests/layers.sh
check "layers keep out what is planted" sh tests/layers-test.sh
check "the stand-ins stand alone" stand_ins
check "shellcheck" shellcheck $(git ls-files '*.sh' .ci/run)
check "page types" web/node_modules/.bin/tsc --noEmit -p web
check "eslint" javascript
audit
exit $failed
