# `make` lists the targets. Each one first sees to a virtual environment in .venv, made once and refreshed when
# pyproject.toml changes. Another interpreter: make test PYTHON=python3.12

PYTHON ?= python3
# Four workers at most: each one imports pgmpy. By file, so that the wheel is built once; loadgroup has no effect with
# pytest 9.2 (pytest-xdist issue 1386).
PYTEST_ARGS ?= -n auto --maxprocesses 4 --dist loadfile

VENV := .venv
BIN := $(VENV)/bin
CORE := $(VENV)/.installed-core
DEV := $(VENV)/.installed-dev
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help app test lint format notebooks documents wheel-test clean distclean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' Makefile

app: $(CORE) ## open the page in a browser (needs the core dependencies only)
	@$(BIN)/thighdx app

# Tests run even where lint fails, so that one run shows everything; pytest's closing line comes last.
test: $(DEV) ## check everything: lint, types, all tests, the built wheel
	@status=0; \
	$(MAKE) --no-print-directory lint || status=1; \
	echo "== pytest: all tests, the browser's and the wheel's included"; \
	$(BIN)/pytest $(PYTEST_ARGS) || status=1; \
	exit $$status

lint: $(DEV) ## check style, formatting and types: ruff, mypy
	@status=0; \
	echo "== ruff check"; $(BIN)/ruff check || status=1; \
	echo "== ruff format --check (make format puts it right)"; $(BIN)/ruff format --check || status=1; \
	echo "== mypy"; $(BIN)/mypy || status=1; \
	exit $$status

format: $(DEV) ## put formatting and the order of imports right
	@$(BIN)/ruff check --select I --fix
	@$(BIN)/ruff format

notebooks: $(DEV) ## run every notebook of analysis/ on today's priors, keeping its figures
	@$(BIN)/python analysis/run_notebooks.py

# The measured figures first: the model card shows them. What is written is the same on every run.
documents: $(DEV) ## measure anew and write the pages of the causes and the model card (docs/)
	@$(BIN)/python analysis/performance.py
	@rm -f docs/causes/*.md
	@$(BIN)/thighdx cause --all --out docs/causes
	@$(BIN)/thighdx model-card docs/model-card.md

wheel-test: $(DEV) ## build the wheel, install it alone, try its commands and its page
	@$(BIN)/pytest tests/test_packaging.py

clean: ## remove caches and build outputs
	@rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find model tests analysis -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

distclean: clean ## also remove .venv
	@rm -rf $(VENV)

# Debian's python3 has no ensurepip until python3-venv is there: its own pip or virtualenv then serves.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "thighdx needs Python 3.11 or later; name one: make PYTHON=python3.12" >&2; exit 2; }
	@echo "== making $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv --clear $(VENV) >/dev/null 2>&1 || \
	    { $(PYTHON) -m venv --clear --without-pip $(VENV) && \
	      $(PYTHON) -m pip --python $(BIN)/python install --quiet pip; } >/dev/null 2>&1 || \
	    $(PYTHON) -m virtualenv --clear --quiet $(VENV) 2>/dev/null || \
	    { rm -rf $(VENV); \
	      echo "$(PYTHON) cannot make a virtual environment; on Debian or Ubuntu: apt-get install python3-venv" >&2; \
	      exit 2; }

$(CORE): pyproject.toml | $(BIN)/python
	@echo "== installing thighdx and what it needs into $(VENV) (minutes the first time)"
	@$(PIP) -e .
	@touch $@

$(DEV): pyproject.toml | $(BIN)/python
	@echo "== installing thighdx and its test tools into $(VENV) (minutes the first time)"
	@$(PIP) -e '.[dev]'
	@touch $(CORE) $@
