#!/bin/sh
# Compares the parts of the package with what apt would install today, and refuses older ones.
#
#   current.sh DIR VERSIONS >OLDER
#
# DIR is what sources.sh has filled, VERSIONS are the lines of versions.sh.  Writes a line "PART
# VERSION" for each part that is older than that version, or "PART unknown" where apt could not be
# asked, and says which command mends it.  Fails if there is any, unless STALE is set.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
dir=$(cd "$1" && pwd)
versions=$2
# shellcheck disable=SC1091
. "$here/apt.sh"

say() {
  echo "$*" >&2
}

# Lists of yesterday would do for apt, but prove nothing.
update() {
  copy_sources
  apt_copy apt-get -o APT::Update::Error-Mode=any update >"$dir/update.log" 2>&1
}

find_older() {
  while read -r part version library; do
    [ "$part" != codestream ] || continue
    candidate=$("$candidate_from" "$library")
    if [ -z "$candidate" ]; then
      echo "$part unknown"
    elif ! dpkg --compare-versions "$version" ge "$candidate"; then
      echo "$part $candidate"
    fi
  done <"$versions"
}

# The line of versions.sh for a part: its version, then its library.
told_of() {
  sed -n "s/^$1 //p" "$versions"
}

say_older() {
  upgrades=
  while read -r part candidate; do
    told=$(told_of "$part")
    if [ "$candidate" = unknown ]; then
      say "$part ${told% *}: apt does not say what it would install today"
    else
      say "$part ${told% *} is older than $candidate, which apt would install today"
      if grep -q "^$part " "$dir/versions"; then
        say "  rm $1/fetched"
      else
        upgrades="$upgrades ${told#* }"
      fi
    fi
  done
  [ -z "$upgrades" ] || say "  sudo apt-get update && sudo apt-get install --only-upgrade$upgrades"
}

nothing() { :; }

candidate_from=candidate_of
if ! update; then
  tail -n 3 "$dir/update.log" >&2
  candidate_from=nothing
fi
older=$(find_older)
[ -n "$older" ] || exit 0
echo "$older"
echo "$older" | say_older "$1"
if [ -z "${STALE-}" ]; then
  say "not packaged; STALE=1 packages it all the same, and the list of parts says so"
  exit 1
fi
