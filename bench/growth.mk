# What a change costs, and how cost grows.  Included by the Makefile.
NEED.bench-instructions := valgrind=valgrind

.PHONY: bench-instructions bench-end-to-end bench-growth

# ---- instructions of the hot paths, against those last recorded ----

# All of the handler but its main; what stands at its borders is the program's.
build/bench/paths: $(B)/bench/instructions/paths.o \
                   $(patsubst %.c,$(B)/%.o,$(filter-out src/main.c,$(SRC)))
	$(Q)mkdir -p $(@D)
	$(Q)echo "link $@"; $(CC) $(LDFLAGS) -Wl,--wrap=http_client_start,--wrap=http_answer_send \
	  -o $@ $^ $(LDLIBS)

# RECORD=1: what is counted now is what later changes are held against.
bench-instructions: build/bench/paths build/release/codestream | build/have-bench-instructions \
                    build/have-node
	$(Q)CODESTREAM_BIN=bench/instructions/counted.sh CC='$(CC)' RECORD='$(RECORD)' \
	  timeout -k 10 300 node bench/instructions/run.mjs
bench: bench-instructions

# ---- keystroke to viewer ----

# SECONDS=10: longer than the three that each case takes.
bench-end-to-end: codestream $(patsubst %,%/node_modules/.package-lock.json,emulator web tests)
	$(Q)timeout -k 10 600 node bench/end-to-end/run.mjs

# ---- how cost grows ----

# ROUNDS=5: of so many the best.
bench-growth: codestream bench-programs build/have-node
	$(Q)timeout -k 10 600 node bench/growth/run.mjs

# Part of bench-smoke: what the bench says of numbers that are known.
.PHONY: bench-tools
bench-smoke: bench-tools
bench-tools: build/have-node
	$(Q)$(NODE_TEST) bench/growth/tools.test.mjs

-include $(wildcard build/*/bench/*/*.d)
