#!/usr/bin/env bash
# Installs what the tests and the demo need and this machine lacks: a virtual desktop, the demo's programs, two OCRs to look for leaks,
# a PostgreSQL for the scale-out store, a browser and npm (which fetches axe-core) to judge the pages, a UPower and a NetworkManager that say what a test wants, what boots a machine of its own for the tests of the service.
# Packages that are named are installed instead. Debian 12 or Ubuntu with apt. Says what it installs; asks sudo only if not root; does nothing if nothing is missing.
set -euo pipefail
want=(xvfb openbox dbus dbus-x11 at-spi2-core libglib2.0-bin x11-utils x11-xserver-utils xauth
  xfce4-panel mousepad l3afpad featherpad zenity xterm xdotool fonts-dejavu-core tesseract-ocr tesseract-ocr-eng
  gcc libc6-dev libx11-dev libxtst-dev libxkbcommon-dev libxkbcommon-x11-dev libx11-xcb-dev libpng-dev libxt-dev libxinerama-dev
  systemd-container mmdebstrap chromium python3-dbusmock ocrad python3-venv
  postgresql)
if (($#)); then want=("$@"); fi
command -v npm >/dev/null || want+=(npm) # it may come with another package of Node
command -v go >/dev/null || { echo "deps: Go is missing; install Go 1.26 or newer from go.dev/dl and put it on PATH" >&2; exit 1; }
command -v dpkg-query >/dev/null || { echo "deps: this needs Debian or Ubuntu (dpkg is missing); install by hand: ${want[*]}" >&2; exit 1; }
missing=()
for p in "${want[@]}"; do
  [[ $(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null) == installed ]] || missing+=("$p")
done
((${#missing[@]})) || exit 0
echo "deps: installing ${missing[*]}"
as_root=()
if ((EUID != 0)); then
  command -v sudo >/dev/null || { echo "deps: not root and no sudo; run as root: apt-get install ${missing[*]}" >&2; exit 1; }
  as_root=(sudo)
fi
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -q
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"
