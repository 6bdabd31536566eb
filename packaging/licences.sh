#!/bin/sh
# The texts of the licences of all that the package is made of, one file for each part, and those that
# these refer to.
#
#   licences.sh VERSIONS FOLDER
#
# VERSIONS are the lines of versions.sh.  Debian's packages carry the texts, as `copyright`; what that
# names in /usr/share/common-licenses is copied as well.
set -eu
versions=$1
folder=$2
docs=${DOCS:-/usr/share/doc}
common=${COMMON:-/usr/share/common-licenses}

rm -rf "$folder"
mkdir -p "$folder"
while read -r part _ library; do
  if [ "$part" = codestream ]; then
    cp LICENSE "$folder/codestream"
  else
    text=$docs/$library/copyright
    [ -s "$text" ] || { echo "$text, the licence of $part, is missing" >&2 && exit 1; }
    cat "$text" >"$folder/$part"
  fi
done <"$versions"
names=$(cat "$folder"/* | grep -o '/usr/share/common-licenses/[A-Za-z0-9.-]*[A-Za-z0-9]' | sort -u)
for name in $names; do
  cat "$common/${name##*/}" >"$folder/${name##*/}"
done
