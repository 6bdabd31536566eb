#!/bin/sh
# What asks apt, for the scripts that include it: DIR is in $dir.
#
# This machine's package configuration is read and left alone: apt works on a copy of it, under
# DIR/apt, that names sources as well as binaries.  What it has fetched of lists stays there.
#
# shellcheck disable=SC2154

# The machine's own package sources, in both spellings, with deb-src beside deb.
copy_sources() {
  rm -rf "$dir/apt/sources"
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
