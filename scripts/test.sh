#!/usr/bin/env bash
# Runs the tests: scripts/test.sh [cargo options].
set -euo pipefail
cd "$(dirname "$0")/.."
# Random input is the same in every run, so that a change is to blame for a new failure. To hunt for rare ones:
# PROPTEST_RNG_SEED=$RANDOM PROPTEST_CASES=5000 make test
export PROPTEST_RNG_SEED="${PROPTEST_RNG_SEED:-1}"
# Set before libgomp is loaded: on a busy machine spinning threads would be many times slower than one.
export OMP_WAIT_POLICY=passive GOMP_SPINCOUNT=0
cargo test "$@"
