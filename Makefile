# Everything installs with pip into .venv; nothing needs root.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test setup lint slow bench readme clean
demo: .venv/bitline
	$(BIN)/bitline demo

test: setup
	$(BIN)/pytest

setup: .venv/bitline-dev

.venv/bitline: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -q --disable-pip-version-check -e .
	touch $@

.venv/bitline-dev: .venv/bitline
	$(BIN)/pip install -q --disable-pip-version-check -e '.[dev]'
	touch $@

lint: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

slow: setup
	$(BIN)/pytest -m slow

bench: setup
	$(BIN)/python -m flow.benchmarks

readme: setup
	$(BIN)/python -m flow.readme

clean:
	rm -rf .venv
