"""Whether the zoo has everything that skl2onnx says it converts."""

import re
from pathlib import Path

from skl2onnx._supported_operators import sklearn_operator_name_map

CASES = Path(__file__).parent / "cases"
LEFT_OUT = {
    "CastRegressor": "skl2onnx's own, a step of its conversions",
    "CastTransformer": "skl2onnx's own, a step of its conversions",
    "ReplaceTransformer": "skl2onnx's own, a step of its conversions",
    "DictVectorizer": "takes dictionaries, which no tensor holds",
    "FeatureHasher": "takes dictionaries or lists of words, which no tensor holds",
    "FeatureUnion": "in the zoo by make_union",
    "KernelCenterer": "takes kernels rather than rows, as KernelPCA does within",
    "LabelBinarizer": "transforms targets rather than rows",
    "LabelEncoder": "transforms targets rather than rows",
    "NearestNeighbors": "has neither predict nor transform, and so no answer to serve",
    "_ConstantPredictor": "scikit-learn's own, inside OneVsRestClassifier",
}


def test_every_estimator_of_skl2onnx_is_in_the_zoo():
    """What skl2onnx converts is a case, or is left out for a reason that still holds."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in CASES.glob("*.py"))
    # Other tests and boosters register classes of their own.
    known = {
        kind.__name__
        for kind in sklearn_operator_name_map
        if kind.__module__.partition(".")[0] in {"sklearn", "skl2onnx"}
    }
    missing = {name for name in known if not re.search(rf"\b{name}\b", text)}
    assert missing == LEFT_OUT.keys()
