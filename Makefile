# Everything a newcomer runs. `make help` lists it.
.DEFAULT_GOAL := help
.PHONY: help setup run test check lint lock bench install-triggers uninstall-triggers clean
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check
WORKERS ?= 4
COMPILE := .venv-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  %-20s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/.complete ## .venv from the locked versions

.venv/.running: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed; set PYTHON=/path/to/it")'
	$(PYTHON) -m venv .venv
	$(PIP) --require-hashes -r requirements.lock
	$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.complete: .venv/.running requirements-dev.lock
	$(PIP) --require-hashes -r requirements-dev.lock
	@touch $@

run: .venv/.running ## the service; with no DATABASE_URL set, a demo on two embedded servers
	$(BIN)/cdc run

test: setup ## all tests, on real PostgreSQL
	$(BIN)/pytest -n $(WORKERS) --dist worksteal $(ARGS)

lint: setup ## format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint test ## what CI runs

bench: setup ## lag, catch-up and overhead beside native logical replication, snapshots beside pg_dump
	$(BIN)/python -m tests.bench $(ARGS)

install-triggers: .venv/.running ## start capturing on both sides
	$(BIN)/cdc install-triggers

uninstall-triggers: .venv/.running ## remove everything of ours from both sides
	$(BIN)/cdc uninstall-triggers

lock: ## write the lock files anew from pyproject.toml
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/pip install --quiet uv==0.13.9
	$(COMPILE) --group build --all-extras --upgrade pyproject.toml --output-file requirements.lock
	$(COMPILE) --group dev --all-extras --constraint requirements.lock --upgrade pyproject.toml --output-file requirements-dev.lock
	rm -rf .venv-lock

clean: ## remove what the tools left (not the data folder, not backups)
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
