#!/bin/sh
# Who may include whom in src/.  Prints each include that the tables below do not allow, and each
# circle; fails if there is any.
#
#   sh tests/layers.sh [FOLDER]    FOLDER: one that has src/ in it (the repository)
set -eu
cd "${1:-$(dirname "$0")/..}"

# A layer includes the layers that are named behind it; program is what stands in src/ itself.
layers='
base     base
wire     base wire
io       base wire io
azure    base wire io azure
app      base wire app
program  base wire io azure app program
'

# Of the C library these layers, which wait for nothing, have only this much.
pure='
base     any
wire     assert.h stdlib.h string.h
app      string.h
'

# What counts as the C library, besides sys/, netinet/ and arpa/.
libc='assert errno fcntl limits malloc poll pthread sched signal stdalign stdatomic stdbool stddef
stdint stdio stdlib string time unistd'

# What is not the C library, or is more of it than a layer may have: each is known to these files,
# and to none of our headers.
known='
ares.h                   src/io/resolver.c
curl/curl.h              src/io/http_client.c src/io/http_transfer.c
linux/audit.h            src/sandbox.c
linux/capability.h       src/sandbox.c
linux/filter.h           src/sandbox.c
linux/seccomp.h          src/sandbox.c
linux/tcp.h              src/io/connections.c src/io/listener.c
microhttpd.h             src/io/http_server.c
openssl/crypto.h         src/wire/hmac.c
openssl/sha.h            src/wire/hmac.c
sanitizer/asan_interface.h  src/base/mem.c
time.h                   src/wire/http.c
'

# file <tab> included, with "..." or <...> around it
grep -HE '^#include' src/*.[ch] src/*/*.[ch] | sed 's/:#include /	/' |
  awk -F '\t' -v layers="$layers" -v pure="$pure" -v known="$known" -v libc="$libc" '
    function read(table, into,    lines, words, n, i, j) {
      n = split(table, lines, "\n")
      for (i = 1; i <= n; i++)
        for (j = split(lines[i], words, " +"); j > 1; j--)
          into[words[1], words[j]] = into[words[1]] = 1
    }
    function is_libc(name) {
      sub(/\.h$/, "", name)
      return name ~ /^(sys|netinet|arpa)\// || (" " libc " ") ~ ("[ \n]" name "[ \n]")
    }
    function layer_of(path) { return path ~ /\// ? substr(path, 1, index(path, "/") - 1) : "program" }
    function module_of(path) { sub(/\.[ch]$/, "", path); return path }
    function refuse(why) { print $1 " includes " $2 ": " why; failed = 1 }

    BEGIN { read(layers, may); read(pure, has); read(known, knows) }

    $2 ~ /^"/ { # ours
      file = substr($1, 5)
      included = substr($2, 2, length($2) - 2)
      if (!((layer_of(file), layer_of(included)) in may))
        refuse("the layer " layer_of(file) " may not know " layer_of(included))
      if (module_of(file) != module_of(included)) {
        needs[module_of(file), module_of(included)] = 1
        modules[module_of(file)] = modules[module_of(included)] = 1
      }
    }

    $2 ~ /^</ { # of others
      layer = layer_of(substr($1, 5))
      included = substr($2, 2, length($2) - 2)
      if ((included, $1) in knows)
        next
      if (layer in has && !((layer, "any") in has) && !((layer, included) in has))
        refuse("the layer " layer " waits for nothing and asks nobody")
      else if (!is_libc(included))
        refuse(included in knows ? "another file knows that library" : "that is not the C library")
    }

    # What needs nothing but what is gone goes; what is left needs itself in the end.
    END {
      do {
        gone = 0
        for (module in modules) {
          waits = 0
          for (need in needs) {
            split(need, pair, SUBSEP)
            waits += pair[1] == module && pair[2] in modules
          }
          if (!waits) {
            delete modules[module]
            gone++
          }
        }
      } while (gone)
      for (need in needs) {
        split(need, pair, SUBSEP)
        if (!(pair[1] in modules) || !(pair[2] in modules))
          continue
        print "in a circle: " pair[1] " includes " pair[2]
        failed = 1
      }
      exit failed
    }'
