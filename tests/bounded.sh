#!/bin/sh
# Runs a command for at most so many seconds. Ends it, and all that it has started, then or when
# this is interrupted: `timeout` alone has a process group of its own, which Ctrl-C does not reach.
#
#   sh tests/bounded.sh SECONDS COMMAND...
seconds=$1
shift
timeout -k 10 "$seconds" "$@" &
pid=$!
trap 'kill -TERM "$pid"' HUP INT TERM
wait "$pid"
status=$?
# A signal ends the waiting, not the command.
while kill -0 "$pid" 2>/dev/null; do
  wait "$pid"
  status=$?
done
exit "$status"
