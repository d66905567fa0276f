"""Readers of other make than byleave-ocr's, for what is left in a masked picture: PP-OCRv4 (rapidocr) and EasyOCR's English model.

Use: read.py ppocr|easyocr [FOLDER]. JSON lines in: {"image": file, "boxes": [[left, top, right, bottom], ...], "page": true}. Out, for each:
{"words": [what is read in each box], "page": what is found and read anywhere, in lines}. A reader is told where to look, sees each box
stretched to full contrast, dark on light, and enlarged: it gets more help than somebody who only has the picture. What it has read is kept in FOLDER by the digest of the box and of this
file, so that the same box is read once over all runs.
"""
import collections, hashlib, json, os, pickle, sys, zipfile
import numpy as np
import cv2
import onnxruntime as ort

ort.set_default_logger_severity(3)


def session(model):
    o = ort.SessionOptions()
    o.intra_op_num_threads = o.inter_op_num_threads = 1
    return ort.InferenceSession(model, o, providers=["CPUExecutionProvider"])


def crop(image, box):
    """One box in grey, dark on light, with a margin; None if there is one colour only."""
    l, t, r, b = box
    part = image[max(0, t - 2):b + 2, max(0, l - 3):r + 3]
    if part.size == 0 or (part == part[0, 0]).all():
        return None
    ground = np.array([np.bincount(part[..., c].ravel(), minlength=256).argmax() for c in range(3)], dtype=np.int16)
    grey = np.abs(part.astype(np.int16) - ground).max(axis=2).astype(np.float32)
    grey = 255 - grey * (255 / grey.max())
    return cv2.copyMakeBorder(grey.astype(np.uint8), 4, 4, 8, 8, cv2.BORDER_CONSTANT, value=255)


class PPOCR:
    def __init__(self):
        from rapidocr_onnxruntime import RapidOCR
        self.ocr = RapidOCR(intra_op_num_threads=1, inter_op_num_threads=1, text_score=0.3)

    def words(self, crops):
        got = self.ocr.text_rec([cv2.cvtColor(c, cv2.COLOR_GRAY2BGR) for c in crops])[0] if crops else []
        return [g[0] for g in got]

    def page(self, image):
        return "\n".join(g[1] for g in self.ocr(image, use_cls=False)[0] or [])


CHARACTERS = "0123456789!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ €ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def weights(path):
    """A file of PyTorch's weights, read without PyTorch: arrays by name. Nothing in it is run."""
    z = zipfile.ZipFile(path)
    root = z.namelist()[0].split("/")[0]

    class Reader(pickle.Unpickler):
        def find_class(self, module, name):
            if name == "_rebuild_tensor_v2":
                return lambda data, at, size, stride, *_: np.lib.stride_tricks.as_strided(data[at:], size, [s * data.itemsize for s in stride]).copy()
            if name in ("FloatStorage", "LongStorage"):
                return name
            if name == "OrderedDict":
                return collections.OrderedDict
            raise pickle.UnpicklingError(name)

        def persistent_load(self, p):
            return np.frombuffer(z.read(f"{root}/data/{p[2]}"), {"FloatStorage": np.float32, "LongStorage": np.int64}[p[1]])

    return Reader(z.open(f"{root}/data.pkl")).load()


