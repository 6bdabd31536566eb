# Codestream: live code streaming with a serverless back end in C.
#
#   make                      build the handler, ./codestream
#   make package              what is deployed, build/codestream.zip, the list of its parts, and
#                             the folder build/app, from which func publishes the same
#                             (STALE=1: with parts that are older than today's;
#                             APP=examples/chat: another application)
#   make release              what a release holds, build/codestream-VERSION, and the same in one
#                             file: from it anybody deploys without a compiler
#   make run                  handler, stand-ins and page on this machine, in the foreground
#                             (APP=examples/chat: another application)
#   make test                 everything that proves it works; of it:
#     make MODE=test unit, make web-unit, make MODE=test integration TESTS='tests/…'
#   make test-slow            what takes minutes: whole ranges where make test has examples
#   make test-clients         Socket.IO clients in Python, Java, Go, Rust, as far as their
#                             tools are there: what is missing is said, and not installed
#   make check                formatting, warnings, analysers, who may include whom
#   make race                 many of the handler's tests with the thread sanitizer
#   make valgrind             many of the handler's tests with the release binary under valgrind
#   make fuzz                 every parser, and whole requests, FUZZ_SECONDS (60) each
#   make coverage             lines and branches of the pure layers that unit tests reach
#   make soak                 50 rooms with faults for SOAK_SECONDS (600): flat memory
#   make test-package         the package in an empty root (as root), and what a release holds
#   make test-upload          the page's upload, by the real az to a stand-in (850 MB)
#   make test-storage         kept texts in Azurite, over https, by a token of Entra (190 MB)
#   make test-firefox         the page in Firefox
#   make test-webkit          the page in WebKit, Safari's engine, of today and of 2022 (250 MB)
#   make test-sweep           no text of any language holds a page (about 40 minutes on two cores)
#   make grammars             judge the expressions of all grammars, web/grammars/verdicts.json
#   make pictures             the README's pictures, of the page as it is (docs/page-*)
#   make bench                the package beside its peers: table, goals, plot (bench/README.md)
#   make bench-record         the same for docs/bench.md, of a clean tree
#   make bench-page           how soon the page is there on a slow network
#   make bench-end-to-end     from keystroke to viewer
#   make bench-growth         how cost grows with load
#   make bench-memory         what an event costs in memory while it waits
#   make bench-emulator       memory of the emulator with 10,000 idle clients, and its throughput
#   make bench-servers        1,000 messages of a Socket.IO server to 20 viewers, by itself and
#                             through the emulator
#   make bench-instructions   what the hot paths cost, against the record
#   make bench-switches       how often a reader changes files on a request's way
#   make bench-audience       8,000 sockets in one room: each delta at each of them, and when
#   make audience             a room with many viewers in virtual time (VIEWERS=1000 JOIN_SECONDS=30
#                             TEXT_BYTES=27000 UNITS=3 CASE=storm): what it costs, how long they wait
#   make bench-smoke          do the bench's programs work?
#   make deps                 install the Debian packages that make needs
#   make install              copy the handler to $(DESTDIR)$(PREFIX)/bin
#   make clean                remove what was built; make distclean: and what was downloaded
#   make help                 this text
#
# Debian packages that a target needs and this machine lacks are installed with apt-get, but
# never by make and make install; npm packages come from the lock files.  V=1 shows every
# command.  CC, CPPFLAGS, CFLAGS, LDFLAGS, LDLIBS, PKG_CONFIG, PREFIX and DESTDIR are yours:
# what they say comes after, and wins over, what the program asks for by itself.

MODE   ?= release
PREFIX ?= /usr/local
PKG_CONFIG ?= pkg-config
SUDO   ?= $(if $(filter 0,$(shell id -u)),,sudo)
Q      := $(if $(V),,@)

VERSION  := $(file <VERSION)
CSTD     := -std=c17 -D_GNU_SOURCE
WARN     := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion \
            -Wstrict-prototypes -Wmissing-prototypes -Wcast-qual -Wwrite-strings -Wformat=2 \
            -Wundef -Wvla -Wpointer-arith -Wnull-dereference
