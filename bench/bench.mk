# The bench: bench/README.md says what it is.  Included by the Makefile.

NEED.bench              := openssl
NEED.bench-smoke        := libcmocka-dev openssl
NEED.bench-instructions := valgrind=valgrind
# Rust's compiler is Debian's, and so are the sources of its libraries.
NEED.bench-hyper        := rustc cargo librust-hyper-dev librust-hyper-tls-dev librust-tokio-dev \
                           librust-serde-json-dev librust-hmac-dev librust-sha2-dev librust-base64-dev

# Programs of the usual build land in build/bench, others (MODE=test) beside it.
BENCH          := build/bench$(patsubst %,-%,$(filter-out release,$(MODE)))
BENCH.shared   := $(addprefix load/,net options http1)
BENCH.load     := $(BENCH.shared) $(addprefix load/,exchange stream load driver event results sample)
BENCH.rest     := $(BENCH.shared) $(addprefix load/,rest server stream)
BENCH.floor    := $(BENCH.shared) peers/floor load/server load/stream
BENCH.coldstart := $(BENCH.shared) $(addprefix load/,exchange stream coldstart)
BENCH.limit    := $(addprefix peers/,plain_client plain_link plain_target) $(addprefix load/,exchange http1 stream)
BENCH.units    := http1 sample
BENCH.tests    := events upstream-trouble connections # of the handler, for the limit
comma := ,
# No run takes longer, on a slow machine, than this many seconds.
BENCH.node     := sh tests/bounded.sh 2400 node
export ROUNDS BENCH_SMOKE BENCH_RECORD

.PHONY: bench bench-record bench-programs bench-smoke bench-unit bench-instructions bench-end-to-end bench-growth \
        bench-memory bench-pairs bench-emulator bench-servers bench-page bench-switches bench-audience audience

# The package and its peers, side by side; before it, whether the peers do what the handler does.
# ROUNDS=1: fewer than seven, for a look.
bench: bench-instructions codestream package bench-programs $(BENCH)/codestream-unparsed \
       $(if $(shell command -v go),$(BENCH)/go $(BENCH)/fasthttp) \
       $(if $(shell command -v dpkg),$(BENCH)/hyper) \
       $(if $(shell command -v nginx)$(wildcard /usr/sbin/nginx),,$(BENCH)/nginx) \
       bench/node_modules/.package-lock.json emulator/node_modules/.package-lock.json \
       | build/have-bench build/have-node
	$(Q)$(BENCH.node) --test bench/peers/peers.test.js >build/bench/peers.log || \
	  { cat build/bench/peers.log; exit 1; }
	$(Q)$(BENCH.node) bench/run.mjs
	$(Q)$(if $(BENCH_SMOKE),CLIENTS=100) $(BENCH.node) bench/emulator.mjs

# docs/bench.md and its plot, of what is committed and nothing else.
bench-record:
	$(Q)test '$(or $(MODE),release)' = release || \
	  { echo "a record is of what is deployed, not of MODE=$(MODE)" >&2; exit 1; }
	$(Q)test -z "$$(git status --porcelain)" || \
	  { echo "a record is of a clean tree; this has:" >&2; git status --short >&2; exit 1; }
	$(Q)$(MAKE) --no-print-directory bench ROUNDS= BENCH_SMOKE= BENCH_RECORD=1

# Load generator, stand-ins and yardsticks: everything in C.
bench-programs: $(patsubst %,$(BENCH)/%,load rest floor coldstart codestream-limit)

# Every program does what it says, and the limit passes tests of the handler.
bench-smoke: $(B)/codestream bench-programs $(BENCH.units:%=$(BENCH)/test_%) build/have-node
	$(Q)for test in $(BENCH.units); do echo "== $$test"; $(UNIT_TEST) $(BENCH)/test_$$test || exit 1; done
	$(Q)CODESTREAM_BIN=$(abspath $(B)/codestream) BENCH_DIR=$(BENCH) $(NODE_TEST) \
	  bench/smoke.test.js
	$(Q)CODESTREAM_BIN=$(abspath $(BENCH)/codestream-limit) $(NODE_TEST) \
	  $(BENCH.tests:%=tests/handler/%.test.js)

# What the bench says of numbers that are known.  Part of `make test`.
bench-unit: | build/have-node
	$(Q)$(NODE_TEST) $(TESTS.bench)

