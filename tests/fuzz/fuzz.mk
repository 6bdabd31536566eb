# Fuzzing (included by the Makefile).
#
# A target is one file of tests/fuzz.  `make fuzz` runs each with libFuzzer for FUZZ_SECONDS;
# `make test` replays the seeds and what was found before, without libFuzzer, so that the
# targets cannot rot.  The emulator's decoder of frames is in JavaScript, and has a million inputs
# of its own.

FUZZ_SECONDS ?= 60
FUZZ_TARGETS := json packet cloudevents token settings negotiate webpubsub retry service
FUZZ_SEEDS   := build/fuzz/seeds

FLAGS.fuzz := -O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined \
              -fno-sanitize-recover=all

NEED.fuzz := clang libclang-rt-dev libjansson-dev

.PHONY: fuzz fuzz-run replay replay-programs

fuzz: build/have-fuzz emulator/node_modules/.package-lock.json
	$(Q)$(MAKE) --no-print-directory MODE=fuzz CC=clang fuzz-run
	$(Q)nice -n 10 node tests/fuzz/frames.mjs

# What a target may link: everything that needs no socket.  Of the service layer, what the
# stand-ins for src/io can carry.
FUZZ_PARTS := $(filter-out src/main.c src/worker.c src/io/%,$(SRC)) $(APPS)
FUZZ_HELP  := stand_in audience

$(B)/libfuzzed.a: $(FUZZ_PARTS:%.c=$(B)/%.o) $(FUZZ_HELP:%=$(B)/tests/fuzz/%.o) \
                  $(B)/tests/fuzz/scene.o
	$(Q)rm -f $@; $(AR) rcs $@ $^

# These judge or carry, and are not what is to be explored.
ifeq ($(MODE),fuzz)
$(FUZZ_HELP:%=$(B)/tests/fuzz/%.o): private TARGET.compile := -fno-sanitize=fuzzer-no-link
endif

# The log's lines are looked at on their way out.
FUZZ_LINK.service := -Wl,--wrap=write
FUZZ_LIBS = $(call libs,jansson libcrypto) $(LDLIBS)

$(B)/fuzz_%: $(B)/tests/fuzz/%.o $(B)/libfuzzed.a
	$(Q)echo "link $@"; $(LINK) -fsanitize=fuzzer $(FUZZ_LINK.$*) -o $@ $^ $(FUZZ_LIBS)
$(B)/replay_%: $(B)/tests/fuzz/%.o $(B)/tests/fuzz/replay.o $(B)/libfuzzed.a
	$(Q)$(LINK) $(FUZZ_LINK.$*) -o $@ $^ $(FUZZ_LIBS)
$(B)/tests/fuzz/%.o: | build/have-$(if $(filter fuzz,$(MODE)),fuzz,test)

$(FUZZ_SEEDS)/.made: tests/fuzz/seeds.js $(wildcard tests/vectors/*.tsv) | build/have-node
	$(Q)node tests/fuzz/seeds.js $(@D)
	$(Q)touch $@

fuzz-run: $(FUZZ_TARGETS:%=$(B)/fuzz_%) $(FUZZ_SEEDS)/.made
	$(Q)FUZZ_SECONDS=$(FUZZ_SECONDS) sh tests/fuzz/run.sh $(FUZZ_TARGETS)

replay-programs: $(FUZZ_TARGETS:%=$(B)/replay_%) $(FUZZ_SEEDS)/.made
replay: replay-programs
	$(Q)for target in $(FUZZ_TARGETS); do \
	  $(UNIT_TEST) $(B)/replay_$$target $(FUZZ_SEEDS)/$$target tests/fuzz/findings/$$target || exit 1; done