WARN.gcc := -Wlogical-op -Wduplicated-cond -Wduplicated-branches
IS_GCC   := $(if $(findstring clang,$(CC) $(shell $(CC) --version 2>/dev/null)),,yes)
# What the machine can check of calls and jumps.  Where the compiler is still to be
# installed, it will be this machine's.
MACHINE  := $(or $(shell $(CC) -dumpmachine 2>/dev/null),$(shell uname -m))
HARDEN.x86_64  := -fcf-protection
HARDEN.aarch64 := -mbranch-protection=standard
# Without optimisation there is nothing that the first could check.
FORTIFY  := $(if $(filter -O0,$(lastword $(filter -O%,$(CFLAGS))))$(findstring _FORTIFY_SOURCE,$(CPPFLAGS) $(CFLAGS)),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
HARDEN   := $(FORTIFY) -fstack-protector-strong -fstack-clash-protection -fPIE \
            $(if $(IS_GCC),-ftrivial-auto-var-init=zero) \
            $(HARDEN.$(firstword $(subst -, ,$(MACHINE))))

FLAGS.release := -O2 -g $(HARDEN)
FLAGS.test    := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined \
                 -fno-sanitize-recover=all -DNO_SANDBOX
FLAGS.race    := -O1 -g -fsanitize=thread -DNO_SANDBOX
LINK.release  := -pie -Wl,-z,relro,-z,now,-z,noexecstack
# A sanitizer looks at copies itself, whatever the packager has asked for.
LAST.sanitized := -U_FORTIFY_SOURCE
LAST := $(if $(filter test race fuzz,$(MODE)),$(LAST.sanitized))

B := build/$(MODE)
# How everything is compiled and linked.  TARGET.compile and TARGET.link are what one target needs
# on top (private: what it is made of does not get them).  Only recipes ask pkg-config, which may
# have to be installed first.
PKGS    := libmicrohttpd libcurl libcares libcrypto
libs     = $(shell $(PKG_CONFIG) --libs $(1))
HEADERS  = $(eval HEADERS := $(shell $(PKG_CONFIG) --cflags $(PKGS)))$(HEADERS)
FLAGS    = $(CSTD) $(WARN) $(if $(IS_GCC),$(WARN.gcc)) $(FLAGS.$(MODE)) -pthread
COMPILE  = $(CC) -Isrc -MMD -MP $(FLAGS) $(HEADERS) $(TARGET.compile) $(CPPFLAGS) $(CFLAGS) $(LAST)
LINK     = $(CC) $(FLAGS.$(MODE)) $(LINK.$(MODE)) -pthread $(TARGET.link) $(CFLAGS) $(LDFLAGS)
LINKED   = $(call libs,$(PKGS)) $(LDLIBS)
quoted   = '$(subst ','\'',$(1))'

