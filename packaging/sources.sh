#!/bin/sh
# Fetches the distribution's own source packages of what is linked into the package, in the
# versions of which apt would install the library today, and notes which those are.
#
#   sources.sh DIR PACKAGE=LIBRARY...
#
# Leaves DIR/PACKAGE unpacked and patched, DIR/sources/PACKAGE/* as downloaded, and a line
# "PACKAGE VERSION LIBRARY" for each in DIR/versions.  A version that the mirror announces and does not
# have is replaced by the next older one, and DIR/warnings says so.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
dir=$(cd "$1" && pwd)
shift
# shellcheck disable=SC1091
. "$here/apt.sh"

fail() {
  tail -n 5 "$dir/fetch.log" >&2
  echo "$*" >&2
  exit 1
}

# versions_of PACKAGE HIGHEST: that and the older ones.
versions_of() {
  apt_copy apt-cache showsrc --only-source "$1" | sed -n 's/^Version: *//p' | sort -rVu |
    while read -r version; do
      ! dpkg --compare-versions "$version" le "$2" || echo "$version"
    done
}

download() {
  candidate=$(candidate_of "$2")
  for version in $(versions_of "$1" "$candidate"); do
    if apt_copy apt-get --download-only source "$1=$version" >"$dir/fetch.log" 2>&1; then
      return 0
    fi
    echo "$1 $version cannot be fetched; an older one is in the package" >>"$dir/warnings.new"
  done
  fail "the sources of $1 cannot be fetched"
}

fetch() {
  rm -rf "${dir:?}/$1" "$dir/sources/$1"
  mkdir -p "$dir/sources/$1"
  cd "$dir/sources/$1"
  download "$1" "$2"
  dpkg-source --no-check --no-copy -x ./*.dsc "$dir/$1" >"$dir/fetch.log" 2>&1 ||
    fail "the sources of $1 cannot be unpacked"
  echo "fetched the sources of $1 $version"
  echo "$1 $version $2" >>"$dir/versions.new"
}

copy_sources
apt_copy apt-get update
: >"$dir/versions.new"
: >"$dir/warnings.new"
for part; do fetch "${part%%=*}" "${part#*=}"; done
rm -f "$dir/fetch.log"
mv "$dir/warnings.new" "$dir/warnings"
mv "$dir/versions.new" "$dir/versions"
