#!/bin/sh
# How much of the pure layers the unit tests reach, file by file, by gcov alone.  Fails below the
# marks.  Called by `make coverage`, when the tests have run with MODE=coverage.
#
# A line counts when it ran, a branch when it was taken: each outcome of each condition, those
# inside of macros too.  Nothing is left out.
#
#   sh tests/coverage.sh [-v]    -v: what was never reached
set -u
cd "$(dirname "$0")/.." || exit 1
LINES_MARK=98
BRANCHES_MARK=95

if [ "${1:-}" = -v ]; then
  for source in src/base/*.c src/wire/*.c src/app/*.c src/azure/cloudevents.c src/azure/token.c src/azure/webpubsub.c; do
    gcov -b -c -t -o build/coverage/"${source%.c}".o "$source" 2>/dev/null | awk -v source="$source" '
      /^ *[0-9#*-]+\**: *[0-9]+:/ { split($0, part, ":"); number = part[2] + 0
                                    text = substr($0, length(part[1] part[2]) + 3) }
      /#####:/ { printf "%s:%d: never run: %s\n", source, number, text }
      /^branch .*(taken 0|never executed)/ { printf "%s:%d: %s: %s\n", source, number, $0, text }'
  done
  exit 0
fi

for source in src/base/*.c src/wire/*.c src/app/*.c src/azure/cloudevents.c src/azure/token.c src/azure/webpubsub.c; do
  gcov -b -n -o build/coverage/"${source%.c}".o "$source" 2>/dev/null | awk -v source="$source" '
    index($0, "File ") == 1 { ours = index($0, source) }
    ours && /^Lines executed/ { sub(/.*:/, ""); lines = $1 " " $3 }
    ours && /^Taken at least once/ { sub(/.*:/, ""); branches = $1 " " $3 }
    END { print source, lines ? lines : "0% 1", branches ? branches : "100% 0" }'
done | awk -v lines_mark=$LINES_MARK -v branches_mark=$BRANCHES_MARK '
  function row(name, l, ln, b, bn) {
    printf "%-28s %6.1f %% of %4d lines  %6.1f %% of %4d branches\n", name, l, ln, b, bn
  }
  { row($1, $2, $3, $4, $5); l += $2 * $3; ln += $3; b += $4 * $5; bn += $5 }
  END {
    row("all", l / ln, ln, b / bn, bn)
    if (l / ln < lines_mark || b / bn < branches_mark) {
      printf "FAIL  below %d %% of lines or %d %% of branches\n", lines_mark, branches_mark
      exit 1
    }
  }'
