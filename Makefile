# Everything a person does with a checkout. Needs Python 3.11 or newer and make; what else it
# takes goes into .venv (and node_modules) on first use, and again only when its list changes.
# Paths are relative, so that the checkout may lie anywhere, spaces in its path included.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

# The machine's own python3 where it is new enough, else the newest that can make a venv.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11 python; do \
	$$python -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' \
	>/dev/null 2>&1 && echo $$python && break; done)

PY := .venv/bin/python
PIP := $(PY) -m pip --disable-pip-version-check
NPM := $(PY) hatch_build.py npm
# JupyterLab shows the panel as it was built last, not as it was when the package was installed.
LABEXTENSIONS := .venv/share/jupyter/labextensions
LINK := rm -rf $(LABEXTENSIONS)/zen-nb && mkdir -p $(LABEXTENSIONS) && \
	ln -s ../../../../zen_nb/labextension $(LABEXTENSIONS)/zen-nb
QUICKSTART := notebooks/01_quickstart.ipynb

PACKAGING := pyproject.toml hatch_build.py zen_nb/_version.py
FRONTEND := $(shell find frontend/src frontend/*.json frontend/*.mjs -type f 2>/dev/null)

.PHONY: help demo test sweep lint frontend lab bench bench-peers soundness foreign faults \
	remote-faults clean

help:
	@echo "make demo      run the quickstart notebook twice, from a cold and from a warm cache"
	@echo "make test      install what the tests need and run all of them"
	@echo "make sweep     play the many variations that make test leaves out"
	@echo "make lab       open JupyterLab on the notebooks"
	@echo "make bench     measure zen_nb beside its peers"
	@echo "make bench-peers  the same work in each peer's own environment, some 25 minutes:" \
		"benchmarks/RESULTS.md"
	@echo "make soundness play edits in zen_nb and its peers, some 10 minutes: benchmarks/soundness.md"
	@echo "make faults    play faults on the store and on joblib, some 15 minutes: benchmarks/faults.md"
	@echo "make remote-faults  play faults on a shared store, some 10 minutes: benchmarks/remote.md"
	@echo "make foreign   play what packages show as notebooks, some 20 minutes: benchmarks/foreign.md"
	@echo "make frontend  build the widget from frontend/"
	@echo "make lint      style, types and floors, without the tests"
	@echo "make clean     remove all that make made"

# ---------------------------------------------------------------- what is installed

.venv/.made:
	@test -n "$(PYTHON)" || { echo "make: no Python 3.11 or newer with venv here;" \
		"install one, or name it: make PYTHON=/path/to/python3" >&2; exit 1; }
	@echo "making .venv with $$("$(PYTHON)" --version)"
	@"$(PYTHON)" -m venv --clear .venv
	@touch $@

# The front end is built first, so that the build of the package finds it done.
.venv/.demo: .venv/.made $(PACKAGING) | zen_nb/static/widget.js
	@echo "installing zen_nb and what the notebooks need"
	@$(PIP) install --quiet --quiet --editable '.[demo]'
	@$(LINK)
	@touch $@

.venv/.lab: .venv/.demo
	@$(PIP) install --quiet --quiet 'jupyterlab>=4.4'
	@touch $@

.venv/.test: .venv/.made $(PACKAGING) | zen_nb/static/widget.js
	@echo "installing zen_nb and what the tests need"
	@$(PIP) install --quiet --quiet --editable '.[test,dev]'
	@$(LINK)
	@touch $@ .venv/.demo .venv/.lab

# The node that a package brings, where this machine has none (hatch_build.py decides).
.venv/.node: .venv/.made hatch_build.py
	@package=$$($(PY) hatch_build.py requirement) && \
		{ test -z "$$package" || $(PIP) install --quiet --quiet "$$package"; }
	@touch $@

.venv/.node_modules: frontend/package.json frontend/package-lock.json .venv/.node
	@echo "installing what the front end is built with"
	@$(PY) hatch_build.py install
	@touch $@

zen_nb/static/widget.js: $(FRONTEND) | .venv/.node_modules
	@echo "building the front end"
	@$(NPM) run --loglevel=error build
	@touch $@

.venv/.chromium: .venv/.test
	@.ci/chromium $(PY) > $@
	@echo "Chromium for the browser tests: $$(cat $@)"

# On top of .venv: the tests must not meet what peers bring.
.venv/peers/.made: benchmarks/soundness/peers.txt | .venv/.test
	@echo "installing the peers of the soundness table"
	@$(PY) -m benchmarks.soundness.environment .venv/peers
	@touch $@

# Each by itself, as its users have it: what is installed, and imported, is a part of the answer.
.venv/apart/.made: benchmarks/peers/systems.py benchmarks/peers/work.txt $(PACKAGING) | .venv/.test
	@echo "making an environment for each system that is measured"
	@$(PY) -m benchmarks.peers.environments .venv/apart
	@touch $@

.venv/.foreign: benchmarks/foreign/packages.txt | .venv/.test
	@echo "installing the packages whose examples are played"
	@$(PIP) install --quiet --quiet -r benchmarks/foreign/packages.txt
	@touch $@

# ---------------------------------------------------------------- what is done

demo: .venv/.demo zen_nb/static/widget.js
	@rm -rf .demo
	@mkdir -p .demo
	@echo
	@echo "First pass, from an empty cache:"
	@ZEN_NB_CACHE_DIR="$(CURDIR)/.demo/cache" .venv/bin/zen-nb run $(QUICKSTART) \
		-o .demo/first.ipynb
	@echo
	@echo "Second pass, a new kernel over the same cache:"
	@ZEN_NB_CACHE_DIR="$(CURDIR)/.demo/cache" .venv/bin/zen-nb run $(QUICKSTART) \
		-o .demo/second.ipynb --picture .demo/graph.svg

frontend: zen_nb/static/widget.js

lint: .venv/.test .venv/.node_modules
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports
	@$(NPM) run --loglevel=error lint
	@$(NPM) run --loglevel=error types

# pytest comes last, and its closing line is the last of all.
test: lint zen_nb/static/widget.js .venv/.chromium
	@$(NPM) run --loglevel=error test
	ZEN_NB_CHROMIUM="$$(cat .venv/.chromium)" $(PY) -m pytest -n 2 --dist loadgroup

# What takes minutes: many variations of what `make test` holds.
sweep: .venv/.test zen_nb/static/widget.js
	$(PY) -m pytest -n 2 --dist loadgroup -m sweep

lab: .venv/.lab zen_nb/static/widget.js
	.venv/bin/jupyter lab notebooks $$(test "$$(id -u)" != 0 || echo --allow-root)

faults: .venv/.test
	$(PY) -m benchmarks.faults benchmarks/faults.md

remote-faults: .venv/.test
	$(PY) -m benchmarks.remote_faults benchmarks/remote.md

bench: .venv/.test
	$(PY) -m benchmarks

bench-peers: .venv/apart/.made
	$(PY) -m benchmarks.peers .venv/apart

soundness: .venv/peers/.made
	$(PY) -m benchmarks.soundness .venv/peers/bin/python

foreign: .venv/.foreign
	$(PY) -m benchmarks.foreign

clean:
	rm -rf .venv .demo .screenshots build dist zen_nb/static zen_nb/labextension
	rm -rf frontend/node_modules
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
