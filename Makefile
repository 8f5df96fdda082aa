# Everything is installed into .venv/; a stamp there tells that it is up to date.

PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
UV ?= uv
PIP = .venv/bin/python -m pip -qq --disable-pip-version-check install
PLUGINS = $(filter-out plugins/_%,$(patsubst %/pyproject.toml,%,$(wildcard plugins/*/pyproject.toml)))
PROJECTS = schema . $(PLUGINS)
DECLARED = $(PROJECTS:%=%/pyproject.toml)
LOCK = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-annotate --no-header --no-emit-package gongzhi --no-emit-package gongzhi-server --no-emit-package gongzhi-dispatch --no-emit-package gongzhi-operations

.PHONY: run test test-all bench bench-quick lint format schema lock clean

run: .venv/run  ## start the server; the demo county is loaded on first start
	@.venv/bin/gongzhi serve --demo

test: .venv/dev  ## what CI runs, a process a core
	.venv/bin/pytest -n auto --dist loadfile

test-all: .venv/dev  ## the slow tests too
	.venv/bin/pytest -n auto --dist loadfile -m "slow or not slow"

bench: .venv/dev  ## compare with the peers: ten minutes on a quiet machine
	.venv/bin/python -m benchmarks

bench-quick: .venv/dev  ## one short round in a small county, to see that it works
	.venv/bin/python -m benchmarks --quick

lint: .venv/dev
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports

format: .venv/dev
	.venv/bin/ruff check --fix
	.venv/bin/ruff format

schema: .venv/run  ## write the committed SDL, and the document of events
	.venv/bin/gongzhi schema --core > schema/core.part && mv schema/core.part schema/core.graphql
	.venv/bin/gongzhi schema > schema/full.part && mv schema/full.part schema/full.graphql
	.venv/bin/gongzhi asyncapi > schema/asyncapi.part && mv schema/asyncapi.part schema/asyncapi.json

lock:  ## pin anew (needs uv); add LOCK_FLAGS=--upgrade for newer versions
	$(LOCK) $(LOCK_FLAGS) --group build pyproject.toml $(PLUGINS:%=%/pyproject.toml) -o requirements.lock
	$(LOCK) $(LOCK_FLAGS) --group build --group dev -c requirements.lock pyproject.toml $(PLUGINS:%=%/pyproject.toml) -o requirements-dev.lock

release: .venv/dev  ## into dist/: wheels, source archives, bill of materials, licences, checksums
	.venv/bin/python releasing/release.py

images:  ## pin the images of Dockerfile and compose.yaml by their digests (needs docker)
	$(PYTHON) releasing/images.py

clean:  ## all but the data
	rm -rf .venv .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -prune -exec rm -rf {} +

.venv/run: requirements.lock $(DECLARED)
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: make run PYTHON=/path/to/python3"; exit 1; }
	@echo "Installing into .venv/ …"
	@test -x .venv/bin/python || $(PYTHON) -m venv .venv
	@$(PIP) --require-hashes -r requirements.lock
	@$(PIP) --no-deps --no-build-isolation $(PROJECTS:%=-e ./%)
	@touch $@

.venv/dev: .venv/run requirements-dev.lock
	@$(PIP) --require-hashes -r requirements-dev.lock
	@touch $@
