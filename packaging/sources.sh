#!/bin/sh
# Fetches the distribution's own source packages of what is linked into the package, in the
# versions of which apt would install the library today, and notes which those are.
#
#   sources.sh DIR PACKAGE=LIBRARY...
#
# Leaves DIR/PACKAGE unpacked and patched, DIR/sources/PACKAGE/* as downloaded, and a line
# "PACKAGE VERSION" for each in DIR/versions.  A version that the mirror announces and does not
# have is replaced by the next older one, and DIR/warnings says so.
#
# This machine's package configuration is read and left alone: apt works on a copy of it, under
# DIR/apt, that names sources as well as binaries.
set -eu
mkdir -p "$1"
dir=$(cd "$1" && pwd)
shift

fail() {
  tail -n 5 "$dir/fetch.log" >&2
  echo "$*" >&2
  exit 1
}

# The machine's own package sources, in both spellings, with deb-src beside deb.
copy_sources() {
  rm -rf "$dir/apt"
  mkdir -p "$dir/apt/sources" "$dir/apt/lists/partial" "$dir/apt/cache/archives/partial"
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [ -e "$file" ] || continue
    sed -n 's/^[[:blank:]]*deb[[:blank:]]/deb /p; s/^deb /deb-src /p' "$file" \
      >"$dir/apt/sources/$(basename "$file" .list).list"
  done
  for file in /etc/apt/sources.list.d/*.sources; do
    [ -e "$file" ] || continue
    sed 's/^Types:.*/Types: deb deb-src/' "$file" >"$dir/apt/sources/$(basename "$file")"
  done
}

# apt-get or apt-cache on the copy.  apt's sandbox user may not reach DIR, and nothing is
# installed here.
apt_copy() {
  command=$1
  shift
  "$command" -qq -o APT::Sandbox::User="$(id -un)" \
    -o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts="$dir/apt/sources" \
    -o Dir::State::Lists="$dir/apt/lists" -o Dir::Cache="$dir/apt/cache" "$@"
}

# The version of the sources of a library that apt would install.  The highest there is may be a
# backport, or of a release that is pinned low.
candidate_of() {
  apt_copy apt-cache show --no-all-versions "$1" |
    sed -n 's/^Source: .*(\(.*\))$/\1/p; s/^Version: *//p' | head -n 1
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
  echo "$1 $version" >>"$dir/versions.new"
}

copy_sources
apt_copy apt-get update
: >"$dir/versions.new"
: >"$dir/warnings.new"
for part; do fetch "${part%%=*}" "${part#*=}"; done
rm -rf "$dir/apt" "$dir/fetch.log"
mv "$dir/warnings.new" "$dir/warnings"
mv "$dir/versions.new" "$dir/versions"
