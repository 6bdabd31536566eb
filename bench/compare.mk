# The handler and its peers, side by side.  Included by the Makefile, after bench.mk.
#
#   make bench                 four minutes; a table, the goals, and files in build/bench
#   make bench BENCH_FULL=1    a quarter of an hour: more connections and delays, TLS, memory
#   make bench BENCH_SMOKE=1   half a minute: does it work, and without an error?
NEED.bench    := nginx-light=nginx openssl
# No run takes longer, on a slow machine, than this many seconds.
BENCH_SECONDS := $(if $(BENCH_FULL),2400,600)
export BENCH_FULL BENCH_SMOKE

.PHONY: bench bench-unit

bench: codestream bench-programs $(BENCH)/codestream-unparsed \
       $(if $(shell command -v go),$(BENCH)/go) $(if $(BENCH_FULL),package) \
       bench/node_modules/.package-lock.json | build/have-bench build/have-node
	$(Q)timeout -k 10 60 node --test bench/peers/peers.test.js >build/bench/peers.log || \
	  { cat build/bench/peers.log; exit 1; }
	$(Q)timeout -k 10 $(BENCH_SECONDS) node bench/run.mjs

bench-unit: | build/have-node
	$(Q)$(NODE_TEST) $(wildcard bench/test/*.test.js)

# apt-get runs once at a time.
build/have-bench: | build/have-build

# A reader of JSON that trusts, and nothing else different.
$(BENCH)/codestream-unparsed: $(patsubst %.c,$(B)/%.o,$(filter-out src/wire/json.c,$(SRC)) \
                                bench/unparsed.c)
	$(Q)mkdir -p $(@D); echo "link $@"; $(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# As small and as quick to start as it can be: nothing but the standard library, and static.
$(BENCH)/go: bench/peers/go/main.go
	$(Q)mkdir -p $(@D); echo "go build $@"
	$(Q)CGO_ENABLED=0 GO111MODULE=off GOTOOLCHAIN=local go build -ldflags='-s -w' -o $@ $<