# Instructions of the hot paths.  RECORD=1: later changes are held against what is counted now.
bench-instructions: $(BENCH)/paths build/release/codestream | build/have-bench-instructions \
                    build/have-node
	$(Q)CODESTREAM_BIN=bench/instructions/counted.sh CC='$(CC)' RECORD='$(RECORD)' \
	  $(BENCH.node) bench/instructions/run.mjs

# How often a reader changes files on a request's way.  SHOW=1: which ones.
bench-switches:
	$(Q)$(MAKE) --no-print-directory MODE=switches CC=gcc build/switches/codestream
	$(Q)CODESTREAM_BIN=build/switches/codestream $(BENCH.node) bench/switches/run.mjs $(if $(SHOW),--show)

# Keystroke to viewer.  SECONDS=10: longer than the three that each case takes.
bench-end-to-end: codestream $(patsubst %,%/node_modules/.package-lock.json,emulator web tests)
	$(Q)$(BENCH.node) bench/end-to-end/run.mjs

# How soon a viewer reads and a writer types. PAGE_RUNS=5 openings of each; PAGE_TASKS=1 says what the
# longest tasks are made of.
bench-page: codestream web/dist/index.html $(if $(CHROME),,build/have-browser) \
            $(patsubst %,%/node_modules/.package-lock.json,emulator web tests)
	$(Q)CODESTREAM_BIN=$(abspath codestream) $(BENCH.node) bench/page/run.mjs

# What an event costs that waits, of the usual build and of the package, which is what has goals.
bench-memory: codestream package bench-programs build/have-node
	$(Q)$(BENCH.node) bench/memory.mjs

# The emulator's memory with CLIENTS (10000) that are idle, and how fast a message reaches all of them.
# BASE=COMMIT: beside that version.
export BASE CLIENTS
bench-emulator: emulator/node_modules/.package-lock.json | build/have-node
	$(Q)$(BENCH.node) bench/emulator.mjs

# The time that the service costs a server of Socket.IO: MESSAGES=1000 to VIEWERS=20, beside Socket.IO by itself.
export MESSAGES
bench-servers: $(patsubst %,%/node_modules/.package-lock.json,emulator tests) | build/have-node
	$(Q)$(BENCH.node) bench/servers.mjs

# A room with many viewers in virtual time: VIEWERS, JOIN_SECONDS, TEXT_BYTES, UNITS, CASE, SEED.  The
# last line is JSON.  RECORD=1: the cases of make test are held against what they cost now.
export VIEWERS JOIN_SECONDS TEXT_BYTES UNITS CASE SEED
audience: build/have-node
	$(Q)$(BENCH.node) bench/audience/$(if $(RECORD),record,run).mjs

# So many sockets for real, against stand-in and handler.  VIEWERS=8000 DELTAS=20
bench-audience: codestream $(patsubst %,%/node_modules/.package-lock.json,emulator web tests) build/have-node
	$(Q)$(BENCH.node) bench/audience/sockets.mjs

# Versions of the handler in turn, as programs, the oldest first: what each change is worth by the clock.
#   git worktree add ../before COMMIT && make -C ../before package
#   make bench-pairs BINARIES='../before/build/package/codestream build/package/codestream'
# ROUNDS=7
export BINARIES
bench-pairs: bench-programs build/have-node
	$(Q)$(BENCH.node) bench/pairs.mjs

# How cost grows.  ROUNDS=5: of so many the best.
bench-growth: package bench-programs build/have-node
	$(Q)$(BENCH.node) bench/growth/run.mjs

# ---- what they need ----

# All functions of the handler tell when they are entered, except those that every file leans on.
FLAGS.switches := -O0 -g -fno-pie -DNO_SANDBOX
LINK.switches  := -no-pie
TRACED := -finstrument-functions \
  -finstrument-functions-exclude-file-list=src/base/,src/io/loop.,src/io/connections.,src/wire/json.,src/wire/base64url.
build/switches/src/%.o: private TARGET.compile := $(TRACED)
build/switches/codestream: build/switches/bench/switches/trace.o

define BENCH.link
$(BENCH)/$(1): $(BENCH.$(1):%=$(B)/bench/%.o) $(PURE:%.c=$(B)/%.o) $(B)/src/io/listener.o
	$$(Q)mkdir -p $$(@D); echo "link $$@"; $$(LINK) -o $$@ $$^ $$(call libs,libssl libcrypto) $$(LDLIBS)
endef
$(foreach program,load rest floor coldstart,$(eval $(call BENCH.link,$(program))))

