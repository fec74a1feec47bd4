# The commands of this repository. Needs make and Python 3.11 or newer; everything else is brought along.
PYTHON ?= python3
BIN := .venv/bin
SETUP := $(PYTHON) spm/embedded/environment.py

.DEFAULT_GOAL := help
.PHONY: help setup demo stop test lint format lock clean

help:
	@echo "make setup   the environment: .venv, front-end packages and build"
	@echo "make demo    the whole product with demo data; Ctrl-C stops it"
	@echo "make stop    stop a demo and the embedded database that still run"
	@echo "make test    everything that CI checks"
	@echo "make lint    style, types, import contracts"
	@echo "make format  rewrite the code in the one style"
	@echo "make lock    compile the requirements files from pyproject.toml"
	@echo "make clean   stop what runs, remove what was made; the data in .data stays"

setup:
	@echo "setup: environment in .venv, front-end packages by lock file, front-end build"
	@$(SETUP) --dev

demo:
	@echo "demo: environment, database, Redis, migrations, demo data, worker, beat, web"
	@$(SETUP)
	@exec $(BIN)/python -m spm.embedded demo

stop:
	@echo "stop: demo, embedded database and Redis"
	@$(BIN)/python -m spm.embedded stop

test: setup
	@echo "test: style, types, import contracts, migrations, tests on PostgreSQL and Redis, browser journeys"
	@$(BIN)/python -m tests.support.checks --all

lint:
	@echo "lint: style, types, import contracts"
	@$(BIN)/python -m tests.support.checks --lint

format:
	@echo "format: ruff"
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

# Universal: one set for every platform and Python; hashes, and no address of any registry.
COMPILE := uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --quiet --custom-compile-command "make lock"
lock:
	@echo "lock: requirements.txt (runtime), requirements-dev.txt (checks), requirements-build.txt (installer, Node)"
	@PATH="$(CURDIR)/$(BIN):$$PATH"; export PATH; \
	$(COMPILE) --extra embedded -o requirements.txt && \
	$(COMPILE) --extra dev -c requirements.txt -o requirements-dev.txt && \
	$(BIN)/python -c "import tomllib; print('\n'.join(tomllib.load(open('pyproject.toml','rb'))['project']['optional-dependencies']['build']))" | \
	uv pip compile - --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --quiet -o requirements-build.txt

clean:
	@echo "clean: .venv, node_modules, builds and caches; .data stays"
	@if [ -x $(BIN)/python ]; then $(BIN)/python -m spm.embedded stop; fi
	@rm -rf .venv node_modules spm/assets/dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache htmlcov .coverage
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
