# The one front door. `make` alone lists what it can do.

# Where the demonstration keeps its data; `make demo` starts it afresh.
DEMO_DATA := target/demo-data

# How `make chaos` goes about it; `cargo test -p kugel-e2e --test chaos -- --help` tells what there is.
CHAOS := --kills 20

.DEFAULT_GOAL := help
.PHONY: help run demo test check chaos bench servers servers-down

help: ## List the targets
	@grep -hE '^[a-z-]+: .*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+): .*## /\1\t/' | expand -t 14 | sed 's/^/  make /'

run: ## Build Kugel and serve it on http://127.0.0.1:8080 (data in kugel-data)
	cargo run --release --locked -p kugel -- serve

demo: ## Replay a real trading day through Kugel, then verify every figure
	rm -rf $(DEMO_DATA)
	cargo run --release --locked -p kugel -- demo --data-dir $(DEMO_DATA)
	cargo run --release --locked -p kugel -- verify --data-dir $(DEMO_DATA)

servers: ## Start MongoDB, Redis and RabbitMQ on this machine: eval "$$(make -s servers)"
	@.ci/servers up

servers-down: ## Stop them again; their data stays
	@.ci/servers down

test: ## Run every test (the runner's summary comes last)
	cargo test --quiet --locked --workspace --doc
	"$$(.ci/tools nextest)" nextest run --locked --workspace --no-fail-fast

check: ## Format, lints, contract, licences, WebAssembly, chart: what CI asks before the tests
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	"$$(.ci/tools buf)" lint
	.ci/breaking
	"$$(.ci/tools deny)" --locked --workspace check --hide-inclusion-graph bans licenses sources
	.ci/wasm
	"$$(.ci/tools helm)" lint --strict --quiet k8s

chaos: ## Kill processes while tills sell, then count: nothing lost, nothing doubled
	cargo test --quiet --locked --workspace --test chaos -- --size single $(CHAOS)

bench: ## Measure a running Kugel beside a bare echo, and print the conditions
	cargo bench --locked -p kugel --bench load
