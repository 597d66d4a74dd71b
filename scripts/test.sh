#!/usr/bin/env bash
# Runs the tests: scripts/test.sh [cargo options].
set -euo pipefail
cd "$(dirname "$0")/.."
# Set before libgomp is loaded: on a busy machine spinning threads would be many times slower than one.
export OMP_WAIT_POLICY=passive GOMP_SPINCOUNT=0
cargo test "$@"
