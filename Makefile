# GPFF Studio: `make run` serves the editor, `make test` checks everything. Both set up what they need first and
# start at once when nothing has changed since.

PORT ?= 8000
RUN ?= runs/default
N ?= 1000

VENV := .venv
PYTHON := $(VENV)/bin/python
PAGE := frontend/dist/index.html
PAGE_SOURCES := frontend/index.html frontend/vite.config.ts frontend/tsconfig.json \
	$(shell find frontend/src frontend/public -type f 2>/dev/null)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup run test train evaluate bench bench-page lighthouse load lint format lock clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

setup: $(VENV)/.kernel $(PAGE) ## make .venv/, build the kernel and the page; does only what has changed

run: setup ## serve the editor on 127.0.0.1 (PORT=8000)
	@PORT=$(PORT) exec $(PYTHON) -m studio

test: setup ## run every check: style, types, import contracts, the page's tests, the Python tests with Chromium
	@scripts/test.sh

train: $(VENV)/.kernel ## train, or go on with, the model in runs/default (RUN=folder)
	@$(VENV)/bin/gpff train $(RUN)

evaluate: $(VENV)/.kernel ## make the tables and figures of docs/results from N molecules a cell; goes on where it was (N=1000)
	@OMP_NUM_THREADS=1 $(VENV)/bin/gpff evaluate --n $(N)

bench: $(VENV)/.kernel ## measure speed, side by side with the stock modules
	@$(PYTHON) -m benchmarks

bench-page: setup ## measure the page in Chromium: memory over 500 generations, work of the main thread
	@$(PYTHON) -m benchmarks.page

lighthouse: setup ## what Lighthouse says of the page; npm fetches it
	@$(PYTHON) -m benchmarks.lighthouse

load: $(VENV)/.kernel ## 10,000 jobs of well and badly behaved clients against a service of their own
	@$(PYTHON) -m benchmarks.load

lint: $(VENV)/.installed frontend/node_modules/.installed ## style, types and import contracts alone
	@scripts/test.sh lint

format: $(VENV)/.installed ## rewrite the Python sources in the house style
	@$(VENV)/bin/ruff check --fix-only --quiet .
	@$(VENV)/bin/ruff format .

lock: $(VENV)/.installed ## pin every requirement of pyproject.toml anew in requirements.lock
	@scripts/setup.sh lock

clean: ## remove what setup made; trained models and data stay
	rm -rf $(VENV) .tools frontend/node_modules frontend/dist models/gpff/_kernel.so
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

$(VENV)/.installed: requirements.lock pyproject.toml .python-version scripts/setup.sh
	@scripts/setup.sh python
	@touch $@

$(VENV)/.kernel: $(VENV)/.installed models/gpff/kernel.py $(wildcard models/gpff/*.[ch])
	@scripts/setup.sh kernel
	@touch $@

frontend/node_modules/.installed: frontend/package.json frontend/package-lock.json frontend/.npmrc scripts/npm.sh | $(VENV)/.installed
	@scripts/npm.sh ci --no-audit --no-fund
	@touch $@

$(PAGE): frontend/node_modules/.installed $(PAGE_SOURCES)
	@scripts/npm.sh run build
