"""Runs the program of docs/export.md in a folder with exports in the three formats, and holds what every reader yields against the JSON lines."""
import collections, contextlib, glob, hashlib, json, sys, types

names = types.SimpleNamespace()
with contextlib.redirect_stdout(None):
    exec(compile(open("program.py", encoding="utf-8").read(), "program.py", "exec"), vars(names))

import pyarrow.parquet
import webdataset
from datasets import load_dataset
from PIL import Image


def known(value):
    """A value without what is not there."""
    if isinstance(value, dict):
        return {k: known(v) for k, v in value.items() if v is not None}
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)  # JSON writes 1.0 as 1
    return [known(v) for v in value] if isinstance(value, list) else value


pictures = collections.Counter()


def pixels(picture):
    if picture is None:
        return None
    if isinstance(picture, (str, bytes)):
        raise TypeError("this is no picture")
    picture = picture.convert("RGB")
    return hashlib.sha256(repr(picture.size).encode() + picture.tobytes()).hexdigest()


def people(reading, rows):
    """Each person's steps in their order, without what an export calls people and pictures."""
    out = collections.defaultdict(list)
    for step, before, after in rows:
        step = known({k: v for k, v in step.items() if k not in ("before_image", "after_image", "picture")})
        for side, picture in ("before", before), ("after", after):
            file = step.get(side, {}).pop("file", None)
            if (file is None) != (picture is None):
                raise ValueError(f"{reading}: a name without a picture, or a picture without a name")
            pictures[reading] += picture is not None
        out[step.pop("person")].append([step, pixels(before), pixels(after)])
    return sorted(json.dumps(p, sort_keys=True) for p in out.values())


def opened(step, side):
    file = (step.get(side) or {}).get("file")
    return Image.open(f"trajectories/{file}") if file else None


def arrow():
    for name in sorted(glob.glob("rows/data/*.parquet")):
        for r in pyarrow.parquet.read_table(name).to_pylist():
            yield r, *(Image.open(__import__("io").BytesIO(r[c]["bytes"])) if r[c] else None for c in ("before_image", "after_image"))


shards = sorted(glob.glob("samples/data/*.tar"))
rows = "rows/data/*.parquet"
readings = {
    "json lines, the standard library": ((s, opened(s, "before"), opened(s, "after")) for s in names.steps("trajectories")),
    "json lines, datasets": ((s, s["picture"], opened(s, "after")) for s in names.lines),
    "parquet, datasets": ((r, r["before_image"], r["after_image"]) for r in names.rows),
    "parquet, datasets, split by person": ((r, r["before_image"], r["after_image"]) for half in (names.one, names.rest) for r in half),
    "parquet, datasets by its folder": ((r, r["before_image"], r["after_image"]) for r in load_dataset("rows", split="train")),
    "parquet, datasets in a stream": ((r, r["before_image"], r["after_image"]) for r in load_dataset("parquet", data_files=rows, split="train", streaming=True)),
    "parquet, pyarrow": arrow(),
    "webdataset, datasets": ((s["json"], s["before.png"], s["after.png"]) for s in names.samples),
    "webdataset, webdataset": ((s["json"], s.get("before.png"), s.get("after.png")) for s in webdataset.WebDataset(shards, shardshuffle=False).decode("pil")),
}
want = None
for reading, stream in readings.items():
    got = people(reading, stream)
    want = want or got
    if got != want:
        steps = [[s for p in of for s in json.loads(p)] for of in (got, want)]
        sys.exit(f"{reading} yields {len(steps[0])} steps, not {len(steps[1])}; the first other one: {next((p for p in zip(*steps) if p[0] != p[1]), None)}")

chats = [json.loads(line) for line in open("chats.jsonl", encoding="utf-8")]
told = lambda chats: sorted(json.dumps(c["messages"]) for c in chats)
if told(chats) != told(names.from_rows) or not chats:
    sys.exit("the chats from rows are others than those from JSON lines")
for chat in names.from_rows:
    pixels(chat["images"][0])
if names.rows.features["before_image"].dtype != "PIL.Image.Image" or names.rows.features["person"] != names.lines.features["person"]:
    sys.exit("the columns have other types")
if len(set(pictures.values())) != 1:
    sys.exit(f"not the same pictures: {pictures}")
print(f"{len(readings)} readings of {sum(len(json.loads(p)) for p in want)} steps and {pictures['parquet, datasets']} pictures agree; {len(chats)} chats")
