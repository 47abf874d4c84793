# SPDX-License-Identifier: GPL-2.0-only
#
# How kbuild makes an object of a module from a .cc file. A module's Kbuild
# says, after its list of objects:
#
#	include $(KBUILD_EXTMOD)/scripts/Makefile.cxx
#
# and may then list core/name.o for core/name.cc.

# The kernel's own compiler, in its other language, of the same major version.
hf_cxx_version := $(shell expr $(CONFIG_GCC_VERSION) / 10000)
CXX := $(firstword $(shell command -v g++-$(hf_cxx_version)) g++)

# What g++ refuses or warns about because it is meant for C.
hf_c_only := -std=% -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
	-Wdeclaration-after-statement -Wno-pointer-sign -Wno-override-init \
	-Woverride-init -Wmissing-declarations -Wimplicit-int -Wmissing-parameter-type \
	-Wold-style-declaration -Wno-old-style-declaration -Wjump-misses-init \
	-Wenum-conversion -Wenum-int-mismatch -Wno-missing-field-initializers \
	-Wno-designated-init -Wno-incompatible-pointer-types \
	-Werror=implicit-function-declaration -Werror=implicit-int -Werror=return-type \
	-Werror=incompatible-pointer-types -Werror=designated-init -Werror=strict-prototypes

hf_cxx_flags = $(filter-out $(hf_c_only),$(KBUILD_CFLAGS) $(KBUILD_CFLAGS_MODULE)) \
	-std=gnu++20 -ffreestanding -fno-exceptions -fno-rtti \
	-fno-threadsafe-statics -fno-use-cxa-atexit \
	-Wall -Wextra -Wno-missing-field-initializers -Werror=return-type \
	$(hf_cxx_debug) $(hf_cxx_sanitize)

# pahole does not understand C++'s debug information.
hf_cxx_debug := $(if $(CONFIG_DEBUG_INFO_BTF),-g0)
# kbuild adds the sanitizers for C files only, elsewhere.
hf_cxx_sanitize = $(if $(CONFIG_KASAN),$(CFLAGS_KASAN)) $(if $(CONFIG_UBSAN),$(CFLAGS_UBSAN))

# Kernel headers mean something else in C++ (an empty struct has a size), and
# user space's <linux/...> would be found instead of them, without a word. (Hence
# -MD, not -MMD: the latter leaves system headers out.)
hf_cxx_check_includes = \
	if grep -E '/include/([^/ ]*/)?(linux|asm|asm-generic)/' $(depfile) >&2; then \
		echo "$<: error: a C++ file may not include kernel headers" >&2; \
		rm -f $@; exit 1; \
	fi

quiet_cmd_cxx_o_cc = CXX [M]  $@
      cmd_cxx_o_cc = $(CXX) -Wp,-MD,$(depfile) $(hf_cxx_flags) -c -o $@ $<; \
	$(hf_cxx_check_includes) $(cmd_objtool)

# Inline functions of C++ are in section groups, which modules do not know: two
# sections of one name keep a module from loading.
ldflags-y += --force-group-allocation

$(obj)/%.o: $(src)/%.cc FORCE
	$(call if_changed_dep,cxx_o_cc)
