#!/bin/sh
# The list of the package's parts with versions and licences, as SPDX 2.3 in JSON.
#
#   parts.sh VERSIONS OLDER ZIP >LIST
#
# VERSIONS are the lines of versions.sh, OLDER those of current.sh.  The list tells the same for equal input: its date is
# SOURCE_DATE_EPOCH, else that of the commit, else the zip's own.
set -eu
versions=$1
older=$2
zip=$3
sha256=$(sha256sum "$zip" | cut -d ' ' -f 1)
distribution=$(sed -n 's/^ID=//p' /etc/os-release | tr -d '"')

# As each part declares it itself; what follows for the whole is for its users to conclude.
licence_of() {
  case $1 in
  c-ares) echo MIT ;;
  curl) echo curl ;;
  openssl) echo Apache-2.0 ;;
  libmicrohttpd | glibc) echo LGPL-2.1-or-later ;;
  zlib) echo Zlib ;;
  libzstd) echo 'BSD-3-Clause OR GPL-2.0-only' ;;
  gcc-*) echo 'GPL-3.0-or-later WITH GCC-exception-3.1' ;;
  codestream) echo MIT ;;
  *) echo "packaging/parts.sh knows no licence of $1" >&2 && return 1 ;;
  esac
}

created() {
  seconds=${SOURCE_DATE_EPOCH-$(git log -1 --format=%ct 2>/dev/null || echo 315532800)}
  date -u -d "@$seconds" +%Y-%m-%dT%H:%M:%SZ
}

describe_handler() {
  cat <<END
    {
      "SPDXID": "SPDXRef-codestream",
      "name": "codestream",
      "versionInfo": "$1",
      "packageFileName": "$(basename "$zip")",
      "checksums": [{ "algorithm": "SHA256", "checksumValue": "$sha256" }],
      "primaryPackagePurpose": "APPLICATION",
      "downloadLocation": "NOASSERTION",
      "filesAnalyzed": false,
      "licenseConcluded": "NOASSERTION",
      "licenseDeclared": "$(licence_of codestream)",
      "copyrightText": "$(sed -n '/^Copyright/p' LICENSE)"
    }
END
}

comment_on() {
  case $(sed -n "s/^$1 //p" "$older") in
  '') ;;
  unknown) echo '"comment": "Not compared with what apt would have installed then.",' ;;
  *) echo '"comment": "Older than what apt would have installed then,' \
    "$(sed -n "s/^$1 //p" "$older")"'.",' ;;
  esac
}

# A package URL spells '+' and ':' as %2B and %3A.
describe_library() {
  licence=$(licence_of "$1")
  version=$(echo "$2" | sed 's/+/%2B/g; s/:/%3A/g')
  cat <<END
    ,{
      "SPDXID": "SPDXRef-$1",
      "name": "$1",
      "versionInfo": "$2",
      "primaryPackagePurpose": "LIBRARY",
      "downloadLocation": "NOASSERTION",
      "filesAnalyzed": false,
      "licenseConcluded": "NOASSERTION",
      "licenseDeclared": "$licence",
      "copyrightText": "NOASSERTION",
      $(comment_on "$1")
      "externalRefs": [{
        "referenceCategory": "PACKAGE-MANAGER",
        "referenceType": "purl",
        "referenceLocator": "pkg:deb/$distribution/$1@$version?arch=source"
      }]
    }
END
}

relate() {
  printf '    %s{ "spdxElementId": "SPDXRef-%s", "relationshipType": "%s", ' "$1" "$2" "$3"
  printf '"relatedSpdxElement": "SPDXRef-%s" }\n' "$4"
}

handler_version=$(sed -n 's/^codestream //p' "$versions")
cat <<END
{
  "spdxVersion": "SPDX-2.3",
  "dataLicense": "CC0-1.0",
  "SPDXID": "SPDXRef-DOCUMENT",
  "name": "codestream-$handler_version",
  "documentNamespace": "https://spdx.org/spdxdocs/codestream-$handler_version-$sha256",
  "creationInfo": {
    "created": "$(created)",
    "creators": ["Tool: codestream-packaging"]
  },
  "packages": [
END
describe_handler "$handler_version"
while read -r part version _; do
  [ "$part" = codestream ] || describe_library "$part" "$version"
done <"$versions"
echo '  ],'
echo '  "relationships": ['
relate '' DOCUMENT DESCRIBES codestream
while read -r part _; do
  [ "$part" = codestream ] || relate , codestream STATIC_LINK "$part"
done <"$versions"
echo '  ]'
echo '}'
