# `make help` tells what there is. Only Python 3.11+ and make are assumed.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
FLASK := $(BIN)/flask --app wsgi

.PHONY: help run install test check bench format keys clean
.DEFAULT_GOAL := help

help: ## Show this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

run: install ## Set up, migrate, fill in a demonstration, serve on http://127.0.0.1:8000
	@$(FLASK) db upgrade
	@$(FLASK) seed-demo --if-empty
	@exec $(FLASK) serve

install: $(READY) ## Make the virtual environment with the locked dependencies

$(READY): requirements-dev.lock
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $(READY)

test: install ## Run every test
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

check: install ## Format, lint, types, import contracts, form files, migrations, docs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	CONSULT_DATA=build/check $(FLASK) forms check
	rm -rf build/check && CONSULT_DATA=build/check $(FLASK) db upgrade
	CONSULT_DATA=build/check $(FLASK) db check
	$(BIN)/python -m pytest -q tests/architecture/test_docs.py

bench: install ## Measure: raw figures, and ratios to a bare Flask in the same run
	$(BIN)/python -m tests.bench

format: install ## Put the code into shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

keys: install ## Print new keys for the production settings
	@CONSULT_ENV=development CONSULT_DATA=build/keys $(FLASK) keys new

clean: ## Remove the virtual environment and everything built; data stays
	rm -rf $(VENV) build .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
