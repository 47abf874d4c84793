# SPDX-License-Identifier: GPL-2.0-only
#
# holdfast's entry points; "make help" lists them.

VERSION := 0.1.0
SHELL := /bin/bash

# Which kernel: installed (the newest 6.12 headers of this machine, the default
# where there are any), stock (scripts/stock-kernel, Debian's, in the cache), debug
# (scripts/test-kernel) or plain (its --plain). The guests run the last three.
INSTALLED := $(shell . scripts/lib.sh; installed_headers)
KERNEL ?= $(if $(INSTALLED),installed,stock)
ifeq ($(KERNEL),installed)
KDIR ?= $(INSTALLED)
else ifeq ($(KERNEL),stock)
KDIR ?= $(shell scripts/stock-kernel --kdir)
else ifeq ($(KERNEL),debug)
KDIR ?= $(shell scripts/test-kernel --path)
else ifeq ($(KERNEL),plain)
KDIR ?= $(shell scripts/test-kernel --plain --path)
else
$(error KERNEL is installed, stock, debug or plain, not "$(KERNEL)")
endif

# kbuild writes beside the sources, so each kernel gets a copy of them.
OUT := $(CURDIR)/build/$(KERNEL)
FOLDERS := $(sort $(foreach kbuild,$(filter-out build/%,$(wildcard */Kbuild */*/Kbuild)), \
	$(firstword $(subst /, ,$(kbuild)))))
MIRROR := Kbuild scripts/Makefile.cxx include $(FOLDERS)
# Of the host's tests what KUnit runs as well.
SHARED := $(wildcard $(addprefix tests/host/,lease_cases.h lease_run.h lease/lease_cases.h lease/lease_run.h))

.DEFAULT_GOAL := modules
.PHONY: all modules mirror load unload setup host-test check demo bench soak install clean help

all: modules

# rsync by content, with new times: a file that changed is newer than its
# object whatever the time of the commit it came from.
mirror:
	@mkdir -p $(OUT)
	@rsync -rlpcR --delete --exclude='*.o' --exclude='*.ko' --exclude='*.mod' \
		--exclude='*.mod.c' --exclude='.*.cmd' --exclude='modules.order' \
		--exclude='*.a' --exclude='*.symversions' $(MIRROR) $(SHARED) $(OUT)/

# One build at a time in each copy.
modules: mirror
	@test -e '$(KDIR)/Makefile' || \
		{ echo "no kernel headers in '$(KDIR)': set KDIR" >&2; exit 1; }
	+@flock $(OUT).lock $(MAKE) --no-print-directory -C '$(KDIR)' M=$(OUT) modules
	@scripts/check-modules $(OUT) '$(KDIR)'

# (A line may not begin with "load", a directive.)
unload load:
	@scripts/load $@ $(OUT)

setup:
	@scripts/setup

host-test:
	cmake -S tests/host -B build/host
	cmake --build build/host -j2
	ctest --test-dir build/host --output-on-failure -j2

check demo bench:
	@scripts/$@

# MINUTES=, or SEEDS= and FROM=; without them until it finds something.
soak:
	@MINUTES='$(MINUTES)' SEEDS='$(SEEDS)' FROM='$(FROM)' STEPS='$(STEPS)' scripts/soak

# DKMS builds in its own copy; the debug kernel and the guests have no part.
PREFIX ?= /usr/local
install: DESTINATION = $(DESTDIR)/usr/src/holdfast-$(VERSION)
install:
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/include/holdfast include/uapi/holdfast/*.h
	$(foreach page,$(wildcard Documentation/*.[1-9]),install -D -m 644 \
		-t $(DESTDIR)$(PREFIX)/share/man/man$(subst .,,$(suffix $(page))) $(page) &&) true
	rm -rf $(DESTINATION)
	mkdir -p $(DESTINATION)
	rsync -rlpR $(filter-out kunit samples bench,$(MIRROR)) $(DESTINATION)/
	sed 's/@VERSION@/$(VERSION)/' scripts/dkms.conf.in > $(DESTINATION)/dkms.conf
	scripts/modules $(DESTINATION) | awk '{ \
		printf "BUILT_MODULE_NAME[%d]=\"%s\"\n", NR - 1, $$1; \
		printf "BUILT_MODULE_LOCATION[%d]=\"%s\"\n", NR - 1, $$2; \
		printf "DEST_MODULE_LOCATION[%d]=\"/updates/dkms\"\n", NR - 1 }' \
		>> $(DESTINATION)/dkms.conf
	@if [ -n '$(DESTDIR)' ]; then echo "staged in $(DESTINATION)"; \
	elif command -v dkms >/dev/null; then dkms install --force holdfast/$(VERSION) \
		$(patsubst /usr/src/linux-headers-%,-k %,$(INSTALLED)); \
	else echo "dkms is not installed: the source is in $(DESTINATION)"; fi

clean:
	rm -rf build

help:
	@echo 'make               the modules for the newest installed 6.12 headers, or else'
	@echo '                   for KERNEL=stock, which is downloaded'
	@echo 'make KERNEL=debug  the modules for the debug kernel (scripts/test-kernel)'
	@echo '                   KDIR=, W=1 and C=2 work as in the kernel; output: build/$$KERNEL'
	@echo 'make load          the modules that were built, into the running kernel;'
	@echo '                   make unload takes them out of it'
	@echo 'make demo          lock hand-over and files over the network, in a guest'
	@echo 'make check         everything: builds, host tests, KUnit, guest tests'
	@echo 'make host-test     the host tests alone'
	@echo 'make bench         the benchmarks (build/bench)'
	@echo 'make soak          random tests, on the host and in guests, until one fails;'
	@echo '                   MINUTES=N ends it, SEEDS=N FROM=M runs those seeds of each'
	@echo 'make install       the source for DKMS; header and man page to PREFIX=/usr/local'
	@echo 'make setup         install build tools and QEMU'
	@echo 'make clean         remove build/ (the cache stays: ~/.cache/holdfast)'
