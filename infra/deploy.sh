#!/bin/sh
# Puts Codestream into Azure: `infra/deploy.sh --help`.
#
# Safe to run again: every step makes what is missing and leaves the rest as it is. No key is ever
# an argument, on the terminal or in a file that outlives the script; what --setting is given is.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
# shellcheck source=infra/say.sh
. "$here/say.sh"

usage() {
  cat <<'TEXT'
usage: infra/deploy.sh [--location REGION] [options]

Puts Codestream into Azure, or brings what is there up to date: a resource group with the Web PubSub
service, the function app, storage for its package and for the page, and logs. Needs az (signed in
with `az login`, as somebody who may assign roles: Owner, or Contributor with User Access
Administrator), node, curl, build/codestream.zip and web/dist (`make package web/dist/index.html`).

  --location REGION        where to make the resource group; needed the first time
  --resource-group GROUP   (codestream)
  --name PREFIX            of all names: 3 to 11 small letters and digits, a letter first
                           (codestream)
  --sku SKU                of the service: Free_F1, Standard_S1, Premium_P1 or Premium_P2 (Free_F1)
  --units N                of the service, each for 1000 connections; Free_F1 has one (1)
  --origin URL             a further origin that may call negotiate, such as a domain of your own;
                           may be repeated
  --setting NAME=VALUE     a further app setting, such as CODESTREAM_TOKEN_MINUTES=30; may be
                           repeated. It stands in the group's deployment history: set in the
                           portal what Readers of the group shall not see
  --identity               managed identity instead of an access key, see below
  --access-key             an access key again, after --identity
  --dry-run                print every command, run none
  --help                   this text

The next time, --resource-group and --name tell which deployment is meant. Of the rest, what is not
given stays as it is: tier, units, access key or identity, origins and settings, those made by hand
too. az takes away what is no longer wanted:

  az functionapp cors remove --resource-group GROUP --name APP --allowed-origins URL
  az functionapp config appsettings delete --resource-group GROUP --name APP --setting-names NAME

The key that signs the keys of writers is made at the first deployment and kept by the later ones.
To bring your own, set CODESTREAM_SECRET (at least 32 characters).

Access key or managed identity: by default the function app gets the service's access key as an app
setting, and checks with it that every event comes from the service. With --identity there is no
access key at all, which some companies demand; but whether the service then signs its events is not
known, so they are trusted for the function key in the event handler's URL alone. Storage and logs
never use keys, either way.

infra/destroy.sh removes all of it.
TEXT
}

# ---- arguments ----

group=codestream
name=codestream
location=
sku=
units=
identity=
origins=
settings=
DRY_RUN=

misused() {
  complain "deploy.sh: $*"
  complain 'Try infra/deploy.sh --help'
  exit 2
}

while [ $# -gt 0 ]; do
  option=$1
  shift
  case $option in
    --help | -h) usage; exit ;;
    --identity) identity=true; continue ;;
    --access-key) identity=false; continue ;;
    --dry-run) DRY_RUN=yes; continue ;;
    --location | --resource-group | --name | --sku | --units | --origin | --setting)
      if [ $# -eq 0 ] || [ -z "$1" ]; then misused "$option needs a value"; fi ;;
    *) misused "unknown option: $option" ;;
  esac
  case $option in
    --location) location=$1 ;;
    --resource-group) group=$1 ;;
    --name) name=$1 ;;
    --sku) sku=$1 ;;
    --units) units=$1 ;;
    --origin) origins="$origins${origins:+,}\"$1\"" ;;
    --setting)
      case ${1%%=*} in *[!A-Za-z0-9_]*) misused "--setting is NAME=VALUE: $1" ;; esac
      settings="$settings${settings:+,}\"${1%%=*}\":\"${1#*=}\"" ;;
  esac
  case $option:$1 in
    --origin:*[!A-Za-z0-9.:/-]*) misused "--origin is not an origin: $1" ;;
    --origin:https://*/* | --origin:http://*/*) misused "--origin ends after the host: $1" ;;
    --origin:https://?* | --origin:http://?*) ;;
    --origin:*) misused "--origin starts with https:// or http://: $1" ;;
    --setting:*[\"\\]*) misused "--setting takes no quotes and no backslashes: $1" ;;
    --setting:[!A-Za-z]* | --setting:"${1%%=*}") misused "--setting is NAME=VALUE: $1" ;;
    --name:*[!a-z0-9]* | --name:[!a-z]*)
      misused "--name: small letters and digits, a letter first: $1" ;;
    --name:? | --name:?? | --name:????????????*) misused "--name: 3 to 11 characters: $1" ;;
    --sku:Free_F1 | --sku:Standard_S1 | --sku:Premium_P[12]) ;;
    --sku:*) misused "--sku is Free_F1, Standard_S1, Premium_P1 or Premium_P2, not $1" ;;
    --units:*[!0-9]* | --units:0*) misused "--units is a number from 1 on, not $1" ;;
  esac
  shift
