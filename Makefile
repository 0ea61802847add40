# The two commands: `make demo` and `make test`. Both make their own environment in .venv from a lock file.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STUDY ?= scripts/studies/jiading_sample.yaml
OUT ?= out/jiading_sample

.PHONY: demo test test-long lint bench lock clean

demo: $(VENV)/.runtime
	$(BIN)/retrofolio run $(STUDY) --out $(OUT)

test: lint
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not long"

test-long: $(VENV)/.development
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "long and not benchmark"

bench: $(VENV)/.development
	$(BIN)/python -m pytest -m benchmark

lint: $(VENV)/.development
	$(BIN)/ruff check .
	$(BIN)/mypy

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: requirements.lock pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/.development: requirements-dev.lock $(VENV)/.runtime
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements-dev.lock
	touch $@

# Remake both lock files after a change of pyproject.toml.
lock: | $(BIN)/python
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --extra build --python-version 3.11 --generate-hashes --no-annotate --no-header \
	    --quiet --output-file requirements.lock
	$(BIN)/uv pip compile pyproject.toml --extra build --extra dev --python-version 3.11 --generate-hashes --no-annotate --no-header \
	    --quiet --constraint requirements.lock --output-file requirements-dev.lock

clean:
	rm -rf $(VENV) out
