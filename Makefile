# Everything is installed into .venv/; a stamp there tells that it is up to date.

PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
UV ?= .venv/bin/uv
PIP = .venv/bin/python -m pip -qq --disable-pip-version-check install
# uv takes a quarter of the time, and takes it from the index that pip is told of. Where it cannot, pip installs.
INDEX = $${PIP_INDEX_URL:-$$(.venv/bin/python -m pip config get global.index-url 2>/dev/null)}
install = index="$(INDEX)"; env $${index:+UV_DEFAULT_INDEX="$$index"} .venv/bin/uv pip install -qq --python .venv $(1) || $(PIP) $(1)
debian = { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && apt-get update -qq && \
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(1) >/dev/null; }
# A file to a process, in the order of their names: by number of tests those with few long ones would come last, alone.
PARALLEL = -n auto --dist loadfile --no-loadscope-reorder
PLUGINS = $(filter-out plugins/_%,$(patsubst %/pyproject.toml,%,$(wildcard plugins/*/pyproject.toml)))
PROJECTS = schema . $(PLUGINS)
DECLARED = $(PROJECTS:%=%/pyproject.toml)
LOCK = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-annotate --no-header --no-emit-package gongzhi --no-emit-package gongzhi-server $(PLUGINS:plugins/%=--no-emit-package gongzhi-%)
RECORDS = tests/access/test_conditions.py tests/access/test_matrix.py tests/planner/test_snapshots.py \
	tests/plugins/test_surface.py tests/core/test_kept.py $(wildcard $(PLUGINS:%=%/tests/test_conformance.py))

# Tests start hundreds of processes: compiled once, not by each, wherever the environment forbids that.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL = run
.PHONY: help run test test-all test-wheels test-newest test-random test-alone coverage mutants nightly bench bench-quick chaos jepsen lint format schema migration plugin docs records
.PHONY: explorer console client lock licences release images clean

help:  ## list what there is to make
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/\1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r name what; do printf '%-12s %s\n' "$$name" "$$what"; done

run: .venv/run  ## start the server; the demo county is loaded on first start
	@.venv/bin/gongzhi serve --demo

test: .venv/dev .venv/programs  ## what CI runs, a process a core and one more
	.venv/bin/pytest $(PARALLEL)

test-all: .venv/dev  ## the slow tests too, and which lines and branches the tests reach
	@$(MAKE) coverage TESTS='-m "slow or not slow"'

test-wheels: .venv/dev  ## the template's tests and our plugins' conformance, from wheels in clean environments
	.venv/bin/pytest -q -m slow tests/plugins/test_scaffold.py

test-newest:  ## what we use of libraries without their promise, with the newest releases that we allow
	@rm -rf .venv/newest && $(PYTHON) -m venv .venv/newest
	@.venv/newest/bin/python -m pip -qq --disable-pip-version-check install --upgrade pip
	@.venv/newest/bin/python -m pip -qq --disable-pip-version-check install --group build
	@.venv/newest/bin/python -m pip -qq --disable-pip-version-check install --no-build-isolation $(PROJECTS:%=-e ./%) --group dev
	.venv/newest/bin/python -m pytest -q -p no:cacheprovider tests/test_library_internals.py tests/planner/test_snapshots.py \
		tests/gateway/test_http.py

test-random: .venv/dev  ## in another order each time; the seed is printed: make test-random SEED=1 is that order again
	.venv/bin/pytest $(PARALLEL) -p randomly --randomly-dont-reset-seed \
		$(SEED:%=--randomly-seed=%) $(TESTS)

test-alone: .venv/dev  ## each file by itself, for none may need what another has left: make test-alone TESTS=tests/core/test_grids.py
	.venv/bin/python tools/each_file.py $(TESTS)

coverage: .venv/dev  ## which lines and branches the tests reach, by package: make coverage TESTS=tests/gateway
	@rm -f .coverage .coverage.*
	.venv/bin/coverage run -m pytest $(PARALLEL) $(TESTS); status=$$?; \
		.venv/bin/coverage combine -q && .venv/bin/python tools/coverage_table.py && exit $$status

mutants: .venv/dev  ## break planner, clocks, ledgers and rules, and print what no test notices: make mutants PART=credit
	.venv/bin/python tools/mutants.py $(PART)

nightly: test-all test-wheels test-newest test-random test-alone mutants  ## all that takes too long for each change

bench: .venv/dev  ## compare with the peers: ten minutes on a quiet machine
	.venv/bin/python -m benchmarks

bench-quick: .venv/dev  ## one short round in a small county, to see that it works
	.venv/bin/python -m benchmarks --quick

chaos: .venv/dev  ## kill, freeze and stop each part under load, and see that nothing is lost: make chaos SECONDS=120
	.venv/bin/python -m benchmarks.chaos $(SECONDS:%=--seconds %) $(SEED:%=--seed %)

jepsen: .venv/dev  ## faults of every kind for an hour, and a checker of what everybody saw: make jepsen SECONDS=120 SEED=1
	.venv/bin/python -m benchmarks.jepsen $(SECONDS:%=--seconds %) $(SEED:%=--seed %)

lint: .venv/dev  ## ruff, mypy and import-linter, as CI runs them
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports

format: .venv/dev  ## mend what ruff can mend
	.venv/bin/ruff check --fix
	.venv/bin/ruff format

schema: .venv/run  ## write the committed SDL, the document of events, and the labels
	.venv/bin/gongzhi schema --core > schema/core.part && mv schema/core.part schema/core.graphql
	.venv/bin/gongzhi schema > schema/full.part && mv schema/full.part schema/full.graphql
	.venv/bin/gongzhi asyncapi > schema/asyncapi.part && mv schema/asyncapi.part schema/asyncapi.json
	.venv/bin/gongzhi labels > schema/labels.part && mv schema/labels.part schema/labels.json

migration: .venv/run  ## write the migration that models lack: make migration NAME=people
	@.venv/bin/gongzhi makemigrations $(or $(NAME),$(error say whose: make migration NAME=people))

plugin: .venv/run  ## begin a plugin of this repository: make plugin NAME=weather
	.venv/bin/gongzhi plugin new $(or $(NAME),$(error say which: make plugin NAME=weather)) --into plugins
	mv plugins/gongzhi-$(subst _,-,$(NAME)) plugins/$(NAME)
	printf '\n[tool.uv.sources]\ngongzhi = { path = "../../schema", editable = true }\n' >> plugins/$(NAME)/pyproject.toml
	sed -i.part "s/^version = .*/$$(grep '^version = ' pyproject.toml)/" plugins/$(NAME)/pyproject.toml && rm plugins/$(NAME)/*.part

docs: .venv/run  ## write the tables of the pages and the reference from the code
	.venv/bin/python docs/tables.py
	.venv/bin/python docs/reference.py

explorer: .venv/dev  ## bundle the explorer's page from its sources, with the Node of the development requirements
	.venv/bin/python -m tools.frontends plugins/explorer/frontend

console: .venv/dev  ## bundle the console's page from its sources, and print how large it is
	.venv/bin/python -m tools.frontends plugins/console/frontend

records: .venv/dev schema docs client console  ## write anew all that is written down and compared: read the diff before you commit it
	GONGZHI_CONDITIONS=write GONGZHI_KEPT=write GONGZHI_MATRIX=write GONGZHI_SNAPSHOTS=write GONGZHI_SURFACE=write \
		.venv/bin/pytest -q $(PARALLEL) --write-additions $(RECORDS)

client: .venv/dev  ## build clients/typescript from its sources and the schema, and print how large it is
	.venv/bin/python -m clients.typescript.build

# The image has what the options need, so that every command of docs/operators.md runs in it.
lock: .venv/run  ## pin anew; add LOCK_FLAGS=--upgrade for newer versions
	$(LOCK) $(LOCK_FLAGS) --extra parquet --extra otel --extra mqtt --group build pyproject.toml $(PLUGINS:%=%/pyproject.toml) -o requirements.lock
	$(LOCK) $(LOCK_FLAGS) --group build --group dev -c requirements.lock pyproject.toml $(PLUGINS:%=%/pyproject.toml) -o requirements-dev.lock

licences: .venv/dev  ## write the list of licences from the lock file
	.venv/bin/python releasing/licences.py

release: .venv/dev  ## into dist/: wheels, source archives, bill of materials, licences, checksums
	.venv/bin/python releasing/release.py

images:  ## pin the images of Dockerfile and compose.yaml by their digests (needs docker)
	$(PYTHON) releasing/images.py

clean:  ## remove all that was made, but not the data
	rm -rf .venv .coverage .coverage.* .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -prune -exec rm -rf {} +

.venv/run: requirements.lock $(DECLARED)
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: make run PYTHON=/path/to/python3"; exit 1; }
	@echo "Installing into .venv/ …"
	@test -x .venv/bin/python || $(PYTHON) -m venv .venv
	@sed -n '/^uv==/,/[^\\]$$/p' requirements-dev.lock | $(PIP) --require-hashes --only-binary :all: -r /dev/stdin || true
	@$(call install,--require-hashes -r requirements.lock)
	@$(call install,--no-deps --no-build-isolation $(PROJECTS:%=-e ./%))
	@touch $@

.venv/dev: .venv/run requirements-dev.lock
	@$(call install,--require-hashes -r requirements-dev.lock)
	@touch $@

# What tests use of Debian's, where this machine lets us install it; they are skipped where it does not.
.venv/programs: .venv/dev
	@for one in chromium-headless-shell chromium chromium-browser google-chrome google-chrome-stable; do \
			command -v $$one >/dev/null && exit 0; \
		done; \
		$(call debian,chromium-headless-shell fonts-noto-cjk) || $(call debian,chromium fonts-noto-cjk) || \
		echo "Chromium is not here and cannot be installed: the tests of explorer and console are skipped"
	@test -x /usr/sbin/pgbouncer || command -v pgbouncer >/dev/null || $(call debian,pgbouncer) || \
		echo "pgbouncer is not here and cannot be installed: the tests of poolers are skipped"
	@touch $@
