# Everything a person types. `make run` and `make test` set themselves up; nothing else is needed by hand.
PYTHON ?= python3.11
PORT ?= 8501
BIN := .venv/bin
LINE ?= aluminium
MODEL ?= mobilenetv3_large
DATA ?= var/data/$(LINE)
OUT ?= var/screens

.PHONY: run test test-slow lint format bench bench-app screens train data results clean

run: .venv/ready
	$(BIN)/streamlit run server.py --server.port $(PORT)

# One thread a process: two pools of threads on the same cores wait for one another more than they work. Files in the
# order of tests/conftest.py: xdist's own puts those with few tests last, and few tests are long ones.
# What is compiled may be kept, wherever PYTHONDONTWRITEBYTECODE is set: else each of a hundred processes compiles it anew.
test: .venv/ready-dev
	PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m "not slow" -n auto --dist loadfile --no-loadscope-reorder

test-slow: .venv/ready-dev
	$(BIN)/python -m pytest -m slow

lint: .venv/ready-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: .venv/ready-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: .venv/ready
	$(BIN)/python -m inspection bench

# In a real browser, on a quiet machine: needs Chromium.
bench-app: .venv/ready-dev
	$(BIN)/python -m tests.bench.app

# A picture of every page, light and dark, at a desk's width and a phone's, to be looked at: needs Chromium.
screens: .venv/ready-dev
	$(BIN)/python -m tests.bench.screens $(OUT)

train: .venv/ready
	$(BIN)/python -m inspection train $(LINE) --model $(MODEL) --data $(DATA)

# The synthetic line's pictures: the same numbers give the same pictures, so that anybody can train on them again.
data: .venv/ready
	$(BIN)/python -m inspection make-data aluminium --out var/data/aluminium

results: .venv/ready
	$(BIN)/python -m inspection results

# The stamps are written last, so that an interrupted install starts over.
.venv/ready: requirements.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

.venv/ready-dev: .venv/ready requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

# What can be made again; records, runs and data under var/ stay.
clean:
	rm -rf .venv var/cache .mypy_cache .ruff_cache .pytest_cache .hypothesis
