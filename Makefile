# Leitmotif. Everything a fresh Debian or Ubuntu with Rust lacks is installed and fetched by the first call.
#
#   make run      open the studio            make run ARGS="doctor"   any other command
#   make test     run every test             make check               what CI runs
#   make package  a folder to carry away     make setup               only install and fetch
#
# FEATURES=        leave the networks out (no libtorch needed): make run FEATURES=

FEATURES ?= torch
ARGS ?=
CARGO_FLAGS := --locked --no-default-features --features "$(FEATURES)"
export LEITMOTIF_FEATURES := $(FEATURES)

.PHONY: run test check setup lint doc no-torch package clean

run: setup
	cargo run $(CARGO_FLAGS) -- $(ARGS)

test: setup
	scripts/test.sh $(CARGO_FLAGS)

check: test lint doc no-torch

setup:
	@scripts/setup.sh

lint: setup
	cargo fmt --check
	cargo clippy --all-targets $(CARGO_FLAGS) -- -D warnings

doc: setup
	RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --document-private-items $(CARGO_FLAGS)

# The studio must open, edit and play where no libtorch is to be had.
no-torch: setup
	cargo clippy --all-targets --locked --no-default-features -- -D warnings
	scripts/test.sh --locked --no-default-features --lib

package: setup
	scripts/package.sh

clean:
	cargo clean