def english(path):
    """EasyOCR's english_g2 as an ONNX model: a VGG of seven convolutions, two bidirectional LSTMs, one line of scores a column."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper
    w = {k.removeprefix("module."): v for k, v in weights(path).items()}
    nodes, constants, x = [], [], "in"

    def put(name, value):
        constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(kind, inputs, **attributes):
        out = f"v{len(nodes)}"
        nodes.append(helper.make_node(kind, inputs, [out], **attributes))
        return out

    net = "FeatureExtraction.ConvNet."
    for i, pool in [(0, [2, 2]), (3, [2, 2]), (6, None), (8, [2, 1]), (11, None), (14, [2, 1]), (18, None)]:
        kernel = w[f"{net}{i}.weight"]
        inputs = [x, put(f"k{i}", kernel)] + ([put(f"b{i}", w[f"{net}{i}.bias"])] if f"{net}{i}.bias" in w else [])
        x = node("Conv", inputs, pads=[1] * 4 if kernel.shape[2] == 3 else [0] * 4)
        if f"{net}{i+1}.running_mean" in w:
            x = node("BatchNormalization", [x] + [put(f"n{i}{p}", w[f"{net}{i+1}.{p}"]) for p in ("weight", "bias", "running_mean", "running_var")])
        x = node("Relu", [x])
        if pool:
            x = node("MaxPool", [x], kernel_shape=pool, strides=pool)
    x = node("Transpose", [node("Squeeze", [node("ReduceMean", [x], axes=[2]), put("two", np.array([2]))])], perm=[2, 0, 1])  # columns, pictures, channels
    for n in (0, 1):
        def both(part, order=(0, 3, 1, 2)):  # PyTorch's gates are input, forget, cell, output; ONNX's input, output, forget, cell
            def one(end):
                g = np.split(w[f"SequenceModeling.{n}.rnn.{part}_l0{end}"], 4)
                return np.concatenate([g[j] for j in order])
            return np.stack([one(""), one("_reverse")])
        biases = np.concatenate([both("bias_ih"), both("bias_hh")], axis=1)
        y = node("LSTM", [x, put(f"w{n}", both("weight_ih")), put(f"r{n}", both("weight_hh")), put(f"c{n}", biases)], hidden_size=256, direction="bidirectional")
        y = node("Reshape", [node("Transpose", [y], perm=[0, 2, 1, 3]), put(f"s{n}", np.array([0, 0, -1]))])
        x = node("Add", [node("MatMul", [y, put(f"l{n}", w[f"SequenceModeling.{n}.linear.weight"].T)]), put(f"m{n}", w[f"SequenceModeling.{n}.linear.bias"])])
    x = node("Add", [node("MatMul", [x, put("p", w["Prediction.weight"].T)]), put("q", w["Prediction.bias"])])
    graph = helper.make_graph(nodes, "english_g2", [helper.make_tensor_value_info("in", TensorProto.FLOAT, [None, 1, 64, None])],
                              [helper.make_tensor_value_info(x, TensorProto.FLOAT, None)], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8).SerializeToString()


class EasyOCR:
    def __init__(self):
        import easyocr_en_models
        self.net = session(english(os.path.join(easyocr_en_models.model_dir(), "english_g2.pth")))

    def words(self, crops):
        return [self.word(c) for c in crops]

    def word(self, c):
        wide = max(32, round(c.shape[1] * 64 / c.shape[0]))
        x = cv2.resize(c, (wide, 64), interpolation=cv2.INTER_CUBIC).astype(np.float32) / 127.5 - 1
        best = self.net.run(None, {"in": x[None, None]})[0][:, 0].argmax(axis=1)
        return "".join(CHARACTERS[b - 1] for b, before in zip(best, [0, *best]) if b and b != before)

    def page(self, image):
        return ""  # it is asked about places only


class Once:
    """A reader that reads the same crop once."""

    def __init__(self, name, folder):
        self.reader, self.known, self.file = {"ppocr": PPOCR, "easyocr": EasyOCR}[name](), {}, None
        self.of = hashlib.sha256(open(__file__, "rb").read()).digest()
        if folder:
            self.file = open(os.path.join(folder, f"read-{name}.jsonl"), "a+")
            self.file.seek(0)
            for line in self.file:
                try:
                    self.known.update(json.loads(line))
                except ValueError:
                    pass  # half a line: whoever wrote it was stopped

    def words(self, crops):
        keys = [hashlib.sha256(self.of + repr(c.shape).encode() + c.tobytes()).hexdigest() for c in crops]
        new = {k: c for k, c in zip(keys, crops) if k not in self.known}
        read = dict(zip(new, self.reader.words(list(new.values()))))
        self.known.update(read)
        if self.file and read:
            self.file.write("\n" + json.dumps(read) + "\n")
            self.file.flush()
        return [self.known[k] for k in keys]


def main():
    reader = Once(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None)
    for line in sys.stdin:
        ask = json.loads(line)
        image = cv2.imread(ask["image"])
        crops = [crop(image, b) for b in ask["boxes"]]
        texts = iter(reader.words([c for c in crops if c is not None]))
        print(json.dumps({"words": ["" if c is None else next(texts) for c in crops], "page": reader.reader.page(image) if ask.get("page") else ""}), flush=True)


main()
