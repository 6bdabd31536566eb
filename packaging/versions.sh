#!/bin/sh
# What the package is made of, as lines "PART VERSION LIBRARY", where LIBRARY is the package that
# holds it: the handler (which is in none), the libraries that were compiled from the
# distribution's sources, and those that the distribution has compiled.
#
#   versions.sh VERSION-OF-THE-HANDLER COMPILED -lLIBRARY...
#
# COMPILED is the file of such lines that sources.sh has left; the libraries are the linker's, and
# those that every program has come on top.  CC comes from the environment.
set -eu
cc=${CC:-cc}
echo "codestream $1"
cat "$2"
shift 2

files="$("$cc" -print-libgcc-file-name) $("$cc" -print-file-name=libc.a)"
for library; do
  files="$files $("$cc" -print-file-name="lib${library#-l}.a")"
done
for file in $files; do
  owner=$(dpkg-query -S "$(realpath "$file")" | sed 's/: .*//')
  # shellcheck disable=SC2016 # dpkg-query's own variables
  dpkg-query -W -f '${source:Package} ${source:Version} ${Package}\n' "$owner"
done | LC_ALL=C sort -u -k 1,1
