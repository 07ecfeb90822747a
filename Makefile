# The one front door. `make` alone lists what it can do.

# Where the demonstration keeps its data; `make demo` starts it afresh.
DEMO_DATA := target/demo-data

# A shell may know the servers of the mesh, which is not what the single process is to use.
SINGLE := env -u MONGODB_URI -u REDIS_URL -u AMQP_URL

# How `make chaos` goes about it; `cargo test -p kugel-e2e --test chaos -- --help` tells what there is.
CHAOS := --kills 20
# How many seconds a server stays away in the scenarios after it.
OUTAGE := 60
chaos_run := cargo test --quiet --locked --workspace --test chaos --

.DEFAULT_GOAL := help
.PHONY: help run demo mesh mesh-down servers servers-down test check storm chaos attack bench

help: ## List the targets
	@grep -hE '^[a-z-]+: .*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+): .*## /\1\t/' | expand -t 14 | sed 's/^/  make /'

run: ## Build Kugel and serve it on http://127.0.0.1:8080 (data in kugel-data)
	REFLECTION=true $(SINGLE) cargo run --release --locked -p kugel -- serve

demo: ## Replay a real trading day through Kugel, or through a running mesh (SERVER=URL), and verify every figure
ifdef SERVER
	cargo run --release --locked -p kugel -- demo --server $(SERVER)
	eval "$$(.ci/mesh env)" && cargo run --release --locked -p kugel -- verify
else
	rm -rf $(DEMO_DATA)
	$(SINGLE) cargo run --release --locked -p kugel -- demo --data-dir $(DEMO_DATA)
	$(SINGLE) cargo run --release --locked -p kugel -- verify --data-dir $(DEMO_DATA)
endif

mesh: ## Start gateway and seven services on MongoDB, Redis and RabbitMQ; Ctrl-C stops them
	@.ci/mesh up

mesh-down: ## Stop the mesh from elsewhere
	@.ci/mesh down

servers: ## Start MongoDB, Redis and RabbitMQ on this machine and print the exports that lead to them
	@.ci/servers up

servers-down: ## Stop them again; their data stays
	@.ci/servers down

test: ## Run every test, on both sizes of Kugel (the runner's summary comes last)
	.ci/test

check: ## Format, lints, contract, dependencies, WebAssembly, chart: what CI asks before the tests
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	"$$(.ci/tools buf)" lint
	.ci/breaking
	"$$(.ci/tools machete)"
	"$$(.ci/tools deny)" --locked --workspace check --hide-inclusion-graph bans licenses sources
	.ci/wasm
	.ci/chart

storm: ## Kill processes of either size while tills sell, then count: nothing lost, nothing doubled
	$(chaos_run) --size single $(CHAOS)
	$(chaos_run) --size mesh $(CHAOS)

chaos: storm ## The storm, and then each server away for a while
	$(chaos_run) --size mesh --scenario redis-down --seconds $(OUTAGE)
	$(chaos_run) --size mesh --scenario broker-down --seconds $(OUTAGE)
	$(chaos_run) --size mesh --scenario mongo-down --seconds $(OUTAGE)

attack: ## Attack the door while tills sell, and print what it takes (ATTACK="--seconds 10 pings resets")
	cargo test --quiet --release --locked -p kugel-e2e --test attack -- $(ATTACK)

bench: ## Measure a running Kugel beside a bare echo, and print the conditions
	cargo bench --profile dist --locked -p kugel-e2e --bench load
