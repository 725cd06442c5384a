# Each target sets up what it needs on a bare machine with python3 and make; nothing but packages is downloaded.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.PHONY: setup demo test lint bench

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.setup-done
# Not among the seeds that the embedded models were trained on.
SEED := 2026
SCAN := demo/input/images/ct_thigh_$(shell printf '%05d' $(SEED)).nii.gz
SUBJECT := demo/input/images/dixon_mri_$(shell printf '%05d' $(SEED))
FRAME := demo/input/images/ultrasound_rectus_femoris_$(shell printf '%05d' $(SEED)).png
VIDEO := demo/input/images/ultrasound_longitudinal_$(shell printf '%05d' $(SEED)).dcm

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python -c constraints.txt -b constraints.txt -e '.[dev]'
	touch $@

# A thigh CT, a Dixon MRI, an ultrasound frame and an ultrasound video of nobody, through the embedded models, to reports.
demo: $(STAMP)
	$(BIN)/myoscope synthesize ct_thigh -o demo/input -n 1 --seed $(SEED)
	$(BIN)/myoscope analyze $(SCAN) -o demo/ct_thigh
	$(BIN)/myoscope synthesize dixon_mri -o demo/input -n 1 --seed $(SEED) --spacing 2.6 2.6 5
	$(BIN)/myoscope analyze $(SUBJECT) -o demo/dixon_mri --height-m 1.7 --grip-strength-kg 35
	$(BIN)/myoscope synthesize ultrasound -o demo/input -n 1 --seed $(SEED) --site rectus_femoris --size 400 400 --spacing 0.1 0.1
	$(BIN)/myoscope analyze $(FRAME) -o demo/ultrasound -m ultrasound --site rectus_femoris --spacing-mm 0.1
	$(BIN)/myoscope synthesize ultrasound -o demo/input -n 1 --seed $(SEED) --site longitudinal --size 400 400 --spacing 0.1 0.1 --frames 50
	$(BIN)/myoscope analyze $(VIDEO) -o demo/ultrasound_video --site longitudinal
	@for name in ct_thigh dixon_mri ultrasound ultrasound_video; do echo "Report: $(CURDIR)/demo/$$name/report.html"; done

test: $(STAMP)
	$(BIN)/python -m pytest

lint: $(STAMP)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

# Metrics side by side with MONAI, surface-distance, SimpleITK and MedPy; the engine with MONAI. Ten minutes on two cores.
bench: $(STAMP)
	$(BIN)/uv pip install --quiet --python $(BIN)/python -c constraints.txt -b constraints.txt -e '.[dev,bench]'
	$(BIN)/python benchmarks/metrics_speed.py --rounds 2
	$(BIN)/python benchmarks/engine.py
