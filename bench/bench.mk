# The programs of the bench.  Included by the Makefile.
#
# Those of the usual build land in build/bench, others (MODE=test) beside it.
BENCH          := build/bench$(patsubst %,-%,$(filter-out release,$(MODE)))
BENCH.shared   := net options http1
BENCH.load     := $(BENCH.shared) load driver event sample
BENCH.rest     := $(BENCH.shared) rest server
BENCH.floor    := $(BENCH.shared) floor server
BENCH.coldstart := $(BENCH.shared) coldstart
BENCH.programs := load rest floor coldstart codestream-limit

.PHONY: bench-programs bench-smoke

bench-programs: $(BENCH.programs:%=$(BENCH)/%)

define BENCH.link
$(BENCH)/$(1): $(BENCH.$(1):%=$(B)/bench/%.o) $(PURE:%.c=$(B)/%.o) $(B)/src/io/listener.o
	$$(Q)mkdir -p $$(@D); echo "link $$@"; $$(CC) $$(LDFLAGS) -o $$@ $$^ -lcrypto
endef
$(foreach program,load rest floor coldstart,$(eval $(call BENCH.link,$(program))))

# The handler without libcurl, and nothing else different.
$(BENCH)/codestream-limit: $(patsubst %.c,$(B)/%.o,$(filter-out src/io/http_client.c src/io/http_transfer%.c,$(SRC)) \
                             bench/plain_client.c bench/plain_target.c \
                             bench/http1.c)
	$(Q)mkdir -p $(@D); echo "link $@"; $(CC) $(LDFLAGS) -o $@ $^ -lmicrohttpd -lcrypto

-include $(wildcard build/*/bench/*.d)

# Every program does what it says, and the limit passes the handler's own tests.
bench-smoke: $(B)/codestream bench-programs build/have-node
	$(Q)CODESTREAM_BIN=$(abspath $(B)/codestream) BENCH_DIR=$(BENCH) $(NODE_TEST) \
	  bench/smoke.test.mjs
	$(Q)CODESTREAM_BIN=$(abspath $(BENCH)/codestream-limit) $(NODE_TEST) \
	  $(BENCH.limit:%=tests/integration/%.test.js)
BENCH.limit := events upstream-trouble connections
