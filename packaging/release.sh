#!/bin/sh
# Gathers what a release holds in one folder, and that in one file beside it (FOLDER.tar.gz).  Equal
# input gives an equal file, byte for byte.
#
#   release.sh VERSION LICENCES FOLDER
#
# LICENCES is the folder of licences.sh; all else is what make has built.
set -eu
version=$1
licences=$2
folder=$3

rm -rf "$folder" "$folder.tar.gz"
mkdir -p "$folder/infra" "$folder/web" "$folder/sources"

# What is deployed, and what deploys it.
cp build/codestream.zip build/codestream.zip.sha256 build/codestream.spdx.json build/check.cjs \
  build/doctor.cjs LICENSE VERSION "$folder"
cp -R web/dist "$folder/page"
cp -R infra/deploy.mjs infra/destroy.mjs infra/upload.mjs infra/deployment infra/*.bicep "$folder/infra"
cp web/site.mjs "$folder/web"
# Compiled, they need no Bicep where they are deployed.
if command -v bicep >/dev/null; then
  for template in main hub; do
    bicep build "infra/$template.bicep" --outfile "$folder/infra/$template.json"
  done
else
  echo 'no bicep is installed: az compiles the templates where they are deployed' >&2
fi

for package in emulator share; do
  npm pack "./$package" --ignore-scripts --silent --pack-destination "$folder" >/dev/null
done

# The page's licences are compressed under their own name, as all of its files are.
cp -R "$licences" "$folder/licences"
gzip -dc "$folder"/page/assets/licences-*.txt >"$folder/licences/page"
# Of what stands in check.cjs and doctor.cjs.
for text in infra/node_modules/*/[Ll][Ii][Cc][Ee][Nn]* infra/node_modules/@*/*/[Ll][Ii][Cc][Ee][Nn]*; do
  printf '%s\n\n' "$(dirname "${text#infra/node_modules/}")"
  cat "$text"
  printf '\n%s\n\n' '------------------------------------------------------------------------'
done >"$folder/licences/programs"
cp -R build/packages/sources/. "$folder/sources"

sed "s/%VERSION%/$version/g" packaging/release.md >"$folder/README.md"
sed -n "/^## $version\$/,\${/^## $version\$/n;/^## /q;p;}" CHANGELOG.md >"$folder/CHANGES.md"
grep -q '[a-z]' "$folder/CHANGES.md" || { echo "CHANGELOG.md says nothing of $version" >&2 && exit 1; }
sed -i "1i # Codestream $version" "$folder/CHANGES.md"

find "$folder" -type d -exec chmod 755 {} +
find "$folder" -type f -exec chmod u=rwX,go=rX {} +
(cd "$folder" && find . -type f | sed 's|^\./||' | LC_ALL=C sort | xargs -d '\n' sha256sum) >build/SHA256SUMS
install -m 644 build/SHA256SUMS "$folder/SHA256SUMS"
rm build/SHA256SUMS
tar -C "$(dirname "$folder")" --sort=name --owner=0 --group=0 --numeric-owner --mtime='1980-01-01 00:00:00Z' \
  -cf - "$(basename "$folder")" | gzip -9n >"$folder.tar.gz"
