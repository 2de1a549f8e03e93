# `make` alone prints this list. CI calls the same targets.
.PHONY: help setup clients web browser browser-postgres screenshots build demo test units unit unit-postgres binary e2e e2e-postgres lint formats fmt deny bench soak fuzz docs clean

help: ## Print what can be made
	@grep -E '^[a-z0-9]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9]+):.*## /  \1\t/' | expand -t 12

setup: ## Install the system packages that the build needs (Debian, only what is missing)
	@scripts/setup.sh

clients: setup ## Install the clients that the suite judges by (Microsoft's SDKs, schemathesis) under target/
	@scripts/clients.sh

web: setup ## Build the web apps into web/dist, from where they get into the binary
	@scripts/web.sh

build: web ## Build target/release/isopolity
	cargo build --release --locked -p cli

demo: build ## Three tenants with real people, one organization, everyone synced; then serve it
	target/release/isopolity demo

# What is built here is built whole and once, so keeping what a later build could take up again only
# costs: a fifth of the time and half of the space.
export CARGO_INCREMENTAL = 0

# Clippy as the compiler of our own crates, as `cargo clippy` calls it, but making code as well: what
# is compiled is linted, and nothing is gone through twice, which took a sixth of all the time. The
# argument is how clippy's own command hands on `-D warnings`.
LINTED = env RUSTC_WORKSPACE_WRAPPER=clippy-driver CLIPPY_ARGS=-Dwarnings__CLIPPY_HACKERY__

# Whatever names the workspace builds its dependencies with the same features, and so only once. The
# black-box suite takes the same build: a release build of its own would be a third of the time.
test: setup ## Everything that has to be green: format, lints, tests on both engines, end to end, dependencies
	@scripts/beside.sh $(LINTED) $(MAKE) --no-print-directory formats units e2e e2e-postgres browser browser-postgres

units: ## The tests of the crates on both engines
	@$(MAKE) --no-print-directory unit
	@$(MAKE) --no-print-directory unit-postgres

unit: ## The tests of the crates
	cargo test --locked --workspace --exclude e2e

unit-postgres: ## The same tests on PostgreSQL, beside a server of their own
	RUST_TEST_THREADS=4 scripts/with-postgres.sh cargo test --locked --workspace --exclude e2e

binary: setup ## Build target/debug/isopolity, for the black-box suite
	cargo build --locked --workspace --bin isopolity

e2e: binary clients ## The black-box suite
	ISOPOLITY_BIN=$(CURDIR)/target/debug/isopolity cargo test --locked --workspace --test black_box

e2e-postgres: binary clients ## The black-box suite with the data in PostgreSQL
	ISOPOLITY_BIN=$(CURDIR)/target/debug/isopolity scripts/with-postgres.sh \
		cargo test --locked --workspace --test black_box

browser: web binary ## The admin centre and the sign-in in Chromium
	ISOPOLITY_BIN=$(CURDIR)/target/debug/isopolity npm --prefix web run --silent browser

browser-postgres: web binary ## Planted faults in Chromium, with the data in PostgreSQL
	ISOPOLITY_BIN=$(CURDIR)/target/debug/isopolity scripts/with-postgres.sh \
		npm --prefix web run --silent browser -- faults

screenshots: build ## Write every screen to target/screenshots, at desktop and phone width, light and dark
	npm --prefix web run --silent screenshots

formats: web ## Check formats, and the web apps' types, catalogues and functions
	npm --prefix web run --silent check
	npm --prefix web run --silent test
	cargo fmt --all --check

lint: formats ## Those, and let clippy accept no warning
	cargo clippy --locked --workspace --all-targets -- -D warnings

fmt: ## Format everything
	cargo fmt --all
	npm --prefix web run --silent fmt

deny: ## Check licences, banned crates, sources and advisories of the dependencies
	@scripts/deny.sh

bench: build ## Measure, and write the figures to docs/performance.md
	scripts/bench.sh

soak: build ## 200 rounds of kill -9 under load on each engine, PostgreSQL killed as well
	E2E_SOAK_ROUNDS=200 cargo test --locked --workspace --test black_box crash:: -- --nocapture
	E2E_SOAK_ROUNDS=200 scripts/with-postgres.sh cargo test --locked --workspace --test black_box crash:: -- --nocapture

fuzz: ## Fuzz each target for FUZZ_SECONDS (60); needs a nightly toolchain and cargo-fuzz, and says how to get them
	scripts/fuzz.sh

docs: ## Build the reference of the crates, with every broken link an error
	RUSTDOCFLAGS="-D warnings -A rustdoc::private_intra_doc_links" \
		cargo doc --locked --workspace --no-deps --document-private-items

clean: ## Remove what was built
	cargo clean
