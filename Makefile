# Everything a newcomer runs. `make help` lists it.
.DEFAULT_GOAL := help
.PHONY: help setup run test check lint lock bench install-triggers uninstall-triggers clean
PYTHON ?= python3
BIN := .venv/bin
WORKERS ?= 3

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  %-20s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/.complete ## .venv from the locked versions

.venv/.complete: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed; set PYTHON=/path/to/it")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

run: setup ## the service; with no DATABASE_URL set, a demo on two embedded servers
	$(BIN)/cdc run

test: setup ## all tests, on real PostgreSQL
	$(BIN)/pytest -n $(WORKERS) $(ARGS)

lint: setup ## format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint test ## what CI runs

bench: setup ## lag, catch-up and overhead beside native logical replication
	$(BIN)/python -m tests.bench $(ARGS)

install-triggers: setup ## start capturing on both sides
	$(BIN)/cdc install-triggers

uninstall-triggers: setup ## remove everything of ours from both sides
	$(BIN)/cdc uninstall-triggers

lock: ## write requirements.lock anew from pyproject.toml
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/pip install --quiet uv==0.13.9
	.venv-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --group dev \
	    --no-header --no-emit-index-url --upgrade pyproject.toml --output-file requirements.lock
	rm -rf .venv-lock

clean: ## remove what the tools left (not the data folder, not backups)
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
