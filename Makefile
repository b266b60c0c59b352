# Two commands: `make demo` shows it, `make test` proves it. Both install what is missing first.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

# What `make deps-test` puts beside the project comes first.
export PATH := $(CURDIR)/.local/bin:$(CURDIR)/.local/venv/bin:$(PATH)

.PHONY: help demo release test test-long test-chain scan fuzz bench assets lint fmt deps deps-test deps-long clean

help: ## This list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 12

demo: deps assets ## A live test picture on this machine; prints the address. ARGS="…" go to `bakuhantam demo`
	cargo run --locked -- demo $(ARGS)

release: deps assets ## The program, target/release/bakuhantam
	cargo build --release --locked

test: deps-test assets ## Everything, on real parts
	scripts/test.sh

test-long: deps-long assets ## What takes long: every test, also those that `make test` leaves out
	scripts/test.sh
	scripts/test.sh long
	scripts/with-postgres.sh scripts/with-seaweed.sh cargo nextest run --locked --run-ignored only --no-tests=pass
	scripts/with-seaweed.sh cargo nextest run --locked --features long -E 'test(/^long::/)'
	$(MAKE) scan
	$(MAKE) fuzz FUZZ_SECONDS=600

# An hour by default; the corpus and what was found stay in fuzz/.
FUZZ_SECONDS ?= 3600
fuzz: deps-long ## Hostile bytes for the RTMP session, FUZZ_SECONDS of them
	cd fuzz && cargo run --quiet --bin rtmp_seeds
	cd fuzz && RUSTC_BOOTSTRAP=1 cargo fuzz run rtmp_session -- -max_total_time=$(FUZZ_SECONDS) -rss_limit_mb=1024

test-chain: deps-long assets ## Only the whole chain; ONLY=kills.test.mjs one file of it, SHOTS=DIR keeps screenshots
	cargo build --locked
	scripts/test.sh long $(ONLY)

scan: deps-test assets ## schemathesis, wapiti and sqlmap against a server of its own; ONLY=sqlmap one of them
	cargo build --locked
	scripts/scan.sh $(ONLY)

bench: deps-test assets ## The benchmarks of docs/benchmarks.md
	scripts/with-postgres.sh --fsync scripts/with-seaweed.sh cargo bench --locked --bench '*'

lint: ## Formatting and lints only
	cargo fmt --check
	cargo clippy --locked --all-targets --all-features -- -D warnings
	npm run --silent check

fmt: ## Formats the sources
	cargo fmt

deps: ## Installs what building and the demo need
	@scripts/install-deps.sh build

deps-test: ## Installs what the tests need
	@scripts/install-deps.sh test

deps-long:
	@scripts/install-deps.sh long

# The browser's files. Built again when a source is newer, or when they are gone.
ASSETS := .local/assets.stamp
MODULES := .local/node_modules.stamp
ASSET_SOURCES := $(shell find static -type f -not -path 'static/dist/*' 2>/dev/null) $(wildcard package.json tsconfig.json)
ifeq ($(wildcard static/dist/*),)
.PHONY: $(ASSETS)
endif
ifeq ($(wildcard node_modules/*),)
.PHONY: $(MODULES)
endif

assets: $(ASSETS) ## The browser's files, into static/dist

$(ASSETS): $(MODULES) $(ASSET_SOURCES)
	node static/build.mjs
	@touch $@

$(MODULES): package.json package-lock.json
	npm ci --no-audit --no-fund --loglevel=error
	@mkdir -p .local && touch $@

clean: ## Removes what was built; what was installed under .local stays
	rm -rf target static/dist node_modules .local/*.stamp
