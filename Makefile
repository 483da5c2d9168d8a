# Every target says what it does: `make` lists them.
.DEFAULT_GOAL := help
SHELL := /bin/bash

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# One thread a process: two OpenMP teams on two cores cost sixtyfold (ARCHITECTURE.md, "Speed").
export OMP_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1
export MKL_NUM_THREADS ?= 1

STUDY ?= configs/survival/support_mortality_90d.yaml
RUN ?= output/support_mortality_90d
MODULE_STAMPS := $(VENV)/.ready-demo $(VENV)/.ready-all

# uv resolves and installs in seconds where pip takes minutes; it is itself installed from the package index.
# $(1): extras, $(2): stamp
define install
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "error: spinecast needs Python 3.11 or newer; name one with make PYTHON=python3.12 ..."; exit 2; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt uv
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --constraint constraints.txt --editable '.[$(1)]' \
		|| $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[$(1)]'
	@touch $(2)
endef

$(VENV)/.ready-demo: pyproject.toml constraints.txt
	$(call install,demo,$@)

$(VENV)/.ready-serving: pyproject.toml constraints.txt
	$(call install,demo$(comma)serving,$@)

$(VENV)/.ready-all: pyproject.toml constraints.txt
	$(call install,demo$(comma)survival$(comma)boosters$(comma)serving$(comma)dev,$@)
	@touch $(VENV)/.ready-demo $(VENV)/.ready-serving

comma := ,

.PHONY: help setup demo test soak lint train serve ui report bench clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.ready-all ## Make .venv with every extra but the distributed ones

demo: $(VENV)/.ready-demo ## Train, validate and report the 90-day study on real patients (short search, minutes)
	$(BIN)/spinecast train configs/survival/support_mortality_90d.yaml \
		--set study=support_mortality_90d_demo --set tuning.trials=4 --set tuning.startup_trials=3 \
		--set internal_validation.bootstrap.resamples=20 --set internal_validation.learning_curve=null \
		--set internal_validation.repeated_cross_validation=null \
		--set evaluation.bootstrap=100 --set explanation.patients=60

test: $(VENV)/.ready-all ## Run the tests
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

soak: $(VENV)/.ready-all ## Before a release: ten thousand made-up requests, twenty kills under load on each database
	SPINECAST_CASES=520 SPINECAST_KILLS=20 $(BIN)/python -m pytest tests/serving/test_fuzzing.py tests/serving/test_process.py

lint: $(VENV)/.ready-all ## Check style, types and the order of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

train: $(VENV)/.ready-demo ## Train a study in full: make train STUDY=configs/....yaml
	$(BIN)/spinecast train $(STUDY)

report: $(VENV)/.ready-demo ## Write a run's report again: make report RUN=run-id-or-folder
	$(BIN)/spinecast report $(RUN)

ui: $(VENV)/.ready-demo ## Open MLflow on the local store (http on this machine only)
	MLFLOW_DISABLE_TELEMETRY=true DO_NOT_TRACK=true $(BIN)/mlflow ui --backend-store-uri "$${SPINECAST_TRACKING_URI:-sqlite:///$${SPINECAST_STORE:-mlruns}/mlflow.db}" --host 127.0.0.1 --port 5000

serve: $(VENV)/.ready-serving ## Serve each registered model to this machine, every answer recorded (after make demo)
	$(BIN)/spinecast serve

bench: $(VENV)/.ready-all benchmarks/.dcurves ## Time spinecast beside its peers that are installed (benchmarks/results/)
	$(BIN)/python benchmarks/run.py

# dcurves needs an older pandas than ours: an environment of its own, and its row is absent where it cannot be made.
benchmarks/.dcurves:
	-$(PYTHON) -m venv $@ && $@/bin/python -m pip install --quiet --disable-pip-version-check 'dcurves==1.1.7' || rm -rf $@

clean: ## Remove the environment, caches and output/ (trained models in it too); the tracking store stays
	rm -rf $(VENV) output .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache dist build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
