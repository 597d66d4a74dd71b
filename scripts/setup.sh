#!/usr/bin/env bash
# Installs and fetches what building and running Leitmotif needs, and nothing that is already there.
#   scripts/setup.sh [all|apt|libtorch]
# LEITMOTIF_NO_APT=1       never call apt (bring the packages yourself)
# LEITMOTIF_NO_SOUNDFONT=1 leave FluidR3 out (the built-in SoundFont plays)
# LIBTORCH=DIR             use this libtorch (version 2.11) instead of fetching one
set -euo pipefail
cd "$(dirname "$0")/.."

torch_version=2.11.0
cache="${XDG_CACHE_HOME:-$HOME/.cache}/leitmotif"
libtorch="${LIBTORCH:-$cache/libtorch-$torch_version}"

# The folder a fetch works in; removed however the script ends.
work=
trap '[ -z "$work" ] || rm -rf "$work"' EXIT

say() { printf 'setup: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

packages=(
  gcc g++ libc6-dev pkg-config libasound2-dev binutils
  libx11-6 libx11-xcb1 libxcursor1 libxi6 libxkbcommon0 libxkbcommon-x11-0 libgl1 libgl1-mesa-dri libegl1
  mesa-vulkan-drivers libvulkan1
)
fetch_packages=(python3 python3-pip unzip ca-certificates)

installed() { dpkg-query -W -f '${Status}\n' "$1" 2>/dev/null | grep -q '^install ok installed'; }

apt_install() { # packages that are missing, in one call
  local missing=() name
  for name in "$@"; do installed "$name" || missing+=("$name"); done
  [ ${#missing[@]} -eq 0 ] && return 0
  if [ -n "${LEITMOTIF_NO_APT:-}" ]; then say "missing packages: ${missing[*]} (LEITMOTIF_NO_APT is set)"; return 0; fi
  command -v apt-get >/dev/null || fail "apt-get was not found. Install these packages with your own tool: ${missing[*]}"
  local sudo=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || fail "run this as root once, or install sudo: apt-get install ${missing[*]}"
    sudo=(sudo)
  fi
  say "installing ${missing[*]}"
  "${sudo[@]}" apt-get update -qq
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
}

setup_apt() {
  command -v dpkg-query >/dev/null || { say "this is not Debian or Ubuntu: make sure a C++ compiler, ALSA headers and OpenGL are installed"; return 0; }
  apt_install "${packages[@]}"
  [ -n "${LEITMOTIF_NO_SOUNDFONT:-}" ] || apt_install fluid-soundfont-gm
}

fetch_libtorch() {
  local machine wheel_platform
  machine=$(uname -m)
  case "$machine" in
    x86_64) wheel_platform=manylinux_2_28_x86_64 ;;
    aarch64) wheel_platform=manylinux_2_28_aarch64 ;;
    *) fail "no libtorch is published for $machine: build without it (make run FEATURES=)" ;;
  esac
  # A Python with pip and unzip are needed for the download alone.
  if ! python3 -m pip --version >/dev/null 2>&1 || ! command -v unzip >/dev/null; then apt_install "${fetch_packages[@]}"; fi
  mkdir -p "$cache"
  work=$(mktemp -d "$cache/fetch.XXXXXX")
  say "fetching libtorch $torch_version (530 MB, once for this user)"
  # The PyPI wheels hold the same libraries as the libtorch archive; the Python version only names the file.
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --python-version 3.11 \
    --implementation cp --abi cp311 --platform "$wheel_platform" --dest "$work" "torch==$torch_version" ||
    fail "could not download torch $torch_version with pip: check the network and run 'make setup' again"
  # libtorch_cpu of this build is linked against the CUDA runtime even where there is no GPU.
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --python-version 3.11 \
    --platform manylinux_2_17_"$machine" --platform manylinux2014_"$machine" --platform manylinux_2_25_"$machine" --platform manylinux_2_27_"$machine" \
    --dest "$work" 'nvidia-cuda-runtime==13.0.96' 'nvidia-cuda-cupti==13.0.85' ||
    fail "could not download the CUDA runtime libraries with pip: check the network and run 'make setup' again"
  mkdir -p "$work/tree/lib"
  unzip -q -o "$work"/torch-*.whl 'torch/include/*' 'torch/lib/libc10.so' 'torch/lib/libtorch_cpu.so' 'torch/lib/libgomp*' -d "$work/torch"
  mv "$work/torch/torch/include" "$work/tree/include"
  mv "$work"/torch/torch/lib/* "$work/tree/lib/"
  for wheel in "$work"/nvidia_*.whl; do unzip -q -o "$wheel" '*/libcudart.so*' '*/libcupti.so*' -d "$work/nvidia" 2>/dev/null || [ $? -eq 11 ]; done
  find "$work/nvidia" -name '*.so*' -type f -exec mv {} "$work/tree/lib/" \;
  ( cd "$work/tree/lib" && strip --strip-unneeded libtorch_cpu.so 2>/dev/null || true )
  echo 'INPUT(libtorch_cpu.so libc10.so)' > "$work/tree/lib/libtorch.so"
  echo "$torch_version" > "$work/tree/build-version"
  # A rename is the last step, so that an interrupted fetch leaves nothing that looks whole.
  rm -rf "$libtorch"
  mv "$work/tree" "$libtorch"
}

setup_libtorch() {
  if [ ! -e "$libtorch/lib/libtorch_cpu.so" ]; then
    [ -z "${LIBTORCH:-}" ] || fail "LIBTORCH=$LIBTORCH holds no lib/libtorch_cpu.so: unset it, or point it at a libtorch $torch_version"
    fetch_libtorch
  fi
  # So that plain cargo, and an editor, find libtorch too.
  local config=".cargo/config.toml" wanted
  wanted=$(printf '# Written by scripts/setup.sh.\n[env]\nLIBTORCH = "%s"\n' "$libtorch")
  mkdir -p .cargo
  [ -e "$config" ] && [ "$(cat "$config")" = "$wanted" ] || printf '%s\n' "$wanted" > "$config"
}

check_rust() {
  command -v cargo >/dev/null || fail "Rust was not found: install it with rustup (or your distribution), then run this again"
}

case "${1:-all}" in
  all) check_rust; setup_apt; setup_libtorch ;;
  apt) setup_apt ;;
  libtorch) setup_libtorch ;;
  *) fail "usage: scripts/setup.sh [all|apt|libtorch]" ;;
esac
