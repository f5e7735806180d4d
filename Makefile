# onethread: `make run` starts it, `make test` proves it, `make help` lists the rest.
# Each step's time is printed at the end and kept in target/step-times.tsv.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory

# One target folder for everything, or each tool builds all crates anew.
export CARGO_TARGET_DIR := $(CURDIR)/target
export PATH := $(CURDIR)/target/tools/bin:$(PATH)

DATA ?= ./data
ARGS ?=
KILLS ?= 200
MESSAGES ?= 10000
FUZZ_SECONDS ?= 60
# A terminal shows progress; a log need not list each crate.
QUIET := $(if $(CI),--quiet)
# Megabytes that the release binary must stay under.
MOST_MB := 60

STEP := scripts/step
# Not spelt $(MAKE) in a recipe, so that `make -n` prints and does not run.
STEPS = $(STEP) --goal $@ $(MAKE) _$@
# Stops the test database at the end, however it ends, unless it ran before.
STOP_DATABASE = before=$$(.ci/pg url || true); trap '[ -n "$$before" ] || .ci/pg stop' EXIT

.PHONY: help run build check test e2e generate soak bench clean \
  _build _check _test _e2e _soak _web _lint _rust-tests _browser-tests

help: ## List the targets.
	@echo "make TARGET [ARGS='…']"
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' Makefile

run: ## Build what is missing and start onethread on DATA=./data (ARGS='--listen 0.0.0.0:8080').
	@scripts/need rust compiler node npm
	@echo "Building the desk: some seconds."
	@$(STEP) "desk" scripts/desk
	@echo "Building the server. The first time all parts are compiled, which takes minutes on two cores; later, seconds."
	@$(STEP) "server, quick profile" cargo build --profile quick --bin onethread
	@exec target/quick/onethread serve --data $(DATA) $(ARGS)

build: ## Build target/release/onethread, optimised, with the desk inside.
	@$(STEPS)

check: ## Format, lints, structure, dependencies, types, generated files: before each commit.
	@$(STEPS)

test: ## Everything: checks, Rust tests on both engines, web tests, browser tests. This is what CI runs.
	@$(STOP_DATABASE); $(STEPS)

e2e: ## The browser tests alone.
	@$(STOP_DATABASE); $(STEPS)

generate: ## Write the generated files anew: contract/, the web client's types, the page of settings.
	@scripts/need rust compiler node npm
	@UPDATE_CONTRACT=1 scripts/rust-tests contract::
	@npm run --silent generate -w web/client
	@scripts/settings-page --write target/debug/onethread

soak: ## Crash tests (KILLS=200), deliveries (MESSAGES=10000) and fuzzing (FUZZ_SECONDS=60 a target), into target/soak.log.
	@mkdir -p target; { $(STOP_DATABASE); $(STEPS); } 2>&1 | tee target/soak.log

bench: ## Measure load and limits in the release profile (ARGS for the bench program).
	@scripts/need rust compiler
	@cargo run --release -p bench -- $(ARGS)

clean: ## Stop the test database and remove everything that was built.
	@.ci/pg stop
	@rm -rf target node_modules web/*/node_modules web/*/dist web/*/dist-states

# ---- the steps ----

_web:
	@$(STEP) "npm packages" scripts/need node npm
	@$(STEP) "desk" scripts/desk

_build:
	@$(STEP) "tools" scripts/need rust compiler
	@$(MAKE) _web
	@$(STEP) "server, release profile" cargo build --locked --release --bin onethread $(QUIET)
	@$(STEP) "size" scripts/check-size target/release/onethread $(MOST_MB)

# Cheap ones first. Clippy and the tests share the target folder and the features, so nothing is compiled twice.
_lint:
	@$(STEP) "format" cargo fmt --all -- --check $(if $(CI),--color never)
	@$(STEP) "structure" scripts/check-structure
	@$(STEP) "crates" cargo fetch --locked --quiet
	@$(STEP) "licences and bans" cargo-deny --offline --log-level error check --allow duplicate bans licenses sources
	@$(STEP) "unused dependencies" cargo-shear
	@$(STEP) "web check" npm run --silent check
	@$(STEP) "clippy" cargo clippy --locked --workspace --all-targets $(QUIET) -- -D warnings

_check:
	@$(STEP) "tools" scripts/need rust lint compiler node tools npm
	@$(MAKE) _lint
	@$(STEP) "contract" scripts/rust-tests contract

# The desk is built before the server, which carries it inside.
_test:
	@$(STEP) "tools" scripts/need rust lint compiler node tools postgres browser
	@$(MAKE) _web
	@$(STEP) "structure's own test" scripts/check-structure --self-test
	@$(MAKE) _lint
	@$(MAKE) _rust-tests
	@$(STEP) "web tests" npm test --silent
	@$(MAKE) _browser-tests

_rust-tests:
	@$(STEP) "database" bash -c '.ci/pg start >/dev/null'
	@if [ -x crates/channels/tests/peers/install.sh ]; then $(STEP) "providers' SDKs" crates/channels/tests/peers/install.sh; fi
	@$(STEP) "Standard Webhooks' library" crates/server/tests/peers/install.sh
	@$(STEP) "rust tests, built" cargo test --locked --workspace --no-run $(QUIET)
	@$(STEP) "rust tests" scripts/rust-tests
	@$(STEP) "settings page" scripts/settings-page target/debug/onethread
	@$(STEP) "doc tests" cargo test --locked --workspace --doc --quiet

_e2e:
	@$(STEP) "tools" scripts/need rust compiler node postgres browser
	@$(MAKE) _web
	@$(STEP) "database" bash -c '.ci/pg start >/dev/null'
	@$(STEP) "rust tests, built" cargo test --locked --workspace --no-run $(QUIET)
	@$(MAKE) _browser-tests

# The same binary that the Rust tests built: no second build for the browser. `serve` reads ONETHREAD_DATABASE itself.
_browser-tests:
	@export ONETHREAD_BIN="$(CURDIR)/target/debug/onethread"; \
	$(STEP) "browser tests, sqlite" npm run --silent e2e; \
	database="$$(.ci/pg database)"; \
	ONETHREAD_DATABASE="$$database" $(STEP) "browser tests, postgresql" npm run --silent e2e

_soak:
	@$(STEP) "tools" scripts/need rust compiler
	@$(STEP) "database" bash -c '.ci/pg start >/dev/null'
	@$(STEP) "crash tests, $(KILLS) kills" scripts/soak-kill $(KILLS)
	@$(STEP) "delivery, $(MESSAGES) messages" env ONETHREAD_MESSAGES=$(MESSAGES) scripts/rust-tests --profile soak everything_ends
	@$(STEP) "fuzzing" scripts/soak-fuzz $(FUZZ_SECONDS)
