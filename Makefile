# 'make' alone lists what there is. Every path is relative, so a checkout may lie anywhere.

PYTHON ?= python3
TESTS ?= tests

VENV := .venv
RUN := $(VENV)/bin/python -m
PIP := $(RUN) pip --disable-pip-version-check
PINNED := -c constraints.txt
VIDCUT := $(VENV)/bin/vidcut
DEMO := --library demo --overwrite

.DEFAULT_GOAL := help
unexport PYTHONDONTWRITEBYTECODE # the tests start vidcut a thousand times: it is compiled once
.DELETE_ON_ERROR:
.PHONY: help venv demo test reliability check coverage sample-media bench clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

venv: $(VENV)/.installed ## install vidcut, pinned, into .venv (PYTHON=python3.12 chooses one)

demo: $(VENV)/.installed ## index sample_media, run three searches and print the clips' paths
	$(VIDCUT) index sample_media --offline --library demo
	$(VIDCUT) search "a cup of coffee" -k 2 -o demo/clips/coffee $(DEMO)
	$(VIDCUT) search "晚上吃火锅" -k 2 -o demo/clips/火锅 $(DEMO)
	$(VIDCUT) search "launch pad 40" -k 2 -o demo/clips/launch $(DEMO)
	@echo
	@echo "The clips:"
	@find demo/clips -type f | sort

test: $(VENV)/.tools ## run the tests (TESTS=tests/unit chooses some)
	@$(RUN) pytest -q -n 3 --dist loadfile --no-loadscope-reorder $(TESTS)

reliability: $(VENV)/.tools ## kill runs, fill their disk and cut their power at hundreds of points
	@$(RUN) pytest -q -n 2 -m points tests/reliability

check: $(VENV)/.tools ## hold the code to its style: the one definition of green, with the tests
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) mypy
	$(VENV)/bin/lint-imports

coverage: $(VENV)/.tools ## run the tests and list the branches that none of them takes
	@$(RUN) pytest -q -n 3 --dist loadfile --no-loadscope-reorder --cov --cov-report=term-missing $(TESTS)

sample-media: $(VENV)/.installed ## make the videos of sample_media anew (needs ffmpeg, espeak-ng)
	$(PIP) install --quiet $(PINNED) scikit-image scikit-learn
	$(VENV)/bin/python sample_media/make.py

bench: $(VENV)/.tools ## measure everything and write benchmarks/README.md; half an hour (MODE=full: hours)
	$(VENV)/bin/python benchmarks/everything.py --mode $(or $(MODE),quick) --media $(or $(MEDIA),sample_media)

clean: ## remove the demo's results, builds and caches; .venv stays
	rm -rf demo build dist htmlcov .coverage* .mypy_cache .ruff_cache .pytest_cache \
	  .hypothesis .import_linter_cache
	find vidcut tests benchmarks sample_media -name __pycache__ -prune -exec rm -rf {} +

# The two stamps say that what they stand for was installed in full.

$(VENV)/.installed: pyproject.toml constraints.txt
	@echo "Installing vidcut into $(VENV): a minute or two, 2 GB ..."
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install --quiet --upgrade $(PINNED) pip
	@$(PIP) install --quiet $(PINNED) --build-constraint constraints.txt -e '.[cpu,offline]'
	@touch $@

$(VENV)/.tools: $(VENV)/.installed
	@$(PIP) install --quiet $(PINNED) --group dev
	@touch $@
