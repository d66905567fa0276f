"""Presidio's analyzer with the protocol of bench/redaction: JSON lines with "text" in, "spans" out."""
import json, sys
from presidio_analyzer import AnalyzerEngine
from presidio_analyzer.nlp_engine import NlpEngineProvider

model = sys.argv[1] if len(sys.argv) > 1 else "en_core_web_sm"
nlp = NlpEngineProvider(nlp_configuration={"nlp_engine_name": "spacy", "models": [{"lang_code": "en", "model_name": model}]}).create_engine()
analyzer = AnalyzerEngine(nlp_engine=nlp, supported_languages=["en"])
for line in sys.stdin:
    text = json.loads(line)["text"]
    found = analyzer.analyze(text=text, language="en")
    print(json.dumps({"spans": [{"class": r.entity_type, "start": r.start, "end": r.end} for r in found]}))
