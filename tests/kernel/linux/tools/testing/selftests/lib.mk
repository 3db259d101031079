all: $(TEST_GEN_PROGS)

$(TEST_GEN_PROGS): %: %.c
	$(CC) $(CFLAGS) -o $@ $<

install: all
	mkdir -p $(INSTALL_PATH)
	cp -p $(TEST_PROGS) $(TEST_GEN_PROGS) $(wildcard config settings) $(INSTALL_PATH)

emit_tests:
	for test in $(TEST_PROGS) $(TEST_GEN_PROGS); do echo "$(COLLECTION):$$test"; done

.PHONY: all install emit_tests
