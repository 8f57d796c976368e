# make test   everything that CI runs          make demo   the whole promise in two minutes
# make slow   what takes minutes               make clean  remove the environment and the caches

PYTHONS := python3 python3.14 python3.13 python3.12 python3.11
PYTHON ?= $(shell for python in $(PYTHONS); do \
	if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
	then echo $$python; break; fi; done)
BIN := .venv/bin
# A file goes to one process whole, so that what its tests share is made once; files start in the
# order of the tree, so that the long ones of tests/pipelines are not left for the end.
PARALLEL ?= -n logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder

.PHONY: venv assets test slow demo clean

test: assets
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	HF_HUB_OFFLINE=1 $(BIN)/python -m pytest -q $(PARALLEL)

slow: venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--constraint constraints.txt --editable '.[dev,llama-cpp]'
	$(BIN)/leximark assets --all
	HF_HUB_OFFLINE=1 $(BIN)/python -m pytest -q -m slow

demo: assets
	$(BIN)/leximark demo

assets: venv
	$(BIN)/leximark assets

venv: .venv/installed

# The stamp is written last, so an installation that broke off is done again.
.venv/installed: pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "leximark needs Python 3.11 or newer; set PYTHON" >&2; exit 2; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--constraint constraints.txt --editable '.[dev]'
	touch $@

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