SRC   := $(wildcard src/*.c src/*/*.c)
# Other applications than Codestream, of the same program: one file each.
APPS  := $(wildcard examples/*/*.c tests/apps/*.c)
# What needs no socket, and can therefore be tested without one.
PURE  := $(wildcard src/base/*.c src/wire/*.c src/app/*.c) src/config.c \
         src/sandbox.c $(addprefix src/azure/,blob.c cloudevents.c token.c webpubsub.c) \
         src/io/hosts.c
TESTS.unit := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/test_*.c))

NEED.build := $(if $(IS_GCC),gcc,clang)=$(firstword $(CC)) libc6-dev pkg-config \
              libmicrohttpd-dev libcurl4-openssl-dev libc-ares-dev libssl-dev
NEED.node  := nodejs=node npm=npm
NEED.test  := libcmocka-dev libjansson-dev libasan8 libubsan1 \
              python3-socketio python3-requests python3-websocket
NEED.browser := chromium-headless-shell
NEED.firefox := firefox-esr
NEED.webkit  := webkit2gtk-driver xvfb cog wpewebkit-driver
NEED.check := gcc=gcc clang clang-format clang-tidy cppcheck shellcheck libcmocka-dev \
              libjansson-dev
NEED.race  := libtsan2
NEED.valgrind := valgrind
NEED.upload := azure-cli=az

# What says which packages are needed.
MAKEFILES.own := Makefile packaging/package.mk bench/bench.mk tests/fuzz/fuzz.mk

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all deps run test test-slow test-clients web-unit unit unit-programs integration \
        integration-programs coverage check race valgrind test-upload test-storage test-firefox test-webkit \
        test-sweep grammars pictures install clean distclean help

# Only a release is installed in the root, which is where it is deployed and run from.
all: $(if $(filter release,$(MODE)),codestream,$(B)/codestream)

codestream: build/release/codestream
	$(Q)install -m 755 $< $@ # a running handler keeps its own copy

# ---- what must be there ----

# make and make install change nothing of a packager's machine: they say what is missing.
MAY_INSTALL := $(filter-out all codestream build/release/codestream install clean distclean help, \
                 $(or $(MAKECMDGOALS),all))

deps: build/have-build

# An entry is a Debian package, or package=command where any source of the command will do.
# apt-get does not wait for another one, so they stand in line.  Where there is no dpkg, the
# compiler finds out.
APT := $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get
build/have-%: $(MAKEFILES.own)
	$(Q)mkdir -p build; missing=; for need in $(NEED.$*); do \
	  case $$need in \
	    *=*) command -v $${need#*=} >/dev/null || missing="$$missing $${need%=*}";; \
	    *) ! command -v dpkg >/dev/null || dpkg -s $$need >/dev/null 2>&1 || \
	       missing="$$missing $$need";; \
	  esac; done; \
	if [ -n "$$missing" ]; then \
	  $(if $(MAY_INSTALL),,echo "missing:$$missing (make deps installs them)" >&2; exit 1;) \
	  echo "installing$$missing (may take minutes)"; \
	  flock build/apt.lock sh -c '$(APT) update -qq && \
	    $(APT) install -y -qq --no-install-recommends '"$$missing" >build/apt-$*.log 2>&1 || \
	  { tail -5 build/apt-$*.log >&2; exit 1; }; fi
	$(Q)touch $@

# The folder must exist before any rule that writes its stamp or log there.
$(shell mkdir -p build)

%/node_modules/.package-lock.json: %/package-lock.json | build/have-node
	$(Q)echo "npm ci in $*"; npm ci --prefix $* --no-audit --no-fund --loglevel=error
	$(Q)touch $@

web/dist/index.html: web/node_modules/.package-lock.json VERSION $(wildcard web/*.* web/src/* web/grammars/*.*)
	$(Q)echo "bundling the page"; node web/build.mjs

# The program that streams a file, as it is published.
share/dist/codestream-share.cjs: web/node_modules/.package-lock.json $(wildcard share/*.* share/src/* web/src/*)
	$(Q)echo "bundling codestream-share"; node share/build.mjs

examples/%/page/dist/index.html: web/node_modules/.package-lock.json $(wildcard examples/*/page/*.*)
	$(Q)echo "bundling the page of $*"; node examples/$*/page/build.mjs

# ---- the handler ----

$(B)/codestream: $(SRC:%.c=$(B)/%.o)
	$(Q)echo "link $@"; $(LINK) -o $@ $^ $(LINKED)

# The same program with another application: build/NAME/codestream, or build/MODE/NAME/codestream.
OTHERS  := $(filter-out src/app/app.c src/app/codestream%,$(SRC))
B.apps  := build$(patsubst %,/%,$(filter-out release,$(MODE)))
define APP.link
$(B.apps)/$(notdir $(1:%.c=%))/codestream: $(OTHERS:%.c=$(B)/%.o) $(1:%.c=$(B)/%.o) $(B)/application/$(notdir $(1:%.c=%)).o
	$$(Q)mkdir -p $$(@D); echo "link $$@"; $$(LINK) -o $$@ $$^ $$(LINKED)
endef
$(foreach app,$(APPS),$(eval $(call APP.link,$(app))))

$(patsubst %.c,$(B)/application/%.o,$(notdir $(APPS))): $(B)/application/%.o: \
    src/app/app.c Makefile $(B)/made-with
	$(Q)mkdir -p $(@D); $(COMPILE) -DAPPLICATION=$*_app -c -o $@ $<

# clang's sanitizers are a package of their own.
HAVE.compiler := build/have-build $(if $(IS_GCC)$(filter release package,$(MODE)),,build/have-fuzz)
$(B)/%.o: %.c Makefile $(B)/made-with | $(HAVE.compiler)
	$(Q)mkdir -p $(@D)
	$(Q)echo "cc $@"; $(COMPILE) -DVERSION='"$(VERSION)"' -c -o $@ $<

# Rewritten only when compiler or flags have changed: then everything is made again.
$(B)/made-with: force | $(HAVE.compiler)
	$(Q)mkdir -p $(@D); { $(CC) --version; echo $(call quoted,$(COMPILE) $(LINK) $(LINKED)); } >$@.new
	$(Q)cmp -s $@.new $@ && rm $@.new || mv $@.new $@

# Rewritten only when it has changed: what is built says which version it is, not which it was.
$(B)/version: force
	$(Q)mkdir -p $(@D); echo '$(VERSION)' | cmp -s - $@ || echo '$(VERSION)' >$@
$(patsubst %.c,$(B)/%.o,$(shell grep -lw VERSION $(SRC))): $(B)/version

# A unit test links the pure layers only: code that needs a socket cannot link here.
$(B)/test_%: $(B)/tests/unit/test_%.o $(PURE:%.c=$(B)/%.o) $(APPS:%.c=$(B)/%.o)
	$(Q)$(LINK) $(WRAP.$*:%=-Wl,--wrap=%) -o $@ $^ $(call libs,cmocka libcrypto jansson) $(LDLIBS)
# The loop needs no socket either; a pipe will do.  These have a stand-in for HTTP on both sides.
$(B)/test_loop: $(B)/src/io/loop.o
$(B)/test_negotiate $(B)/test_retry: $(addprefix $(B)/src/,negotiate.o response.o \
  azure/rest.o azure/identity.o io/loop.o) $(B)/tests/unit/no_http.o
$(B)/test_text: $(addprefix $(B)/src/,text.o response.o azure/rest.o azure/identity.o)
$(patsubst %,$(B)/%,$(filter test_sandbox_%,$(TESTS.unit))): $(B)/tests/unit/sandbox_trial.o
# What a unit test makes fail, since the system seldom does.
WRAP.log   := write
WRAP.log_writer := write poll pthread_create pthread_cond_clockwait
WRAP.mem   := malloc
WRAP.text  := log_end
$(B)/tests/unit/%.o: private TARGET.compile := -Itests/unit -DTEST_VECTORS='"tests/vectors"'
$(TESTS.unit:%=$(B)/tests/unit/%.o): | build/have-test

%.d: ; # made with its object
-include $(wildcard build/*/src/*.d build/*/src/*/*.d build/*/tests/*/*.d build/*/application/*.d \
           build/*/examples/*/*.d)

# ---- running and testing ----

# APP=examples/chat: another application, with its page if it has one.
PAGE := $(if $(wildcard $(APP)/page/build.mjs),$(APP)/page,web)/dist/index.html

run: $(if $(APP),$(B.apps)/$(notdir $(APP))/codestream,codestream) \
     emulator/node_modules/.package-lock.json $(PAGE)
	$(Q)exec node emulator/local.js $(if $(APP),--app $(APP))

# Nothing here may take longer, on a slow machine, than this many seconds.
TEST_SECONDS ?= 3600
UNIT_SECONDS := 300
UNIT_TEST    := sh tests/bounded.sh $(UNIT_SECONDS)
CORES         = $(or $(shell nproc),1)

# Files run side by side, two for each core, since half of their time is waiting.
FILES_AT_ONCE ?= $(shell expr 2 \* $(CORES))
NODE_TEST      = sh tests/bounded.sh $(TEST_SECONDS) node tests/run.js $(FILES_AT_ONCE)

# First everything is built, because what looks at the clock does not run beside compilers.
SIDE_BY_SIDE = $(if $(findstring -j,$(MAKEFLAGS)),,-j$(CORES))
test: build/have-test build/have-build
	$(Q)$(MAKE) --no-print-directory $(SIDE_BY_SIDE) codestream
	$(Q)$(MAKE) --no-print-directory $(SIDE_BY_SIDE) MODE=test \
	  unit-programs replay-programs integration-programs
	$(Q)$(MAKE) --no-print-directory $(SIDE_BY_SIDE) MODE=test unit replay
	$(Q)$(MAKE) --no-print-directory MODE=test integration TESTS='$(TESTS) $(TESTS.web) $(TESTS.bench)'

# Files called all.js load the others of their folder but for those beside them here.
TESTS.web   := web/test/all.js web/test/property.test.js share/test/all.js
TESTS.bench := $(patsubst %,bench/test/%.js,audience.test usage.test all)
web-unit: web/node_modules/.package-lock.json
	$(Q)$(NODE_TEST) $(TESTS.web)

unit-programs: $(TESTS.unit:%=$(B)/%)
unit: unit-programs
	$(Q)for test in $(TESTS.unit); do echo "== $$test"; $(UNIT_TEST) $(B)/$$test || exit 1; done

# How much of the pure layers the unit tests reach.
FLAGS.coverage := -O0 -g --coverage
coverage: build/have-test
	$(Q)find build/coverage -name '*.gcda' -delete 2>/dev/null; \
	$(MAKE) --no-print-directory MODE=coverage CC=gcc unit >build/coverage.log 2>&1 || \
	  { tail -40 build/coverage.log; exit 1; }
	$(Q)sh tests/coverage.sh

# What takes longest begins first, so that no file is alone at the end, and what waits (faults) runs
# beside what works.
TESTS.long := browser/watching/all browser/together/all faults/rest browser/trouble faults/service faults/handler \
              infra/doctor-report browser/outage infra/doctor-faults browser/kept handler/overload infra/deploy \
              browser/word browser/chat
TESTS.long := $(wildcard $(patsubst %,tests/%.js,$(TESTS.long) $(TESTS.long:%=%.test)) \
              emulator/test/functions-host.test.js emulator/test/malformed.test.js)
TESTS ?= $(TESTS.long) $(filter-out $(TESTS.long),$(wildcard emulator/test/*.test.js \
           $(patsubst %,tests/%/*.test.js,handler peers infra faults share browser)))
integration-programs: $(B)/codestream $(patsubst %,$(B.apps)/%/codestream,$(notdir $(APPS:%.c=%))) \
             web/dist/index.html examples/chat/page/dist/index.html share/dist/codestream-share.cjs \
             $(patsubst %,%/node_modules/.package-lock.json,emulator infra web tests) \
             $(if $(CHROME),,$(if $(findstring /browser/,$(TESTS))$(findstring /share/,$(TESTS)),build/have-browser))

integration: integration-programs
	$(Q)CODESTREAM_BIN=$(abspath $(B)/codestream) $(NODE_TEST) $(TESTS)

# Sweeps that take minutes: what make test shows by an example is shown here for the whole range.
test-slow valgrind bench-smoke test-package: FILES_AT_ONCE = 1
test-slow: build/have-test $(if $(CHROME),,build/have-browser) codestream package web/dist/index.html \
           $(patsubst %,%/node_modules/.package-lock.json,emulator infra web tests)
	$(Q)CODESTREAM_BIN=$(abspath codestream) LOAD_VIEWERS=500 LOAD_SECONDS=10 OUTAGE_SECONDS=30 \
	  BURST_EVENTS=20000 PROPERTY_SEEDS=4 PROPERTY_EDITS=10000 HANDS_VIEWERS=200 RANDOM_KEYS=300 CROWD=100 \
	  MALFORMED=all FAULTS=all DEPLOYMENTS=all WIDTHS=all HAND_TURNS=12 \
	  $(NODE_TEST) $(wildcard tests/slow/*.test.js) web/test/property.test.js web/test/hands.test.js \
	  emulator/test/load.test.js emulator/test/back-pressure.test.js emulator/test/malformed.test.js \
	  emulator/test/malformed-host.test.js tests/peers/load.test.js tests/browser/outage.test.js \
	  tests/browser/together/stream.test.js tests/browser/together/screens.test.js tests/browser/together/hands.test.js \
	  $(wildcard tests/faults/*.test.js) tests/infra/doctor-faults.test.js

# Clients in other languages, each beside Socket.IO's own server.  Their libraries are fetched by the
# tools of their languages, into build/clients.
CLIENTS_SECONDS := 7200
test-clients: $(patsubst %,%/node_modules/.package-lock.json,emulator tests tests/clients)
	$(Q)sh tests/bounded.sh $(CLIENTS_SECONDS) node --test --test-reporter=spec \
	  tests/clients/clients.test.js

# What makes the handler's threads work side by side.
RACES := negotiate events log connections upstream-trouble lifecycle replacement managed-identity \
  drain slow-clients limits retries retries-tls
race: build/have-race
	$(Q)$(MAKE) --no-print-directory MODE=race integration FILES_AT_ONCE=1 \
	  TESTS='$(RACES:%=tests/handler/%.test.js)'

# The usual build, which has no sanitizer in it.
VALGRINDS := negotiate events managed-identity upstream-trouble retries
valgrind: build/have-valgrind build/release/codestream \
          $(patsubst %,%/node_modules/.package-lock.json,emulator web tests)
	$(Q)CODESTREAM_BIN=$(abspath tests/valgrind.sh) $(NODE_TEST) \
	  $(VALGRINDS:%=tests/handler/%.test.js)

# The release build, because memory of a sanitizer's proves nothing.
SOAK_SECONDS ?= 600
.PHONY: soak
soak: codestream $(patsubst %,%/node_modules/.package-lock.json,emulator web tests)
	$(Q)CODESTREAM_BIN=$(abspath codestream) SOAK_SECONDS=$(SOAK_SECONDS) \
	  sh tests/bounded.sh $$(($(SOAK_SECONDS) + 420)) node tests/soak/soak.js

test-upload: build/have-upload web/dist/index.html tests/upload/node_modules/.package-lock.json
	$(Q)$(NODE_TEST) tests/upload/upload.test.js

test-storage: codestream tests/upload/node_modules/.package-lock.json \
              $(patsubst %,%/node_modules/.package-lock.json,emulator tests)
	$(Q)CODESTREAM_BIN=$(abspath codestream) $(NODE_TEST) tests/upload/storage.test.js

ENGINE_NEEDS := codestream web/dist/index.html \
                $(patsubst %,%/node_modules/.package-lock.json,emulator web tests)
test-firefox: $(if $(FIREFOX),,build/have-firefox) $(ENGINE_NEEDS)
	$(Q)CODESTREAM_BIN=$(abspath codestream) $(NODE_TEST) tests/engines/firefox.test.js

test-webkit: build/have-webkit $(if $(CHROME),,build/have-browser) $(ENGINE_NEEDS)
	$(Q)CODESTREAM_BIN=$(abspath codestream) $(NODE_TEST) tests/engines/webkit.test.js

# Every language, in parts of which two are at work at a time, each with a browser of its own; make
# test has a few.  SWEEP_LANGUAGES=go,lua sweeps only these.
SWEEP_SECONDS := 1800
SWEEP_PARTS := $(if $(SWEEP_LANGUAGES),1/1,1/8 2/8 3/8 4/8 5/8 6/8 7/8 8/8)
test-sweep: $(if $(CHROME),,build/have-browser) $(ENGINE_NEEDS)
	$(Q)printf '%s\n' $(SWEEP_PARTS) | CODESTREAM_BIN=$(abspath codestream) \
	  SWEEP_LANGUAGES='$(SWEEP_LANGUAGES)' xargs -P 2 -I PART env SWEEP=PART \
	  sh tests/bounded.sh $(SWEEP_SECONDS) node --test --test-reporter=spec tests/browser/watching/colours.test.js

# What the build asks for when a grammar's version has changed.
grammars: $(patsubst %,%/node_modules/.package-lock.json,web web/grammars)
	$(Q)node web/grammars/judge.mjs

# The README's pictures, of the page as it is.
pictures: $(if $(CHROME),,build/have-browser) $(ENGINE_NEEDS)
	$(Q)CODESTREAM_BIN=$(abspath codestream) sh tests/bounded.sh 300 node tests/pictures/make.js

check: build/have-check build/have-build \
       $(patsubst %,%/node_modules/.package-lock.json,web tests/eslint)
	$(Q)CSTD='$(CSTD)' WARN='$(WARN)' WARN_GCC='$(WARN.gcc)' sh tests/check.sh

include packaging/package.mk
include bench/bench.mk
include tests/fuzz/fuzz.mk

# ---- the rest ----

install: build/release/codestream
	install -D -m 755 $< $(DESTDIR)$(PREFIX)/bin/codestream

# Compiled libraries of the package stay: they cost a minute and a download.
clean:
	find build -mindepth 1 -maxdepth 1 ! -name packages -exec rm -rf {} +
	rm -rf web/dist share/dist examples/*/page/dist codestream

distclean: clean
	rm -rf build $(patsubst %,%/node_modules,emulator infra web web/grammars tests tests/clients tests/upload \
	  tests/eslint bench)

help:
	@sed -n '/^#/!q;s/^# \{0,1\}//p' Makefile
