# Everything a fresh machine with Python 3.11+ and make needs: `make demo` and `make test`.

PYTHON ?= python3
VENV   ?= .venv
ENGINE ?= kokoro
# Processes that run tests side by side.
JOBS   ?= auto
# What pytest is told besides, for example: make test PYTEST='-m "not slow" -x'
PYTEST ?=
# How long each input is fuzzed.
SECONDS ?= 60
# Which sample of mutants is judged, and how many there are in it.
SEED   ?= 9
COUNT  ?= 300

BIN   := $(VENV)/bin
READY := $(VENV)/.ready
TSC   := build/page/node_modules/.bin/tsc

LOCK  := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
         --custom-compile-command 'make lock' pyproject.toml

SHELL_SCRIPTS := .ci/run tools/demo.sh docker/entrypoint.sh docker/worker.sh examples/cluster/slurm.sh examples/cluster/ssh.sh

.PHONY: help demo studio test torture fuzz mutate lint format lock bench docs words clean

help: ## what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

demo: $(READY) ## render a short episode of examples/site (ENGINE=openjtalk is quicker, kokoro is the default)
	@PATH="$(abspath $(BIN)):$$PATH" tools/demo.sh $(ENGINE)

studio: ENGINE = openjtalk
studio: $(READY) ## hear and mend a copy of examples/site in the browser (ENGINE=kokoro, or the URL of an engine)
	@mkdir -p build; [ -d build/studio ] || cp -R examples/site build/studio
	@$(BIN)/tts-render studio --engine $(ENGINE) build/studio

test: $(READY) ## all tests, one process a core, with the line coverage of tts_render, which must be at least 90 %
	@$(BIN)/python -m pytest -n $(JOBS) --cov --cov-report=term-missing:skip-covered --cov-fail-under=90 $(PYTEST)

torture: $(READY) ## every fault of a disk and 200 killed runs, where the tests try a part (about five minutes)
	TORTURE=1 $(BIN)/python -m pytest $(PYTEST) tests/faults/test_bad_disk.py tests/faults/test_bad_moment.py

fuzz: $(READY) ## break what is promised of posts, scripts and voices.yaml, SECONDS=60 each (CPython on x86-64 Linux)
	@for input in post script voices; do $(BIN)/python -m tests.fuzz $$input --seconds $(SECONDS) || exit 1; done

mutate: $(READY) ## break COUNT=300 places of the code, one after the other, and list what no test notices
	$(BIN)/python -m tools.mutate --seed $(SEED) --count $(COUNT)

lint: $(READY) $(TSC) ## ruff, mypy in strict mode, shellcheck, and the types of what runs in the browser
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy tts_render tests $(wildcard tools/*.py benchmarks/*.py)
	$(BIN)/shellcheck $(SHELL_SCRIPTS)
	$(TSC) --project requirements/page

format: $(READY) ## lay out the code
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: $(READY) ## measure, each figure beside its baseline; writes docs/performance.md
	$(BIN)/python -m benchmarks.reading
	$(BIN)/python -m benchmarks.studio
	$(BIN)/python -m benchmarks.cluster speaking overhead
	$(BIN)/python -m benchmarks.speed --write

docs: $(READY) ## write what is generated in docs/ anew
	$(BIN)/python -m tools.make_cli_reference

words: $(READY) ## collect what the program says, update the catalogues and compile them; names what is not translated
	$(BIN)/python -m tools.words

lock: ## choose newer versions for development, CI, the image and the action (needs uv)
	$(LOCK) --upgrade --all-extras --group dev requirements/tools.in -o requirements/dev.txt
	$(LOCK) --upgrade --constraint requirements/dev.txt requirements/run.in -o requirements/run.txt
	$(LOCK) --upgrade --constraint requirements/dev.txt requirements/image.in -o requirements/image.txt

$(TSC): requirements/page/package-lock.json
	@mkdir -p build/page && cp requirements/page/package.json requirements/page/package-lock.json build/page
	@npm ci --silent --no-audit --no-fund --ignore-scripts --prefix build/page
	@touch $@

clean: ## remove what was made here
	rm -rf $(VENV) build dist .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(READY): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "tts-render needs Python 3.11 or newer; name one with PYTHON=...")'
	@echo 'Making $(VENV) with the locked dependencies, about 0.9 GB; this takes a minute ...'
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@
