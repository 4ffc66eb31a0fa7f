VENV ?= .venv
PYTHON ?= python3
BIN := $(VENV)/bin

.PHONY: run test soak check mutations bench bench-zones bench-server check-image rehearse screenshots translations fonts lock

run: $(VENV)/.ready
	$(BIN)/python -m sandbox

# Two workers: more than that wait for each other's browsers and databases on two cores.
test: $(VENV)/.ready
	$(BIN)/python -m pytest -n 2 --dist loadfile

# Longer runs of what is random. Its seed stands in the command that is printed;
# `make soak SOAK_SEED=…` makes the same choices again.
ifndef SOAK_SEED
SOAK_SEED := $(shell od -An -N4 -tu4 /dev/urandom | tr -d ' ')
endif
soak: $(VENV)/.ready
	SOAK_KILLS=300 FUZZ_EXAMPLES=1000 SOAK_SEED=$(SOAK_SEED) $(BIN)/python -m pytest -s \
		-o faulthandler_timeout=0 --hypothesis-seed=$(SOAK_SEED) tests/crash tests/test_fuzz.py

check: $(VENV)/.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Break the code in one place at a time: the tests must notice each.
mutations: $(VENV)/.ready
	$(BIN)/python tools/mutations.py

# Everything against its reference, into docs/performance.md: half an hour, 10 GB for as long.
bench: $(VENV)/.ready
	$(BIN)/python -W "ignore:XDG_RUNTIME_DIR" -m benchmarks

bench-zones: $(VENV)/.ready
	$(BIN)/python -m benchmarks.zones

bench-server: $(VENV)/.ready
	$(BIN)/python -W "ignore:XDG_RUNTIME_DIR" -m benchmarks.server

# PostgreSQL, nginx and two instances under load: kill, deploy, rotate, restore. Needs nginx.
rehearse: $(VENV)/.ready
	$(BIN)/python -W "ignore:XDG_RUNTIME_DIR" -m rehearsal

# The Dockerfile's steps without a container engine. As root the app runs as the image's user.
check-image: $(VENV)/.ready
	$(BIN)/python -m deploy.check_image

# Brings the catalogues up to the texts in the code. New ones are added blank: docs/translating.md.
translations: $(VENV)/.ready
	pot=$$(mktemp) && trap 'rm "$$pot"' EXIT && \
	$(BIN)/pybabel -q extract -F babel.cfg -k lazy_gettext --no-location --sort-output --no-wrap \
		-o "$$pot" . && \
	$(BIN)/pybabel -q update -i "$$pot" -d bcapp/translations --no-fuzzy-matching \
		--ignore-obsolete --ignore-pot-creation-date --no-wrap
	$(BIN)/pybabel -q compile -d bcapp/translations

# Into docs/screenshots, a third as large with a palette; needs a Chromium.
PALETTE := import sys; from PIL import Image; \
	[Image.open(f).quantize(dither=0, kmeans=1).save(f, optimize=True) for f in sys.argv[1:]]
screenshots: $(VENV)/.ready
	$(BIN)/python -m tests.journeys.screenshots >/dev/null
	$(BIN)/python -c "$(PALETTE)" docs/screenshots/*.png

# The font that the pages use, small: needed again only when it is to have other letters.
fonts:
	uv run -q --no-project --with font-source-sans-pro==0.0.1 --with fonttools==4.60.1 \
		--with brotli==1.2.0 python tools/fonts.py

# Every file of every package is pinned by its hash; no address of an index is written down.
lock:
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --no-annotate --upgrade -q pyproject.toml -o requirements.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --no-annotate --upgrade -q --extra dev pyproject.toml -c requirements.lock \
		-o requirements-dev.lock

$(VENV)/.ready: requirements-dev.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install -q --no-deps --no-build-isolation -e .
	touch $@
