# The two commands of the README are `make run` and `make test`; everything they need they install into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help setup run test check schema-check bench soak format schema explorer docs clean

help: ## Show this help
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Python 3.11 or newer is needed; say which one with: make PYTHON=python3.12 run" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "Python's venv module is missing; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: $(VENV)/bin/python requirements.txt requirements-build.txt pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt -r requirements-build.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

setup: $(VENV)/.run ## Make .venv with everything that serving needs

run: setup ## Serve the API on http://127.0.0.1:8000
	@$(BIN)/gql-api serve

test: $(VENV)/.dev ## Run the tests
	@$(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

check: $(VENV)/.dev schema-check ## Format, lint, types, import contracts, schema drift
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/gql-api schema --check schema.graphql
	@$(BIN)/python tests/advisories.py

schema-check: $(VENV)/.dev ## Tell what changed in schema.graphql since the last release; fail where clients break
	@$(BIN)/python tests/schema_changes.py

bench: $(VENV)/.dev ## Measure beside others, and by size; ARGS=--quick for less
	$(BIN)/python benchmarks/compare.py --check $(ARGS); status=$$?; \
	$(BIN)/python benchmarks/growth.py --check --plots benchmarks/results $(ARGS) && exit $$status

soak: $(VENV)/.dev ## Write while calls fail and processes are killed; ARGS="--mutations 100000"
	@$(BIN)/python benchmarks/soak.py $(ARGS)

format: $(VENV)/.dev ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

schema: setup ## Write schema.graphql anew
	$(BIN)/gql-api schema -o schema.graphql

explorer: setup ## Build the explorer again, saying what is in the way
	$(BIN)/python hatch_build.py

docs: $(VENV)/.dev ## Write the tables, answers and snippets of README.md and docs/, and llms.txt anew
	$(BIN)/python tests/readme.py
	$(BIN)/python tests/operations.py
	$(BIN)/python tests/snippets.py
	$(BIN)/python tests/llms.py
	PYTHONPATH=tests $(BIN)/python tests/examples/story.py

clean: ## Remove what was installed and built; data stays
	rm -rf $(VENV) gql_api/static build dist
