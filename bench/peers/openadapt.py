"""openadapt-privacy's text scrubber with the protocol of bench/redaction: JSON lines with "text" in, "text" out."""
import json, sys
from openadapt_privacy.providers.presidio import PresidioScrubbingProvider

scrub = PresidioScrubbingProvider()
for line in sys.stdin:
    text = json.loads(line)["text"]
    print(json.dumps({"text": scrub.scrub_text(text) if text else text}))
