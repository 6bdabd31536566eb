#!/bin/sh
# Puts the page that publish-page.mjs prepared into the static website of a storage account:
# switches the website on, uploads every group of files with its headers, and removes what is no
# longer part of the page.
#
#   infra/upload.sh [--dry-run] FOLDER
#
# Which account, and by which right, az reads from its own environment variables, so that no secret
# is ever an argument: AZURE_STORAGE_ACCOUNT with AZURE_STORAGE_AUTH_MODE=login, or
# AZURE_STORAGE_CONNECTION_STRING.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=infra/say.sh
. "$here/say.sh"

DRY_RUN=
if [ "${1-}" = --dry-run ]; then
  DRY_RUN=yes
  shift
fi
if [ $# -ne 1 ] || [ "${1#-}" != "$1" ]; then
  echo 'usage: infra/upload.sh [--dry-run] FOLDER' >&2
  exit 2
fi
folder=$1

# The name of the container that the website shows, dollar and all.
# shellcheck disable=SC2016
website='$web'

switch_website_on() {
  run az storage blob service-properties update --static-website true --index-document index.html \
    --only-show-errors --output none
}

# The order of groups.tsv is the order of upload: the page comes last.
upload_groups() {
  tab=$(printf '\t')
  while IFS=$tab read -r group type encoding cache; do
    set -- --destination "$website" --source "$folder/$group" --overwrite true \
      --content-type "$type" --content-cache-control "$cache"
    if [ "$encoding" != - ]; then
      set -- "$@" --content-encoding "$encoding"
    fi
    # Without a standard input of its own, az would eat the rest of the list.
    run az storage blob upload-batch "$@" --no-progress --only-show-errors --output none </dev/null
  done <"$folder/groups.tsv"
}

remove_stale() {
  answer PRESENT az storage blob list --container-name "$website" --num-results '*' \
    --query '[].name' --output tsv --only-show-errors
  if [ -n "$DRY_RUN" ]; then
    PRESENT='<each stale blob>'
  fi
  # A page that is open since before may miss a part that it has not loaded yet; it says so, and
  # reloading mends it.
  printf '%s\n' "$PRESENT" | tr -d '\r' | grep -vxF -f "$folder/names.txt" |
    while IFS= read -r name; do
      if [ -n "$name" ]; then
        run az storage blob delete --container-name "$website" --name "$name" --only-show-errors \
          --output none </dev/null
      fi
    done
}

switch_website_on
upload_groups
remove_stale