# The handler, but for one file of it.
$(BENCH)/codestream-limit: $(patsubst %.c,$(B)/%.o,$(filter-out src/io/http_client.c src/io/http_transfer.c,$(SRC)) \
                             $(BENCH.limit:%=bench/%.c))
$(BENCH)/codestream-unparsed: $(patsubst %.c,$(B)/%.o,$(SRC) bench/peers/unparsed.c)
$(BENCH)/codestream-unparsed: private TARGET.link := $(patsubst %,-Wl$(comma)--wrap=json_%,check elements checked_members members)
$(BENCH)/paths: $(B)/bench/instructions/paths.o \
                $(patsubst %.c,$(B)/%.o,$(filter-out src/main.c,$(SRC)))
$(BENCH)/paths: private TARGET.link := -Wl,--wrap=http_client_start,--wrap=http_response_send,--wrap=http_request_hold,--wrap=http_request_release
$(BENCH)/codestream-limit $(BENCH)/codestream-unparsed $(BENCH)/paths:
	$(Q)mkdir -p $(@D); echo "link $@"; $(LINK) -o $@ $^ $(LINKED)
$(BENCH)/codestream-limit: private LINKED = $(call libs,$(filter-out libcurl,$(PKGS)) libssl) $(LDLIBS)

$(BENCH)/test_%: $(B)/bench/test/test_%.o $(B)/bench/load/%.o $(B)/src/base/str.o $(B)/src/base/mem.o
	$(Q)mkdir -p $(@D); $(LINK) -o $@ $^ $(call libs,cmocka) $(LDLIBS)
$(B)/bench/test/%.o: private TARGET.compile := -Itests/unit -DTEST_VECTORS='"tests/vectors"'
$(BENCH.units:%=$(B)/bench/test/test_%.o): | build/have-bench-smoke

# go itself fetches what go.mod names, and holds it against go.sum.  Where it is too old for a peer, or
# there is no network, the bench goes without that one.
GO.build = mkdir -p $(@D); echo "go build $@"; cd bench/peers/go && \
  CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS=-mod=readonly go build -ldflags='-s -w' -o $(abspath $@)
$(BENCH)/go: bench/peers/go/service.go bench/peers/go/nethttp.go
	$(Q)$(GO.build) $(^F)
$(BENCH)/fasthttp: bench/peers/go/service.go bench/peers/go/fasthttp.go bench/peers/go/go.mod bench/peers/go/go.sum
	-$(Q)rm -f $@; $(GO.build) $(filter %.go,$(^F))

# Debian's compiler and libraries, and nothing from a network.  Other versions of them may not do; then the
# bench goes without.  OpenSSL is linked in, as it is in the package: to load it takes longer than all else.
HYPER.openssl = OPENSSL_STATIC=1 OPENSSL_INCLUDE_DIR=$(shell $(PKG_CONFIG) --variable=includedir libssl) \
                OPENSSL_LIB_DIR=$(shell $(PKG_CONFIG) --variable=libdir libssl)
$(BENCH)/hyper: $(addprefix bench/peers/hyper/,Cargo.toml src/main.rs src/service.rs src/log.rs) | build/have-bench-hyper
	-$(Q)rm -rf $@ $@-source && mkdir -p $@-source && cp -r bench/peers/hyper/. $@-source && \
	  echo "cargo build $@, which takes minutes" && cd $@-source && \
	  $(HYPER.openssl) CARGO_HOME=$(abspath $@-home) RUSTC=/usr/bin/rustc CARGO_TARGET_DIR=$(abspath $@-target) \
	  /usr/bin/cargo build --release --offline --quiet \
	    --config 'source.crates-io.replace-with="debian"' \
	    --config 'source.debian.directory="/usr/share/cargo/registry"' && \
	  cp $(abspath $@-target)/release/hyper-peer $(abspath $@)

# Unpacked and not installed: its package would start a server on port 80, now and at each boot.
$(BENCH)/nginx: | build/have-bench
	$(Q)rm -rf $@-package; mkdir -p $@-package; echo "fetching nginx"
	$(Q)cd $@-package && { $(SUDO) apt-get update -qq && apt-get download -qq nginx && \
	  dpkg -x nginx_*.deb .; } >log 2>&1 || { cat log >&2; exit 1; }
	$(Q)mv $@-package/usr/sbin/nginx $@; rm -r $@-package

-include $(wildcard build/*/bench/*/*.d)
