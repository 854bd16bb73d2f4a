# The only task runner. `make demo` and `make test` set up whatever they need.
PYTHON ?= python3
PY := .venv/bin/python
URLS ?=
ASAN_ARGS ?=
TSAN_SECONDS ?= 6
WHEEL_ARGS ?=
TEST_WHEEL_ARGS ?=

C_SOURCES := $(sort $(wildcard csrc/*.c))
C_HEADERS := $(wildcard csrc/*.h)
C_FILES := $(C_SOURCES) $(C_HEADERS) $(wildcard tests/native/*.[ch])
NATIVE_TESTS := $(patsubst tests/native/%.c,build/native/%,$(wildcard tests/native/*_test.c))

C_BASE := -std=c11 -D_GNU_SOURCE -Wall -Wextra -Icsrc -Itests/native
C_LIBS := -lcurl -lz -lbrotlidec -lbrotlienc -lzstd -lpthread
ASAN := -UNDEBUG -fsanitize=address,undefined -fno-omit-frame-pointer -g -O1
# For programs whose forked children go on: the address sanitizer's allocator is not made for that, as a child finds it
# locked for ever when another thread was in it.
UBSAN := -UNDEBUG -fsanitize=undefined -fno-omit-frame-pointer -g -O1
ASAN_ENV := ASAN_OPTIONS=detect_leaks=0:abort_on_error=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
TSAN := -fsanitize=thread -g -O1
TSAN_ENV := TSAN_OPTIONS=suppressions=tests/native/tsan.supp

# The stamp carries the interpreter's identity: another PYTHON means another environment.
PYTHON_ID = $(shell $(PYTHON) -c 'import sys, zlib; \
  print("%d.%d.%d-%08x" % (*sys.version_info[:3], zlib.crc32(sys.base_prefix.encode())))' 2>/dev/null)
INSTALLED := .venv/.installed-$(PYTHON_ID)
BUILT := .venv/.built

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo test lint typing native asan asan-short tsan bench bench-wheel wheel test-wheel docs clean

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "  %-11s %s\n", $$1, $$2}'

setup: $(BUILT) ## environment in .venv and the compiled module (what every other target does first)

$(INSTALLED): pyproject.toml setup.py scripts/setup.sh
	@scripts/setup.sh "$(PYTHON)"
	@rm -f .venv/.installed-*
	@touch $@

$(BUILT): $(INSTALLED) csrc/build_ffi.py csrc/curl_names.txt $(C_SOURCES) $(C_HEADERS)
	@$(PY) setup.py -q build_ext --inplace
	@touch $@

demo: $(BUILT) ## mirror the standard library through a server of its own; URLS=file takes your own list
	@$(PY) scripts/demo.py $(if $(URLS),--urls $(URLS))

test: $(BUILT) ## every test of pytest
	@.venv/bin/pytest

lint: $(BUILT) ## ruff, and clang-format on the C files
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/clang-format --dry-run -Werror $(C_FILES)

typing: $(BUILT) ## mypy --strict, and whether the stub of the compiled module is up to date
	$(PY) csrc/build_ffi.py --check-stub
	.venv/bin/mypy

native: $(BUILT) $(NATIVE_TESTS) ## the tests written in C, under the address and undefined-behaviour sanitizers
	@for test in $(NATIVE_TESTS); do echo "$$test"; $(ASAN_ENV) $$test || exit 1; done

build/native/fork_test: SANITIZED := $(UBSAN)
build/native/%: SANITIZED ?= $(ASAN)
build/native/%: tests/native/%.c $(wildcard tests/native/*.h) $(C_SOURCES) $(C_HEADERS) | $(BUILT)
	@mkdir -p $(@D)
	$(CC) $(C_BASE) -Werror $(SANITIZED) -o $@ $< $(C_SOURCES) $(C_LIBS)

# A build of its own, so that the normal one stays. Scripts of the venv do not put the checkout on sys.path,
# and PYTHONSAFEPATH keeps `python -m` in child processes from doing so.
asan: $(BUILT) ## pytest over a build with the sanitizers; ASAN_ARGS narrows it
	@PYINET_CFLAGS="$(ASAN)" PYINET_LDFLAGS="-fsanitize=address,undefined" \
	  $(PY) setup.py -q build --build-lib build/asan --build-temp build/asan-temp
	@$(ASAN_ENV) PYTHONPATH=build/asan PYTHONSAFEPATH=1 LD_PRELOAD="$$($(CC) -print-file-name=libasan.so)" \
	  .venv/bin/pytest -m "not forks" $(ASAN_ARGS)

asan-short: ## the same for the tests that reach the native code, without the slow ones
	@$(MAKE) --no-print-directory asan ASAN_ARGS='tests/native tests/api -m "not (slow or forks)" $(ASAN_SKIPPED)'

# What is Python's business alone: the calls they make are made by the other tests too.
ASAN_SKIPPED := $(foreach name,asyncio asyncio_rows asyncio_life cookies session_cookies session_constructor \
  session_options file_in_io open_url option_levels connection_options file_options file_options_tls option_times \
  flags error_contexts error_dlg file_seek file_with_libraries http_connection auth_digest auth_httpd auth_ntlm \
  auth_negotiate auth_proxy auth_socks auth_secrecy wire_bytes,--ignore tests/api/test_$(name).py)

TSAN_PROGRAMS := build/tsan/stress build/tsan/stress_streams

tsan: $(TSAN_PROGRAMS) ## stress the native core under the thread sanitizer, TSAN_SECONDS for each program and driver
	@for program in $(TSAN_PROGRAMS); do for driver in epoll poll; do \
	  $(TSAN_ENV) PYINET_DRIVER=$$driver $(NO_ASLR) $$program $(TSAN_SECONDS) || exit 1; done; done

build/tsan/%: tests/native/%.c $(wildcard tests/native/*.h) $(C_SOURCES) $(C_HEADERS) | $(BUILT)
	@mkdir -p $(@D)
	$(CC) $(C_BASE) $(TSAN) -o $@ $< $(C_SOURCES) $(C_LIBS)

# Older thread sanitizers cannot map their shadow under the address randomisation of newer kernels; where a
# container forbids switching it off, the program runs as it is.
NO_ASLR = $(shell setarch $$(uname -m) -R true 2>/dev/null && echo setarch $$(uname -m) -R)

bench: $(BUILT) ## benchmarks against other clients
	@benchmarks/setup_bench.sh
	@$(PY) benchmarks/run.py

bench-wheel: $(BUILT) ## benchmarks of the wheel in wheels/dist, against the build from source and pycurl's wheel
	@benchmarks/setup_bench.sh
	@benchmarks/setup_wheel.sh
	@$(PY) benchmarks/run.py --scenario wheel wheel-h2
	@$(PY) benchmarks/new_connections.py

wheel: ## a wheel with its own libcurl in wheels/dist, checked; WHEEL_ARGS, see wheels/README.md
	@$(PYTHON) wheels/wheel.py $(WHEEL_ARGS)

test-wheel: wheel ## every test against that wheel where there is no libcurl, on each Python found, and in a bare system
	@$(PYTHON) wheels/test_wheel.py $(TEST_WHEEL_ARGS)

docs: $(BUILT) ## the documentation as HTML in build/docs; warnings are errors
	@$(PY) -c 'import furo, myst_parser, sphinx' 2>/dev/null || \
	  $(PY) -m pip install -qq --disable-pip-version-check --editable '.[docs]'
	@$(PY) -m sphinx -q -E -W --keep-going -d build/docs-cache docs build/docs
	@echo "build/docs/index.html"

clean: ## remove what was built; the environment stays
	rm -rf build dist wheels/dist *.egg-info pyinet/_native*.so $(BUILT) .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
