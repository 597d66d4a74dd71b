#!/usr/bin/env bash
# Runs the tests: scripts/test.sh [cargo options]. With cargo-nextest where it is installed.
set -euo pipefail
cd "$(dirname "$0")/.."
# Set before libgomp is loaded: on a busy machine spinning threads would be many times slower than one.
export OMP_WAIT_POLICY=passive GOMP_SPINCOUNT=0
if cargo nextest --version >/dev/null 2>&1; then
  cargo nextest run "$@"
else
  cargo test "$@"
fi
# Examples in the documentation are tests too.
case " $* " in *" --lib "*) ;; *) cargo test --doc "$@" ;; esac
