# Everything a fresh clone needs, from Python 3.11, pip and make alone.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
DEMO ?= demo
# Tests start hundreds of processes, which would each compile every module anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: docs demo test check check-web check-deploy format bench audit licences lock clean

demo: $(READY) ## builds a bundled incident, runs the whole line over it offline, prints the report
	$(BIN)/logtriage demo --folder $(DEMO)

test: $(READY) ## all tests
	$(BIN)/python -m pytest -q -n auto --dist loadfile --max-worker-restart=0

check: $(READY) ## format check, lint, types, tests with coverage: what CI runs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q -n auto --dist loadfile --max-worker-restart=0 --cov --cov-report=term:skip-covered --cov-fail-under=95

check-web: $(READY) ## pages in a real browser, diagrams with the official parser; needs node, no part of check
	$(BIN)/python -m tests.web.check_web check-web

check-deploy: $(READY) ## image, unit, manifests, as far as this machine can; no part of check
	$(BIN)/python -m tests.deploy.check_deploy check-deploy

format: $(READY) ## formats and mends what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(READY) ## speed of ingest, of spans and of the attribution, each against what the bare engines take for the same rows
	mkdir -p benchmarks/data
	test -f benchmarks/data/entries.jsonl || $(BIN)/python benchmarks/generate_entries.py benchmarks/data/entries.jsonl
	$(BIN)/python benchmarks/ingest.py benchmarks/data/entries.jsonl
	$(BIN)/python -m benchmarks.attribution
	$(BIN)/python -m benchmarks.spans

audit: $(READY) ## known vulnerabilities of the locked packages; code 2 of benchmarks.audit: its database is out of reach
	$(BIN)/python -m benchmarks.audit

docs: $(READY) ## writes docs/configuration.md and docs/commands.md anew from config.yaml and the commands
	$(BIN)/python -m tests.support.reference

licences: $(READY) ## writes docs/licences.md from the metadata of what is installed
	$(BIN)/python -m benchmarks.licences > docs/licences.md

lock: $(READY) ## resolves the dependencies anew into requirements.lock
	$(BIN)/python -m pip install -q uv
	$(BIN)/python -m uv pip compile --universal --python-version 3.11 --generate-hashes --extra dev pyproject.toml -o requirements.lock
	$(BIN)/python -m uv pip compile --universal --python-version 3.11 --generate-hashes --extra image -c requirements.lock pyproject.toml -o deploy/requirements.lock

clean: ## removes what make made
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .coverage $(DEMO) check-web check-deploy tests/web/node_modules

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "logtriage needs Python 3.11 or newer; try: make PYTHON=python3.11 demo")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	$(BIN)/python -m compileall -q collector classifiers logtriage # or each command would, where Python may not keep it
	touch $(READY)
