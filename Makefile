# Every command of this project. `make` lists them; each prepares what it needs by itself (deploy/tools/setup.sh).
SHELL := /bin/bash
.ONESHELL:
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup run watch check test test-azure bench bench-hub simulate fuzz release bundle audit autobahn

setup := deploy/tools/setup.sh
# The crates that run on this machine, in one set: another choice would compile their dependencies anew.
host := -p server -p hub -p wire -p app

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s%s\n", $$1, $$2}' Makefile

run: ## build Chatr and serve it at http://127.0.0.1:3000
	@$(setup) rust bindgen
	. .tools/env
	echo "run: compiling Chatr, a debug build (about 4 minutes the first time)"
	deploy/tools/site.sh
	exec target/debug/chatr

watch: ## serve, and rebuild and reload the page whenever a file changes (cargo leptos watch)
	@$(setup) rust bindgen leptos
	. .tools/env
	exec cargo leptos watch

check: ## formatting, lints and house rules, without running anything
	@$(setup) rust
	. .tools/env
	cargo fmt --all --check
	cargo clippy --locked $(host) --all-targets -- -D warnings
	cargo clippy --locked -p frontend --lib --target wasm32-unknown-unknown --target-dir target/front -- -D warnings
	if [ -f server/tests/tidy.rs ] || [ -d server/tests/tidy ]; then cargo test --locked $(host) --test tidy; fi

test: ## every test: Rust, two browsers against the real server, Azure's own clients against our hub
	@deploy/tools/test.sh

test-azure: ## the browsers' stories with state, sockets and both outside, there with two servers of which one dies
	@deploy/tools/test-azure.sh

bench: ## measure the server under load and the page in a browser, into docs/benchmarks.md
	@$(setup) rust small bindgen leptos node browser
	. .tools/env
	# The server is built by cargo bench: building it before as well takes as long again, for another set of features.
	deploy/tools/release.sh
	cargo bench --locked -p server --bench load
	# The hub's own part, against the limit only; make bench-hub has the rest.
	PEERS=limit,limit-each SIZES=100,1000 cargo bench --locked -p hub --bench load -- fanout idle
	failed=0
	for program in end2end/bench/*.mjs; do
		echo "bench: $$program"
		node "$$program" || failed=1
	done
	exit $$failed

bench-hub: ## measure the hub beside its peers and the limit of this machine (PART=fanout, PEERS=bun: a part of it)
	@$(setup) rust peers
	. .tools/env
	exec cargo bench --locked -p hub --bench load -- $(PART)

simulate: ## hub and clients through bad luck: SEEDS=100000 of it, from START=1; SEED=7 shows number 7 again
	@$(setup) rust
	. .tools/env
	SIMULATE_SEED=$(or $(SEED),$(START),1) SIMULATE_SEEDS=$(if $(SEED),1,$(or $(SEEDS),100000)) \
		cargo test --locked --release -p hub --test simulation whatever_happens -- --nocapture

autobahn: ## Autobahn's 301 cases without compression against the hub, compared with what is expected of each
	@$(setup) rust node autobahn
	. .tools/env
	cargo build --locked --release -p hub --bin hub
	node end2end/autobahn/autobahn.mjs

fuzz: ## what the hub reads, under libFuzzer: SECONDS=60 for each of five targets
	@$(setup) rust
	. .tools/env
	deploy/tools/fuzz.sh $(or $(SECONDS),60)

release: ## the optimised server and its site, in target/release/chatr and target/release/site
	@$(setup) rust small bindgen leptos
	. .tools/env
	deploy/tools/release.sh
	LEPTOS_SITE_ROOT=target/release/site cargo leptos build --release --server-only

bundle: ## all that a server or a container needs, in target/bundle, and try it from an empty folder
	@$(setup) rust small bindgen leptos node
	$(MAKE) --no-print-directory release
	deploy/tools/bundle.sh target/release/chatr target/release/site target/bundle
	node deploy/tools/try-bundle.mjs target/bundle

audit: ## licences and sources of everything we depend on (cargo-deny)
	@$(setup) rust deny
	. .tools/env
	cargo deny --locked check licenses bans sources

setup: ## only prepare this machine for all of the above
	@$(setup) rust bindgen leptos node python browser checkers proxies
