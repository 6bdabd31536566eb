#!/bin/sh
# Removes from Azure what deploy.sh put there: `infra/destroy.sh --help`.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=infra/say.sh
. "$here/say.sh"

usage() {
  cat <<'TEXT'
usage: infra/destroy.sh [--resource-group GROUP] [--yes] [--dry-run]

Deletes the resource group that infra/deploy.sh made, with everything in it: the service, the
function app, the page, the logs. It lists what is in the group and asks before it deletes. A group
that deploy.sh did not make is left alone.

  --resource-group GROUP   (codestream)
  --yes                    do not ask
  --dry-run                print the commands, run none
  --help                   this text
TEXT
}

group=codestream
sure=
DRY_RUN=
while [ $# -gt 0 ]; do
  case $1 in
    --help | -h) usage; exit ;;
    --yes) sure=yes ;;
    --dry-run) DRY_RUN=yes ;;
    --resource-group)
      if [ -z "${2-}" ]; then complain 'destroy.sh: --resource-group needs a value'; exit 2; fi
      group=$2
      shift ;;
    *) complain "destroy.sh: unknown option: $1"; complain 'Try infra/destroy.sh --help'; exit 2 ;;
  esac
  shift
done

if [ -z "$DRY_RUN" ] && ! command -v az >/dev/null; then
  complain 'destroy.sh: az is not installed'
  exit 1
fi

answer EXISTS az group exists --name "$group" --output tsv
if [ "$EXISTS" = false ]; then
  say "There is no resource group $group: nothing to do."
  exit
fi

answer MADE_BY az group show --name "$group" --query tags.application --output tsv
if [ -z "$DRY_RUN" ] && [ "$MADE_BY" != codestream ]; then
  complain "destroy.sh: deploy.sh did not make $group: it has no tag application=codestream."
  complain 'Other things may be in it. Delete by hand what carries that tag:'
  complain "  az resource list --resource-group $group --output table \\"
  complain "    --query \"[?tags.application=='codestream'].{name: name, type: type}\""
  exit 1
fi

say "Resource group $group holds:"
run az resource list --resource-group "$group" --query '[].[type, name]' --output tsv

if [ -z "$sure$DRY_RUN" ]; then
  printf 'All of it is deleted for good. Type the name of the group to go on: '
  read -r typed || typed=
  if [ "$typed" != "$group" ]; then
    complain 'Nothing was deleted.'
    exit 1
  fi
fi
run az group delete --name "$group" --yes --output none
say "Deleted."
