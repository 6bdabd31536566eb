#!/bin/sh
# Runs fuzz targets with libFuzzer, FUZZ_SECONDS each, as many at a time as there are cores,
# and tells what was reached.  What it finds is left in build/fuzz/findings; the corpus grows
# in build/fuzz/corpus from run to run.
#
#   FUZZ_SECONDS=60 sh tests/fuzz/run.sh json packet ...
set -u
cd "$(dirname "$0")/../.." || exit 1
work=build/fuzz
mkdir -p $work/findings $work/log

# One target: also how this script calls itself.
if [ "${1:-}" = --one ]; then
  target=$2
  mkdir -p $work/corpus/"$target"
  timeout -k 10 $((FUZZ_SECONDS + 120)) nice -n 10 $work/fuzz_"$target" \
    -max_total_time="$FUZZ_SECONDS" -timeout=10 -rss_limit_mb=1024 -max_len=4096 \
    -print_final_stats=1 -artifact_prefix=$work/findings/"$target"- \
    $work/corpus/"$target" $work/seeds/"$target" >$work/log/"$target" 2>&1
  echo $? >$work/log/"$target".exit
  exit 0
fi

printf '%s\n' "$@" | xargs -P "$(nproc)" -n 1 sh "$0" --one

failed=0 sum=0
printf '%-12s %12s %8s %8s %8s\n' target executions edges corpus exec/s
for target in "$@"; do
  log=$work/log/$target
  count=$(awk '/^stat::number_of_executed_units/ { print $2 }' "$log")
  awk -v target="$target" -v count="${count:-0}" -v seconds="$FUZZ_SECONDS" '
    /cov: / { for (i = 1; i < NF; i++) { if ($i == "cov:") edges = $(i + 1)
                                         if ($i == "corp:") corpus = $(i + 1) } }
    END { printf "%-12s %12d %8d %8s %8d\n", target, count, edges, corpus, count / seconds }' "$log"
  sum=$((sum + ${count:-0}))
  if [ "$(cat "$log".exit)" != 0 ]; then
    echo "FAIL  $target"
    grep -E 'does not hold|ERROR:|SUMMARY:|runtime error|Test unit written' "$log"
    failed=1
  fi
done
printf '%-12s %12d\n' sum "$sum"
exit $failed
