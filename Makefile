# Each target sets up what it needs on a bare machine with python3 and make; nothing but packages is downloaded.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.PHONY: setup demo test lint bench

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.setup-done
# Not among the seeds that the embedded model was trained on.
SEED := 2026
SCAN := demo/input/images/ct_thigh_$(shell printf '%05d' $(SEED)).nii.gz

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python -c constraints.txt -b constraints.txt -e '.[dev]'
	touch $@

# A thigh CT that no one has, through the embedded model, to a report.
demo: $(STAMP)
	$(BIN)/myoscope synthesize ct_thigh -o demo/input -n 1 --seed $(SEED)
	$(BIN)/myoscope analyze $(SCAN) -o demo/ct_thigh
	@echo "Report: $(CURDIR)/demo/ct_thigh/report.html"

test: $(STAMP)
	$(BIN)/python -m pytest

lint: $(STAMP)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

# Metrics side by side with MONAI, surface-distance, SimpleITK and MedPy.
bench: $(STAMP)
	$(BIN)/uv pip install --quiet --python $(BIN)/python -c constraints.txt -b constraints.txt -e '.[dev,bench]'
	$(BIN)/python benchmarks/metrics_speed.py
