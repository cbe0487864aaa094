# Two commands: `make run` serves the demo, `make test` runs the suite. Settings come from the environment: docs/settings.md.

PYTHON := .venv/bin/python
UV := $(or $(wildcard .venv/bin/uv),$(shell command -v uv 2>/dev/null))
LOCK = $(UV) pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--custom-compile-command "make lock" --quiet

# Production settings for `manage.py check --deploy`, which connects to nothing.
AS_PRODUCTION = PRODUCTION=true HTTPS=true ALLOWED_HOSTS=attendance.example.org \
	TOKEN_KEYS="$$($(PYTHON) -c 'from lessons.accounts import keys; print(keys.dump(keys.rotated([], now=0)))')" \
	DATABASE_URL=postgres://nobody@127.0.0.1:1/none MONGODB_URL=mongodb://127.0.0.1:1/ \
	SECRET_KEY=$$($(PYTHON) -c 'import secrets; print(secrets.token_urlsafe(64))')

# Some machines set this. Without bytecode, each process of the suite and the drills would compile every module again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup run test setup-browser test-browser screenshots check check-javascript demo-reset drill-completion drill-offline drill-failover drill-postgres fuzz lock
.SILENT:

help:
	sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 26

setup: .venv/installed  ## installs the pinned requirements into .venv

run: setup  ## serves the demo on http://localhost:8000 (PORT); Ctrl-C stops it
	exec $(PYTHON) -m dev.local

# Distributed by file, because costly fixtures are made once per file (`--dist loadgroup` has no effect in pytest-xdist
# 3.8 with pytest 9.2: its issue 1386), and in the order of `conftest.py` rather than by the number of tests.
test: setup  ## the whole suite, on stores of its own
	exec $(PYTHON) -m pytest -n auto --dist loadfile --no-loadscope-reorder

setup-browser:  ## installs Chromium from Debian, for the tests in a browser
	if [ ! -x /usr/bin/chromium ]; then \
		command -v apt-get >/dev/null || { echo "Debian's chromium is needed at /usr/bin/chromium" >&2; exit 1; }; \
		root=$$([ "$$(id -u)" = 0 ] || echo sudo); \
		$$root apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$root apt-get install -qq --no-install-recommends \
			chromium fonts-dejavu-core >/dev/null; \
	fi

test-browser: setup  ## the pages in a real browser
	test -x /usr/bin/chromium || { echo "Chromium is not installed: make setup-browser" >&2; exit 1; }
	exec $(PYTHON) -m pytest browser

check: setup  ## lint, format, types, templates, migrations, production settings, known vulnerabilities
	$(PYTHON) -m ruff check
	$(PYTHON) -m ruff format --check
	$(PYTHON) -m mypy
	$(PYTHON) -m djlint templates --lint --check
	$(PYTHON) manage.py makemigrations --check --dry-run
	$(PYTHON) manage.py spectacular --validate --fail-on-warn --file /dev/null
	$(AS_PRODUCTION) $(PYTHON) manage.py check --deploy --fail-level WARNING
	$(PYTHON) .ci/audit.py requirements-dev.txt

check-javascript: node_modules/installed  ## lint, types and tests of the scripts; needs Node 18.19 or later with npm
	npm run --silent lint
	npm run --silent types
	npm run --silent test

demo-reset: setup  ## deletes everything that was entered; the next run loads a fresh demo
	exec $(PYTHON) -m dev.local reset

drill-completion: setup  ## kills processes at every step of taking registers, 1,000 times (RUNS=500 for each set, SEED)
	for nodes in 1 3; do \
		$(PYTHON) -m drills.completion --nodes $$nodes --runs $(or $(RUNS),500) $(and $(SEED),--seed $(SEED)) --every-step \
			--totals var/drill-completion.json || exit 1; \
	done

drill-failover: setup  ## kills, hangs and steps down MongoDB's primary under load, and counts lost reports (4 minutes)
	exec $(PYTHON) -m drills.failover

screenshots: setup  ## the pictures in README.md and docs, from the demo that `make run` serves (PORT)
	exec $(PYTHON) -m browser.screenshots --url http://localhost:$(or $(PORT),8000)

drill-offline: setup  ## takes registers while network, server and sign-in come and go (RUNS=200, SEED)
	exec $(PYTHON) -m browser.drill --runs $(or $(RUNS),200) $(and $(SEED),--seed $(SEED))

fuzz: setup  ## runs a fuzzer that reads the API's schema, as every role (REQUESTS=20000, SEED)
	exec $(PYTHON) -m drills.fuzz --requests $(or $(REQUESTS),20000) $(and $(SEED),--seed $(SEED))

drill-postgres: setup  ## stops and freezes PostgreSQL while absences are reported and lessons completed (2 minutes)
	exec $(PYTHON) -m drills.postgres

lock:  ## pins requirements.in and requirements-dev.in again; needs uv
	test -n "$(UV)" || { echo "uv is needed: pip install uv, or .venv/bin/pip install uv" >&2; exit 1; }
	$(LOCK) requirements.in -o requirements.txt
	$(LOCK) requirements-dev.in -o requirements-dev.txt

node_modules/installed: package.json package-lock.json
	command -v npm >/dev/null || { echo "Node 18.19 or later with npm is needed" \
		"(on Debian: apt-get install nodejs npm)." >&2; exit 1; }
	npm ci --no-audit --no-fund
	touch $@

.venv/installed: requirements.txt requirements-dev.txt
	for python in python3.13 python3.12 python3.11 python3; do \
		$$python -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break; \
		python=; \
	done; \
	test -n "$$python" || { echo "Python 3.11 or later with venv is needed" \
		"(on Debian: apt-get install python3 python3-venv)." >&2; exit 1; }; \
	echo "Installing what is pinned into .venv, with $$($$python --version)."; \
	$$python -m venv .venv
	$(PYTHON) -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@
