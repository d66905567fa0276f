#!/bin/bash
# Makes the recorders that can be had here, in a folder of their own under bench/out, and prints them as BYLEAVE_PEERS for bench/agent.
# A peer that cannot be had is said and left out. ffmpeg is Debian's; root gets it installed.
set -u
cd "$(dirname "$0")/record"
out=$(cd ../../.. && mkdir -p bench/out/peers && cd bench/out/peers && pwd)
peers=()
if python3 -m venv "$out/record" && "$out/record/bin/pip" install -q -r requirements.txt; then
  python=$out/record/bin/python
  peers+=("pynput and mss=$python $PWD/pynput_mss.py")
else
  echo "pynput and mss, openadapt-capture: not run" >&2
fi
command -v ffmpeg >/dev/null || { ((EUID == 0)) && apt-get install -y -q --no-install-recommends ffmpeg >&2; }
if command -v ffmpeg >/dev/null; then
  peers+=("ffmpeg=$PWD/ffmpeg.sh")
  [[ -n ${python:-} ]] && peers+=("openadapt-capture=$PWD/openadapt.sh $out/record/bin")
else
  echo "ffmpeg, openadapt-capture (which needs it): not run; install ffmpeg" >&2
fi
IFS=';'
echo "${peers[*]}"
