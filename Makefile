# make demo   play the whole chain on real data and stay up       make test   every test, as CI runs it
# make check  lint, types, floors and the touched rooms' tests, before a commit  make bench / make soak  apart
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CLIENT := .venv-client/bin/python
# Three at a time where tests mostly wait for processes, two where they compute.
# The long walks of tests/ begin before the many short ones, or one core would stand idle at the end.
# A fixed hash seed: parallel workers have to collect the same tests in the same order.
# Bytecode is kept even where the environment says not to: some hundred processes of the platform are started.
PYTEST := PYTHONDONTWRITEBYTECODE= PYTHONHASHSEED=0 $(BIN)/pytest -q
PIP := -m pip --quiet --disable-pip-version-check install --require-hashes

.PHONY: demo serve test check lint types floors unit bench soak clean

demo: $(VENV)/.app .venv-client/.done
	@$(BIN)/shugang demo

serve: $(VENV)/.app
	@$(BIN)/shugang serve

$(VENV)/.app: requirements/build.txt requirements/app.txt pyproject.toml
	@echo "安装平台依赖 / installing the platform's dependencies …"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python $(PIP) -r requirements/build.txt
	@$(BIN)/python $(PIP) -r requirements/app.txt
	@PYTHONWARNINGS=ignore $(BIN)/python -m pip --quiet --disable-pip-version-check install --no-deps --no-build-isolation --no-index -e .
	@touch $@

$(VENV)/.test: requirements/test.txt $(VENV)/.app
	@$(BIN)/python $(PIP) -r requirements/test.txt
	@touch $@

# The official delta-sharing client pins old libraries, so it lives in an environment of its own.
.venv-client/.done: requirements/client.txt
	@echo "安装官方 delta-sharing 客户端 / installing the official delta-sharing client …"
	@test -x $(CLIENT) || $(PYTHON) -m venv .venv-client
	@$(CLIENT) $(PIP) -r requirements/client.txt
	@touch $@

lint: $(VENV)/.test
	@$(BIN)/ruff check . && $(BIN)/ruff format --check -q .

types: $(VENV)/.test
	@$(BIN)/mypy

floors: $(VENV)/.test
	@$(BIN)/lint-imports --no-logo

unit: $(VENV)/.test
	@$(PYTEST) -n 2 --dist loadfile -m "not system and not browser" $$($(BIN)/python scripts/touched_tests.py)

check: lint types floors unit

test: $(VENV)/.test .venv-client/.done
	@sh scripts/system-packages.sh
	@$(MAKE) -j2 --no-print-directory lint types floors
	@$(PYTEST) -n 2 --dist loadfile -m "not system and not browser"
	@$(PYTEST) -n 3 --dist loadfile --no-loadscope-reorder -m "system or browser" tests shugang
	@$(BIN)/python scripts/with_postgres.py env $(PYTEST) -n 3 --dist loadfile -m both

bench: $(VENV)/.test
	@$(BIN)/python -m bench

soak: $(VENV)/.test
	@$(PYTEST) soak

clean:
	rm -rf $(VENV) .venv-client var
