# Everything a developer does, one word each. `make` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help demo test lint format docs screenshots lock bench clean

help: ## show these words
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/run: requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps -e .
	@touch $@

$(VENV)/dev: requirements-dev.lock $(VENV)/run
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

demo: $(VENV)/run ## start everything on free loopback ports and send the starter templates' messages (ARGS=--once: then stop)
	$(BIN)/burgee demo $(ARGS)

test: $(VENV)/dev ## run every test, on SQLite and a real PostgreSQL (ARGS="-k word" for some)
	$(BIN)/python -m pytest -n auto $(ARGS)

lint: $(VENV)/dev ## check style, types, imports, templates, and that the generated docs are true
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/burgee lint
	$(BIN)/burgee test
	$(BIN)/python docs/generate.py --check

format: $(VENV)/dev ## put the code in shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/dev ## write docs/reference/ from the code
	$(BIN)/python docs/generate.py

screenshots: $(VENV)/dev ## make the pictures of the studio for the docs (needs Chromium)
	$(BIN)/python -m tests.browser.screenshots docs/images/studio

bench: $(VENV)/dev ## run the benchmarks (a few minutes; nothing else should run)
	$(BIN)/python -m benchmarks $(ARGS)

lock: ## write the lock files anew (needs uv)
	uv pip compile pyproject.toml --extra dev $(LOCK) -o requirements-dev.lock
	uv pip compile pyproject.toml -c requirements-dev.lock $(LOCK) -o requirements.lock
LOCK := -q --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header

clean: ## remove the environment, caches and demo data
	rm -rf $(VENV) var dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