done

# ---- steps, and what a person is told when one fails ----

STEP=
HINT=
temporary=

# step TITLE HINT
step() {
  STEP=$1
  HINT=$2
  say "$STEP"
}

finish() {
  status=$?
  if [ -n "$temporary" ]; then
    rm -rf "$temporary"
  fi
  if [ $status -ne 0 ] && [ -n "$STEP" ]; then
    complain ''
    complain "deploy.sh stopped at: $STEP"
    complain "$HINT"
    complain 'Then run the same command again: what is done stays done.'
  fi
  exit $status
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

fail() {
  complain "deploy.sh: $*"
  exit 1
}

# patiently TRIES COMMAND…: a right that was given a moment ago is not known at once in all of
# Azure.
patiently() {
  tries_left=$1
  shift
  until "$@"; do
    tries_left=$((tries_left - 1))
    [ $tries_left -gt 0 ] || return 1
    say "  not yet, trying again in 30 s ($tries_left more)"
    sleep 30
  done
}

# Flex Consumption came to az with 2.60.
need_recent_az() {
  case $1 in
    [01].* | 2.[0-9].* | 2.[0-5][0-9].*) fail "az $1 is too old, 2.60 or newer is needed" ;;
    [0-9]*.[0-9]*) ;;
    *) fail "az does not tell its version: $1" ;;
  esac
}

need() {
  command -v "$1" >/dev/null || fail "$1 is not installed"
}

