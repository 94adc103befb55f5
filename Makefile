# Every target sets itself up on a machine with Python 3.11+ and make; see README.md.
PYTHON ?= python3
STAGE ?=
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
# A stamp is newer than the requirements it was made from, or the environment is brought up to date.
READY := $(VENV)/.ready
AWS_READY := .venv-aws/.ready
BROWSER_READY := .local/.browser

# Branch coverage is measured and enforced (pyproject.toml) over the whole run, never over a few tests.
COVERAGE := $(if $(strip $(ARGS)),,--cov --cov-report=term-missing:skip-covered)

export SEEDS FIRST SEED HEAVY SABOTAGE

.DEFAULT_GOAL := help
.PHONY: help setup run demo test simulate bench mutate package deploy lint format clean browser

help:
	@echo "make run       everything up with a sandbox law firm; prints one address"
	@echo "make demo      the main job with nobody watching; exits 0 only if the books agree"
	@echo "make test      style, types, all tests"
	@echo "make simulate  the simulator; SEEDS=n FIRST=k, SEED=k, HEAVY=1, SABOTAGE=all"
	@echo "make bench     the figures of docs/performance.md, measured now"
	@echo "make mutate    breaks the rules of the domain one by one and counts what its tests notice; hours. ARGS=\"money\": one module"
	@echo "make package   the template and the zip;  make deploy STAGE=s puts them on AWS"
	@echo "make lint      style and types only;  make format mends style"
	@echo "make clean     removes the local stage's data and what was built"

$(READY): requirements.txt requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Fee Simple needs Python 3.11 or newer; say which with: make PYTHON=python3.12 ..."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

$(AWS_READY): infra/local/requirements.txt
	@test -x .venv-aws/bin/python || $(PYTHON) -m venv .venv-aws
	@.venv-aws/bin/python -m pip install --quiet --disable-pip-version-check -r infra/local/requirements.txt
	@touch $@

# Chromium for the browser tests: taken if it is there, installed where we may, otherwise those tests say why they
# are skipped.
$(BROWSER_READY):
	@mkdir -p .local
	@if command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null; then \
	  :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium; } \
	    >.local/browser.log 2>&1 || echo "chromium could not be installed (see .local/browser.log): browser tests are skipped"; \
	else \
	  echo "no chromium, and not root to install it: browser tests are skipped"; \
	fi
	@touch $@

# Both environments at the same time.
setup:
	@$(MAKE) -s --no-print-directory -j2 $(READY) $(AWS_READY)

browser: $(BROWSER_READY)

run: setup
	@$(BIN)/python -m infra.local.up

demo: setup
	@$(BIN)/python -m infra.local.demo

lint: $(READY)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: $(READY)
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

test:
	@$(MAKE) -s --no-print-directory -j2 $(READY) $(AWS_READY) browser lint
	@PYTHONHASHSEED=0 $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -rs $(COVERAGE) $(ARGS)

simulate: $(READY)
	@$(BIN)/python -m tests.simulation $(ARGS)

bench: setup
	@$(BIN)/python -m tests.bench $(ARGS)

mutate: $(READY)
	@$(BIN)/python -m tests.domain.mutate $(ARGS)

package: $(READY)
	@$(BIN)/python -m infra.package

# Needs an AWS account's credentials in the environment, a verified SES identity, and .env (see .env.example).
deploy: $(READY)
	@$(BIN)/python -m infra.deploy "$(STAGE)"

clean:
	@$(PYTHON) -m infra.local.clean
	@rm -rf .local .mypy_cache .ruff_cache .pytest_cache .hypothesis .chalice/deployments .chalice/deployed build dist
	@find . -name __pycache__ -type d -not -path './.venv*' -prune -exec rm -rf {} +
