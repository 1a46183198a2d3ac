# Two commands do everything, set-up included: make demo, make test.
SHELL := bash
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
export TF_CPP_MIN_LOG_LEVEL := 3

.PHONY: demo test check bench setup lint clean

demo: setup
	coinspark nightly --config conf/demo.yaml

test: setup
	python -m pytest -c tests/pytest.ini --rootdir . -n logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder tests

check: setup lint test

lint: setup
	ruff check --config tests/ruff.toml coinspark jobs tests setup.py
	mypy --config-file tests/mypy.ini coinspark

bench: setup
	python -m tests.bench

setup:
	@deploy/setup.sh

clean:
	rm -rf build .pytest_cache .mypy_cache .ruff_cache
