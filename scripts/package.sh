#!/usr/bin/env bash
# Makes dist/leitmotif-VERSION: the program, libtorch, models and SoundFont in one folder that runs where it is put.
set -euo pipefail
cd "$(dirname "$0")/.."
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)
target="${CARGO_TARGET_DIR:-target}"
features="${LEITMOTIF_FEATURES-torch}"
cargo build --release --locked --no-default-features --features "$features" --bin leitmotif
out="dist/leitmotif-$version"
rm -rf "$out" && mkdir -p "$out/lib"
cp "$target/release/leitmotif" "$out/"
cp -r models LICENSE-MIT LICENSE-APACHE README.md "$out/" 2>/dev/null || true
if [ -n "$features" ]; then
  libtorch="${LIBTORCH:-$(sed -n 's/^LIBTORCH = "\(.*\)"/\1/p' .cargo/config.toml)}"
  cp -L "$libtorch"/lib/*.so* "$out/lib/"
  rm -f "$out/lib/libtorch.so" # a linker script, not a library
fi
cp packaging/leitmotif.desktop "$out/" 2>/dev/null || true
echo "$out"
