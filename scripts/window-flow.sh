#!/usr/bin/env bash
# The first minute of use in the real window, on a display of its own, with a picture of every step:
# draw eight notes, mark them as the theme, continue, audition, keep, undo, redo, export.
#   scripts/window-flow.sh PROGRAM FOLDER
# WINDOW_FLOW_WRITING is how many seconds the network is given (40 by default), WINDOW_FLOW_WAIT those until the first
# picture (6), WINDOW_FLOW_DISPLAY the display.
# Needs Xvfb, xdotool and ImageMagick. Fails if the exported MIDI file does not appear.
set -euo pipefail
program=$(realpath "${1:?which program}")
out=$(realpath -m "${2:?into which folder}")
display="${WINDOW_FLOW_DISPLAY:-:87}"
mkdir -p "$out"
home=$(mktemp -d)
cleanup() { kill "${studio:-}" "${server:-}" 2>/dev/null || true; rm -rf "$home"; }
trap cleanup EXIT

Xvfb "$display" -screen 0 1600x1000x24 -nolisten tcp >/dev/null 2>&1 & server=$!
export DISPLAY="$display"
sleep 2
# The window stands on no window manager: it is told its size, and given the focus by hand.
LEITMOTIF_HOME="$home" "$program" > "$out/log.txt" 2>&1 & studio=$!
for _ in $(seq 120); do
  window=$(xdotool search --name 'Leitmotif' 2>/dev/null | head -1) && [ -n "$window" ] && break
  sleep 0.5
done
sleep "${WINDOW_FLOW_WAIT:-6}"
xdotool windowfocus "$window"
step=0
# The pointer goes to a corner first: a tooltip would cover what is to be seen.
picture() { step=$((step + 1)); xdotool mousemove 2 998; sleep "${2:-1}"; import -window root "$out/$(printf %02d $step)-$1.png"; }
press() { xdotool windowfocus "$window"; sleep 0.2; xdotool key --delay 120 "$@"; sleep 0.6; }

picture start
press ctrl+n
picture new
# Eight notes of half a beat to two beats, in the large roll.
y=(700 660 680 640 660 720 700 740)
for i in $(seq 0 7); do
  xdotool mousemove $((290 + i * 68)) "${y[$i]}"; sleep 0.15
  xdotool mousedown 1; sleep 0.1; xdotool mousemove_relative 30 0; sleep 0.1; xdotool mouseup 1; sleep 0.15
done
picture drawn
press ctrl+a t
picture theme
press g
picture writing 3
sleep "${WINDOW_FLOW_WRITING:-40}"
picture candidates
press 3
picture auditioned 2
press Return
picture kept
press ctrl+z
picture undone
press ctrl+shift+z
picture redone
press ctrl+e
picture export-dialog 2
press ctrl+a
xdotool type --delay 20 "$out/kept.mid"
sleep 0.5
press Return
picture exported 2
[ -s "$out/kept.mid" ] || { echo "no MIDI file was exported; see the pictures in $out" >&2; exit 1; }
echo "exported $(wc -c < "$out/kept.mid") bytes; pictures in $out"
