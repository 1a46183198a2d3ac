# Every target sets up first: make demo, make test, make quick (tests without Spark), make check (what CI runs).
SHELL := bash
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
export TF_CPP_MIN_LOG_LEVEL := 3
# Test processes: more than cores, because tests also wait; each may need 4 GB of memory.
WORKERS ?= 3
PYTEST := python -m pytest -c tests/pytest.ini --rootdir .

.PHONY: demo test test-cluster quick check bench mutations setup lint clean

demo: setup
	coinspark nightly --config conf/demo.yaml

test: setup
	-@deploy/test-tools.sh   # without network: tests that need them are skipped
	$(PYTEST) -n $(WORKERS) --dist loadfile --no-loadscope-reorder tests

# A master, two workers, PostgreSQL and S3 on hosts of their own (root, Linux): see tests/cluster/README.md.
test-cluster:
	@deploy/setup.sh cluster
	@deploy/test-tools.sh cluster
	$(PYTEST) -m cluster tests/cluster

quick: setup
	$(PYTEST) -n 2 --dist loadfile -m "not spark and not slow" tests

check: setup lint test

lint: setup
	ruff format --check --config tests/ruff.toml coinspark jobs tests setup.py
	ruff check --config tests/ruff.toml coinspark jobs tests setup.py
	mypy --config-file tests/mypy.ini coinspark

bench: setup
	python -m tests.bench

mutations: setup
	python -m tests.mutations

setup:
	@deploy/setup.sh
	-@[ -e .venv/share/coinspark/spark-classes.jsa ] || { \
	  echo "setup: storing Spark's classes for faster starts (a minute, once)"; \
	  python deploy/class_archive.py > .venv/class-archive.log 2>&1; }

clean:
	rm -rf build .pytest_cache .mypy_cache .ruff_cache
