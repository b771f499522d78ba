# make run    set everything up, then hold an interview
# make test   set everything up, then run the fast tests
.DEFAULT_GOAL := help
.PHONY: help setup setup-dev run test test-all check bench eval train clean

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
PINS := constraints.txt
INSTALLED := $(VENV)/.installed
INSTALLED_DEV := $(VENV)/.installed-dev

help: ## say what each target does
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/python:
	@sh scripts/python.sh $(VENV)

$(INSTALLED): pyproject.toml $(PINS) | $(BIN)/python
	@echo "Installing the program and its models into $(VENV) (a few minutes, once) ..."
	@$(PIP) install --constraint $(PINS) --editable '.[offline]'
	@touch $@

$(INSTALLED_DEV): $(INSTALLED)
	@echo "Installing the development tools into $(VENV) ..."
	@$(PIP) install --constraint $(PINS) --editable '.[offline,dev]'
	@touch $@

setup: ## install what an interview needs
	@sh scripts/system.sh run
	@$(MAKE) --no-print-directory $(INSTALLED)

setup-dev: ## install what the tests need as well
	@sh scripts/system.sh test
	@$(MAKE) --no-print-directory $(INSTALLED_DEV)

run: setup ## hold an interview (a recorded candidate answers where nobody can)
	@$(BIN)/interviewer start --or-demo

test: setup-dev ## the fast tests
	@$(BIN)/python -m pytest -m "not slow"

test-all: setup-dev ## every test
	@$(BIN)/python -m pytest

check: setup-dev ## lint, formatting, types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

bench: setup-dev ## the benchmarks, each prints its table (not those that need public answers or a voice)
	@for bench in $$(ls benchmarks/[a-z]*.py | grep -v -e public_answers -e spoken_answers); do echo "== $$bench"; $(BIN)/python $$bench || exit 1; done

eval: setup-dev ## how well scores agree with grades (PUBLIC=folder adds public graded answers)
	@$(BIN)/python -m benchmarks.score_agreement
	@$(BIN)/python -m benchmarks.score_speed
	@$(if $(PUBLIC),$(BIN)/python -m benchmarks.public_answers --folder $(PUBLIC))

TRAIN = $(BIN)/python -m training
UNSEEN := benchmarks/unseen
NEW_ALIGNER := build/unseen/aligner.safetensors

train: setup-dev ## train the adapters and fit the graders (PAIRS=file of sentences and negations)
	@test -n "$(PAIRS)" || { echo "Name the pairs: make train PAIRS=negations.tsv" >&2; exit 2; }
	@$(TRAIN).train_aligner
	@$(TRAIN).train_aligner --unseen --out $(NEW_ALIGNER)
	@$(TRAIN).train_adapter --pairs $(PAIRS)
	@$(TRAIN).train_adapter --pairs $(PAIRS) --unseen --out $(UNSEEN)/adapter.safetensors
	@$(TRAIN).train_reader
	@$(TRAIN).train_reader --unseen --adapter $(UNSEEN)/adapter.safetensors
	@$(TRAIN).fit_grade --aligner $(NEW_ALIGNER)
	@$(TRAIN).fit_grade --aligner $(NEW_ALIGNER) --adapter $(UNSEEN)/adapter.safetensors --out $(UNSEEN)/grade.json

clean: ## remove the environment and every cache; recordings stay
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
