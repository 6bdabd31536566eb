# What is deployed.  Included by the Makefile.
#
# One static program that needs nothing of the machine that it runs on.  Where the distribution
# has no static library that can be linked, it is compiled once from the distribution's source
# package and kept in build/packages.
P             := build/packages
JOBS          ?= $(shell nproc)
PACKAGE.parts := curl=libcurl4-openssl-dev libmicrohttpd=libmicrohttpd-dev
PACKAGE.libs  := $(patsubst %,$(P)/prefix/lib/lib%.a,microhttpd curl)
# Debian 13's OpenSSL wants two libraries more than Debian 12's.
PACKAGE.ready  = $(shell $(PKG_CONFIG) --static --libs-only-l libcares libssl libcrypto)
FLAGS.package  = $(FLAGS.release) -ffunction-sections -fdata-sections \
                 -ffile-prefix-map=$(CURDIR)=.
LINK.package  := -static-pie -Wl,-z,relro,-z,now,--gc-sections,--build-id,--wrap=dlopen
NEED.package  := dpkg-dev=dpkg-source zip libc-ares-dev libssl-dev libc6-dev \
                 zlib1g-dev libzstd-dev
NEED.test-package := openssl unzip

# STALE=1: with parts that are older than what apt would install today.
package: build/have-build current $(P)/ready
	$(Q)$(MAKE) $(if $(V),,-s) MODE=package build/codestream.spdx.json build/check.cjs
	$(Q)echo "build/codestream.zip: $$(wc -c <build/codestream.zip) bytes," \
	  "sha256 $$(cut -d ' ' -f 1 build/codestream.zip.sha256); build/app: the same for func"
	$(Q)sed 's/^/warning: /' $(P)/warnings >&2
	$(Q)sed 's/^\([^ ]*\) .*/warning: \1 is older than what apt would install, or was not compared/' build/package/older >&2

$(P)/fetched: packaging/sources.sh packaging/apt.sh | build/have-package
	$(Q)sh packaging/sources.sh $(P) $(PACKAGE.parts) && touch $@

# Rewritten only when compiler or flags have changed: then the libraries are compiled again.
PACKAGE.with = CC=$(call quoted,$(CC)) \
  CPPFLAGS=$(call quoted,$(strip $(filter -D% -U%,$(FLAGS.release)) $(CPPFLAGS))) \
  CFLAGS=$(call quoted,$(strip $(filter-out -D% -U%,$(FLAGS.release)) $(CFLAGS)))
$(P)/made-with: force | build/have-build build/have-package
	$(Q)mkdir -p $(@D); { $(CC) --version; echo $(call quoted,$(PACKAGE.with)); } >$@.new
	$(Q)cmp -s $@.new $@ && rm $@.new || mv $@.new $@

$(P)/ready: packaging/libraries.sh $(P)/fetched $(P)/made-with
	$(Q)$(PACKAGE.with) JOBS='$(JOBS)' sh packaging/libraries.sh $(P) && touch $@

# Rewritten only when something in it has changed, the version included.
build/package/versions: $(P)/fetched force | build/have-build
	$(Q)mkdir -p $(@D); CC='$(CC)' sh packaging/versions.sh '$(VERSION)' $(P)/versions \
	  $(PACKAGE.ready) >$@.new
	$(Q)cmp -s $@.new $@ && rm $@.new || mv $@.new $@

# The same for what is older than it might be, which is asked before anything is compiled.
current: build/package/versions
	$(Q)STALE='$(STALE)' sh packaging/current.sh $(P) $< >$(<D)/older.new
	$(Q)cd $(<D) && { cmp -s older.new older && rm older.new || mv older.new older; }
.PHONY: package release test-package current force

build/package/%.o: private HEADERS = -isystem $(P)/prefix/include -DCURL_STATICLIB
$(SRC:%.c=build/package/%.o) build/package/packaging/self-contained.o: \
  build/package/versions $(P)/ready
# APP=examples/chat: with another application.
PACKAGE.binary := build/package/$(APP:%=$(notdir $(APP))/)codestream
$(PACKAGE.binary): private LINKED = $(PACKAGE.libs) $(PACKAGE.ready) $(LDLIBS)
$(PACKAGE.binary): build/package/packaging/self-contained.o
# Rewritten only when it is another one than last time.
build/package/app: force
	$(Q)mkdir -p $(@D); echo '$(APP)' | cmp -s - $@ || echo '$(APP)' >$@

# The folder build/app is made with it, and made again where one of its files is not there.
PACKAGE.app := $(addprefix build/app/,codestream local.settings.json host.json \
                                      $(wildcard */function.json))
build/codestream.zip: $(PACKAGE.binary) build/package/app packaging/zip.sh host.json \
                      $(wildcard */function.json) \
                      $(if $(filter-out $(wildcard $(PACKAGE.app)),$(PACKAGE.app)),force)
	$(Q)sh packaging/zip.sh $< $@ build/app

build/codestream.spdx.json: build/codestream.zip build/package/versions build/package/older \
                            packaging/parts.sh LICENSE
	$(Q)sh packaging/parts.sh build/package/versions build/package/older $< >$@

# The last step of a deployment, and the doctor, each in one file that needs no package of npm.
build/check.cjs build/doctor.cjs: build/%.cjs: infra/%.mjs VERSION $(wildcard infra/doctor/*.mjs) \
                 $(patsubst %,%/node_modules/.package-lock.json,infra web)
	$(Q)mkdir -p $(@D) && web/node_modules/.bin/esbuild $< --bundle --platform=node --format=cjs \
	  --target=node18 --external:bufferutil --external:utf-8-validate --log-level=warning \
	  --external:./doctor/report.mjs --define:VERSION='"$(VERSION)"' --define:import.meta.url='""' --outfile=$@

# What a release holds: a folder, and the same in one file.
R := build/codestream-$(VERSION)
release: package build/doctor.cjs web/dist/index.html share/dist/codestream-share.cjs
	$(Q)sh packaging/licences.sh build/package/versions build/licences
	$(Q)sh packaging/release.sh '$(VERSION)' build/licences $(R)
	$(Q)echo "$(R).tar.gz: $$(wc -c <$(R).tar.gz) bytes, sha256 $$(sha256sum $(R).tar.gz | cut -d ' ' -f 1); $(R): the same"

# Starts the package in an empty root, which only root can.
test-package: release build/have-test-package build/have-node
	$(Q)CODESTREAM_BIN=packaging/test/in-root.sh $(NODE_TEST) $(wildcard packaging/test/*.test.mjs)