check() {
  step 'Checking what is needed' \
    'Install or build what is missing: az (then az login), node, curl; make package.'
  if [ -z "$DRY_RUN" ]; then
    for program in az node curl; do need "$program"; done
    [ -f "$root/build/codestream.zip" ] || fail 'build/codestream.zip is missing: make package'
    [ -f "$root/web/dist/index.html" ] || fail 'web/dist is missing: make web/dist/index.html'
    if [ -n "${CODESTREAM_SECRET-}" ] && [ ${#CODESTREAM_SECRET} -lt 32 ]; then
      fail 'CODESTREAM_SECRET has fewer than 32 characters'
    fi
    case ${CODESTREAM_SECRET-} in
      *[![:print:]]*) fail 'CODESTREAM_SECRET has characters that cannot be printed' ;;
    esac
  fi
  answer VERSION az version --query '"azure-cli"' --output tsv
  [ -n "$DRY_RUN" ] || need_recent_az "$VERSION"
  answer SUBSCRIPTION az account show --query name --output tsv
  say "  subscription: $SUBSCRIPTION"
}

make_group() {
  step "Resource group $group" \
    'The names of the regions: az account list-locations --output table'
  answer EXISTS az group exists --name "$group" --output tsv
  if [ "$EXISTS" = true ]; then return; fi
  [ -n "$DRY_RUN" ] || [ -n "$location" ] ||
    fail "there is no resource group $group yet: say where to make it, with --location"
  run az group create --name "$group" --location "${location:-<location>}" \
    --tags application=codestream --output none
}

# keep NAME QUERY: what no option says of the service stays as it is.
keep() {
  eval "given=\$$1"
  # shellcheck disable=SC2154 # eval sets it
  if [ -z "$given" ]; then
    answer "$1" az resource show --ids "$SERVICE" --query "$2" --output tsv
  fi
}

look_around() {
  step 'What is there already' \
    'May you read the resources of the group, and the settings of the function app?'
  ours="[?starts_with(name, '$name-') && tags.application=='codestream']"
  answer SERVICE az resource list --resource-group "$group" \
    --resource-type Microsoft.SignalRService/webPubSub --query "$ours.id | [0]" --output tsv
  if [ "$sku" = Free_F1 ]; then : "${units:=1}"; fi
  if [ -n "$SERVICE" ]; then
    keep sku sku.name
    keep units sku.capacity
    keep identity "properties.disableLocalAuth || \`false\`"
  fi
  : "${sku:=Free_F1}" "${units:=1}" "${identity:=false}"
  [ "$sku" != Free_F1 ] || [ "$units" = 1 ] || fail 'Free_F1 has one unit: add --sku Standard_S1'

  answer APP az functionapp list --resource-group "$group" --query "$ours.name | [0]" --output tsv
  SETTINGS=
  ORIGINS=
  if [ -n "$APP" ]; then
    # How app and service know each other is for the template alone to say.
    answer SETTINGS az functionapp config appsettings list --resource-group "$group" --name "$APP" \
      --query "[?!starts_with(name, 'WebPubSubForSocketIO')].{name: name, value: value}" \
      --output json
    answer ORIGINS az functionapp cors show --resource-group "$group" --name "$APP" \
      --query allowedOrigins --output json
  fi
}

# An app that was given settings was given a secret with them. A new one would end the keys of all
# writers, so it is not for this script to make.
find_secret() {
  answer SECRET az functionapp config appsettings list --resource-group "$group" --name "$APP" \
    --query "[?name=='CODESTREAM_SECRET'].value | [0]" --output tsv
  case $SECRET:$SETTINGS in
    :*CODESTREAM_HUB*)
      fail "the setting CODESTREAM_SECRET of $APP is gone. Set the one of before, or a new one, with
which writers cannot go on in their rooms: CODESTREAM_SECRET=… infra/deploy.sh" ;;
  esac
}

# What is secret among the parameters goes into a file that only az reads: the secret that is there
# already, or a new one, and the settings that are kept.
prepare_parameters() {
  step 'The key that signs the keys of writers' 'May you read the settings of the function app?'
  private='<file with the secret>'
  SECRET=${CODESTREAM_SECRET-}
  if [ -n "$APP" ] && [ -z "$SECRET" ]; then find_secret; fi
  if [ -n "$DRY_RUN" ]; then return; fi
  if [ -z "$SECRET" ]; then
    SECRET=$(od -An -v -tx1 -N32 /dev/urandom | tr -d ' \n')
  fi
  private=$temporary/private.json
  schema=https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#
  value=$(printf %s "$SECRET" | sed 's/[\\"]/\\&/g')
  # shellcheck disable=SC2016 # the dollar is JSON's
  {
    printf '{"$schema":"%s","contentVersion":"1.0.0.0","parameters":{' "$schema"
    printf '"secret":{"value":"%s"},' "$value"
    printf '"kept":{"value":{"settings":%s,"origins":%s}}}}\n' "${SETTINGS:-[]}" "${ORIGINS:-[]}"
  } >"$private"
}

make_resources() {
  step 'Service, storage, function app and logs (some minutes)' \
    'az says above which resource it was. To assign roles you need Owner, or User Access
Administrator as well; regions that will do: az functionapp list-flexconsumption-locations'
  outputs='functionApp api webPubSub service storage page hub'
  # shellcheck disable=SC2086 # a list of words
  query=$(printf '%s.value,' $outputs)
  answer OUTPUTS az deployment group create --resource-group "$group" --name codestream \
    --template-file "$here/main.bicep" \
    --parameters "name=$name" "sku=$sku" "units=$units" "identity=$identity" \
      "origins=[$origins]" "extraSettings={$settings}" \
    --parameters "@$private" \
    --query "properties.outputs.[${query%,}]" --output tsv --only-show-errors
  rm -f "$private"
  if [ -n "$DRY_RUN" ]; then
    # shellcheck disable=SC2086 # a list of words
    OUTPUTS=$(printf '<%s>\n' $outputs)
  fi
  { read -r functionApp && read -r api && read -r webPubSub && read -r service && read -r storage &&
    read -r page && read -r hub; } <<TEXT || fail 'az did not answer with the names of what it made'
$(printf '%s\n' "$OUTPUTS" | tr -d '\r')
TEXT
}

publish_handler() {
  step "Handler to $functionApp" \
    'If az says that the storage cannot be accessed: the role is minutes old, wait a little.'
  patiently 5 run az functionapp deployment source config-zip \
    --resource-group "$group" --name "$functionApp" --src "$root/build/codestream.zip" \
    --only-show-errors --output none
}

# Asks as a viewer, who needs no word for writers; any room will do. The answer holds a token, so
# only its status is looked at. `ask_handler show` prints the command.
ask_handler() {
  "$@" curl --silent --output /dev/null --max-time 10 --write-out '%{http_code}' \
    "$api/negotiate?room_id=AAAAAAAAAAAAAAAAAAAAAA"
}

# The service asks the event handler's URL before it takes it, so the function must answer first.
wait_for_handler() {
  step "Waiting until $api/negotiate answers (five minutes at most)" \
    "What the host says is in Application Insights, some minutes late:
  az extension add --name application-insights
  az monitor app-insights query --resource-group $group --app $functionApp \\
    --analytics-query 'traces | order by timestamp desc | take 50'"
  if [ -n "$DRY_RUN" ]; then
    ask_handler show
    return
  fi
  deadline=$(($(date +%s) + 300))
  tries_left=60
  while :; do
    status=$(ask_handler) || status='no answer'
    if [ "$status" = 200 ]; then return; fi
    tries_left=$((tries_left - 1))
    if [ $tries_left -eq 0 ] || [ "$(date +%s)" -ge $deadline ]; then break; fi
    sleep 5
  done
  fail "$api/negotiate does not answer; the last answer was: $status"
}

register_events() {
  step "Hub $hub with its event handler" \
    "The service asks $api/eventhandler with OPTIONS and wants a 200: see the function app's log."
  run az deployment group create --resource-group "$group" --name codestream-hub \
    --template-file "$here/hub.bicep" \
    --parameters "functionApp=$functionApp" "webPubSub=$webPubSub" "hub=$hub" \
    --only-show-errors --output none
}

# az prefers a connection string or key from the environment; whoever deploys may have one of
# another account there.
upload() {
  env -u AZURE_STORAGE_CONNECTION_STRING -u AZURE_STORAGE_KEY -u AZURE_STORAGE_SAS_TOKEN \
    AZURE_STORAGE_ACCOUNT="$storage" AZURE_STORAGE_AUTH_MODE=login "$here/upload.sh" "$@"
}

publish_page() {
  step "Page to $page" \
    'If az says that you lack the right: the role is minutes old, wait a little.'
  folder=$temporary/page
  set -- --dist "$root/web/dist" --out "$folder"
  if [ -z "$DRY_RUN" ]; then
    node "$here/publish-page.mjs" "$@" --api "$api" --service "$service"
    patiently 10 upload "$folder"
    return
  fi
  show node "$here/publish-page.mjs" "$@" --api "$api" --service "$service"
  say "with AZURE_STORAGE_ACCOUNT=$storage AZURE_STORAGE_AUTH_MODE=login:"
  if [ -f "$root/web/dist/index.html" ] && command -v node >/dev/null; then
    # Only to know the groups of files; nothing leaves this machine.
    node "$here/publish-page.mjs" "$@" --api https://api.invalid --service https://service.invalid \
      >/dev/null
    upload --dry-run "$folder"
  else
    show "$here/upload.sh" "$folder"
  fi
}

umask 077
temporary=$(mktemp -d)
check
make_group
look_around
prepare_parameters
make_resources
publish_handler
wait_for_handler
register_events
publish_page
STEP=
say ''
say "Codestream is at $page/"
say "  function app $functionApp at $api, service $webPubSub at $service"
say "  check it (README, Deploy): node infra/doctor.mjs $api --page $page"
