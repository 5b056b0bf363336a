"""The page: complete, loud where a proof failed, without scripts and without the network."""

import base64
import dataclasses
import hashlib
import json
import re
import shlex
import subprocess
from html.parser import HTMLParser

import pytest

from coldpress.certification import LOSSY, BatchCheck, Metric, ProbeCheck, Rung
from coldpress.errors import BundleError
from coldpress.record import CandidateRecord, Latency, Record, SizeStep
from coldpress.report import render
from coldpress_runtime.artifact import Signature, Source, TensorSpec
from tests.converter.conftest import certificate_of, output_check, tensor_of

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
RECORD = Record(
    made="2026-11-23T10:00:00+00:00",
    command=("coldpress", "export", "my model.joblib", "-o", "build/churn"),
    sizes=(SizeStep(step="model file", bytes=2000), SizeStep(step="stored", bytes=500)),
    latency=Latency(original_ms=2.0, export_ms=0.1, calls=200, machine="x86_64, 2 cores"),
    candidates=(
        CandidateRecord(name="int8 dynamic", technique="int8", accepted=True, chosen=True, bytes=5),
        CandidateRecord(
            name="int4", technique="int4", accepted=False, reason="agreement 91 %", agreement=0.91
        ),
    ),
)
METRIC = Metric(
    name="accuracy", original=0.95, export=0.94, classes=("no", "yes"),
    confusion_original=(50, 3, 2, 45), confusion_export=(50, 3, 3, 44),
)  # fmt: skip
APART = {"td", "th", "span", "div", "dd", "dt"}
VOID = {"meta", "img", "br"}


class Page(HTMLParser):
    """A page's elements and texts; it is refused if its tags don't nest."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.ids, self.open, self.text = [], [], [], ""
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        """Open an element."""
        self.elements.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id"]
        if tag in APART:
            self.text += " "
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        """Take an element that holds nothing."""
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        """Close the element that was opened last."""
        assert self.open.pop() == tag

    def handle_data(self, data):
        """Take a text, but for the style's."""
        if self.open and self.open[-1] != "style":
            self.text += data

    @property
    def words(self):
        """All its text, on one line."""
        return " ".join(self.text.split())

    def count(self, tag):
        """How many elements there are of a kind."""
        return sum(found == tag for found, _ in self.elements)


@pytest.fixture
def full_bundle(make_bundle):
    """A bundle about which there is something to say in every part of the page."""
    probes = (
        ProbeCheck(name="thresholds", rows=40, binding=True, outputs=(output_check(),)),
        ProbeCheck(name="missing values", rows=4, binding=True, accepted=False),
    )
    certificate = certificate_of(
        metric=METRIC,
        probes=probes,
        batches=(BatchCheck(size=1, outputs=(output_check(rows=8),)),),
        rungs=(Rung(name="float32", held=False, reason="flips"), Rung(name="float64", held=True)),
    )
    return make_bundle(certificate, record=RECORD)


def test_every_part_is_there(full_bundle):
    """All that manifest, certificate, record and golden examples say is on the page."""
    page = Page(render(full_bundle))
    for said in (
        "✓ Answers like the original", f"sha256:{full_bundle.digest}", "4.0 × smaller",
        "20 × as fast as the original", "thresholds", "left out", "float32 did not hold flips",
        "accuracy of the original 0.9500", "Medians of 200 calls", "agreement 91 %",
        "coldpress export 'my model.joblib' -o build/churn", "avx2, fma", "drawn with seed 0",
        full_bundle.manifest.blob("model").sha256, "--aws-sigv4", "coldpress invoke", "boto3",
    ):  # fmt: skip
        assert said in page.words
    assert page.count("svg") == 3


def test_it_loads_nothing(full_bundle):
    """The page has no script and names nothing to load; its policy allows just its own style."""
    text = render(full_bundle)
    page = Page(text)
    assert not {"script", "link", "img", "iframe", "base"} & {tag for tag, _ in page.elements}
    attributes = {name for _, attributes in page.elements for name in attributes}
    assert not {"src", "href", "style", "srcset", "onload", "onerror"} & attributes
    style = text[text.index("<style>") + 7 : text.index("</style>")]
    assert "@import" not in style
    assert "url(" not in style
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policies = [a["content"] for tag, a in page.elements if a.get("http-equiv")]
    assert policies[0].startswith(f"default-src 'none'; style-src 'sha256-{digest}'")


def test_it_is_accessible(full_bundle):
    """One first heading, captions on tables, names on pictures, ids that are there once."""
    page = Page(render(full_bundle))
    assert page.count("h1") == 1
    assert page.count("table") == page.count("caption")
    assert len(page.ids) == len(set(page.ids))
    for _, attributes in page.elements:
        for name in attributes.get("aria-labelledby", "").split():
            assert name in page.ids
    assert ("html", {"lang": "en"}) in page.elements


def test_hostile_words_are_text(make_bundle):
    """Names, labels, reasons and messages can't become markup."""
    check = output_check(name=HOSTILE, problem=HOSTILE, wrong_rows=(1,))
    spec = TensorSpec(name=HOSTILE, datatype="FP32", shape=(-1, 2), labels=(HOSTILE,))
    bundle = make_bundle(
        certificate_of(
            passed=False, outputs=(check,), original=HOSTILE, machine=HOSTILE, cpu_flags=(HOSTILE,),
            versions={HOSTILE: HOSTILE}, rungs=(Rung(name=HOSTILE, held=False, reason=HOSTILE),),
            probes=(ProbeCheck(name=HOSTILE, rows=1, binding=True, problem=HOSTILE),),
            metric=dataclasses.replace(METRIC, classes=(HOSTILE, "b")),
        ),
        record=dataclasses.replace(
            RECORD, made=HOSTILE, command=(HOSTILE,), sizes=(SizeStep(step=HOSTILE, bytes=1),),
            candidates=(dataclasses.replace(RECORD.candidates[0], name=HOSTILE, reason=HOSTILE),),
        ),
        examples=[{"request": {"inputs": [HOSTILE]}, "response": {"outputs": [HOSTILE]}}],
        signature=Signature(inputs=(spec,), outputs=(spec,), features=(HOSTILE,)),
        source=Source(framework=HOSTILE, format=HOSTILE, sha256="", versions={HOSTILE: HOSTILE}),
        compression=HOSTILE,
    )  # fmt: skip
    page = Page(render(bundle))
    assert not {"script", "img"} & {tag for tag, _ in page.elements}
    assert page.text.count(HOSTILE) > 25


def test_large_ratios_and_times_are_legible(make_bundle):
    """Figures of a thousand and more have separators rather than exponents."""
    record = dataclasses.replace(
        RECORD,
        sizes=(SizeStep(step="model file", bytes=12_345_678), SizeStep(step="stored", bytes=1000)),
        latency=Latency(original_ms=12_345.6, export_ms=10.0, calls=3, machine="x86_64"),
        candidates=(dataclasses.replace(RECORD.candidates[0], latency_ratio=1234.5),),
    )
    words = Page(render(make_bundle(record=record))).words
    for said in (
        "1,235 × as fast", "12,346 × smaller", "12,346 ms", "10 ms", "1,234 ×",
    ):  # fmt: skip
        assert said in words
    assert "e+0" not in words


def test_what_was_timed_is_named(make_bundle):
    """The time of a row says which of the original's methods it is of."""
    certificate = certificate_of(original="scikit-learn's own predict, predict_proba")
    words = Page(render(make_bundle(certificate, record=RECORD))).words
    said = "gives all that the export answers: scikit-learn's own predict, predict_proba."
    assert said in words


def test_stored_without_a_record(make_bundle):
    """Without a record, what is stored is the graph and the weights that lie apart from it."""
    bundle = make_bundle()
    weights = bundle.manifest.blob("model")._replace(
        role="weights", path="weights.bin.zst", size=5_000_000
    )
    manifest = bundle.manifest._replace(blobs=(*bundle.manifest.blobs, weights))
    words = Page(render(dataclasses.replace(bundle, manifest=manifest))).words
    assert re.search(r"5\.0 MB ?stored", words)


def test_ties_are_explained_as_they_are_told(full_bundle):
    """The page says of a tie what the comparison goes by: twice the largest difference."""
    assert "twice the largest difference of the scores" in Page(render(full_bundle)).words


def test_rows_can_stand_alone_on_a_phone(full_bundle):
    """Each cell of a table that is stacked on narrow screens says which column it is of."""
    page = Page(render(full_bundle))
    cells = [attributes for tag, attributes in page.elements if tag == "td"]
    bare = [attributes for attributes in cells if "data-label" not in attributes]
    # The matrices alone scroll.
    assert all("class" in attributes or attributes == {} for attributes in bare)
    assert len([attributes for attributes in cells if "data-label" in attributes]) > 30


def test_a_failure_is_loud(make_bundle):
    """A failed certificate stands first, with every place where it fails, and who forced it."""
    bad = output_check(problem="differs by 0.5 in 2 rows", wrong_rows=(3, 7))
    certificate = certificate_of(
        passed=False,
        outputs=(bad,),
        batches=(BatchCheck(size=2, outputs=(bad,)),),
        probes=(
            ProbeCheck(name="thresholds", rows=9, binding=True, outputs=(bad,)),
            ProbeCheck(name="shapes", rows=9, binding=True, problem="it raises"),
            ProbeCheck(name="infinities", rows=9, binding=False, outputs=(bad,)),
        ),
        metric=dataclasses.replace(METRIC, export=0.5),
    )
    bundle = make_bundle(certificate)
    forced = bundle.manifest.certificate._replace(forced=True)
    words = Page(
        render(dataclasses.replace(bundle, manifest=bundle.manifest._replace(certificate=forced)))
    ).words
    assert words.index("✗ Does not answer like the original") < words.index("What it is")
    alarm = words[words.index("The certificate failed") : words.index("What it is")]
    for said in (
        "published all the same, with --force",
        "output 'y' on the sample differs by 0.5 in 2 rows (rows 3, 7)",
        "output 'y' in batches of 2",
        "on the thresholds probes",
        "on the shapes probes it raises",
        "accuracy on the labelled rows is 0.5000 instead of 0.9500",
    ):
        assert said in alarm
    assert "infinities" not in alarm
    assert "infinities 9 0 told only differs" in words


def test_earlier_bundles_have_a_report(make_bundle):
    """Without a record and without what later certificates have, those parts are left out."""
    page = Page(render(make_bundle(certificate_of(outputs=(output_check(histogram=()),)))))
    assert "Size at each step" not in page.words
    assert "How long one row takes" not in page.words
    assert page.count("svg") == 0


def test_the_first_certificates_have_a_report(make_bundle, root):
    """A certificate of schema version 1 becomes a page."""
    bundle = make_bundle()
    data = (root / "tests" / "fixtures" / "certificates" / "v1.json").read_bytes()
    blob = bundle.manifest.blob("certificate")
    (bundle.path / blob.path).write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    changed = blob._replace(
        size=len(data), unpacked_size=len(data), sha256=digest, unpacked_sha256=digest
    )
    others = tuple(other for other in bundle.manifest.blobs if other is not blob)
    manifest = bundle.manifest._replace(blobs=(*others, changed))
    page = Page(render(dataclasses.replace(bundle, manifest=manifest)))
    assert "manifest 3, certificate 1" in page.words


def test_a_lossy_model_says_so(make_bundle):
    """A model that was made smaller at some loss says what loss was allowed."""
    words = Page(render(make_bundle(certificate_of(tolerance=LOSSY)))).words
    assert "✓ Answers like the original, within the loss allowed" in words
    assert "at least 99% of its answers agree" in words


@pytest.mark.parametrize(
    ("classes", "tables"),
    [(2, 2), (50, 2), (51, 0)],
    ids=["two", "most", "too-many"],
)
def test_confusion_matrices(make_bundle, classes, tables):
    """Both sides have a matrix of up to 50 classes; with more, the page says why there is none."""
    counts = tuple(int(i % (classes + 1) == 0) for i in range(classes * classes))
    metric = Metric(
        name="accuracy", original=1.0, export=1.0, classes=tuple(map(str, range(classes))),
        confusion_original=counts, confusion_export=counts,
    )  # fmt: skip
    text = render(make_bundle(certificate_of(metric=metric)))
    assert text.count('<table class="matrix') == tables
    assert ("more than 50 classes" in text) == (not tables)


def test_where_matrices_differ(make_bundle):
    """A count of the export that is not the original's is marked, and no other."""
    text = render(make_bundle(certificate_of(metric=METRIC)))
    assert re.findall(r'<td class="(\w+) other">(\d+)</td>', text) == [("w1", "3"), ("r9", "44")]


def test_long_lists_are_folded(make_bundle):
    """A thousand labels or columns are there, but folded away."""
    names = tuple(f"column {i}" for i in range(3000))
    spec = TensorSpec(name="x", datatype="FP32", shape=(-1, 3000))
    y = TensorSpec(name="y", datatype="FP32", shape=(-1, 2))
    page = Page(
        render(make_bundle(signature=Signature(inputs=(spec,), outputs=(y,), features=names)))
    )
    assert page.count("details") == 1
    assert "3,000 columns" in page.words
    assert "and 1,000 more" in page.words


def test_the_request_can_be_pasted(make_bundle, tmp_path):
    """The line that saves the request gives just the golden example, quotes and all."""
    request = {"inputs": [{**tensor_of("x", ["it's", '"\\n" & <b>']), "datatype": "BYTES"}]}
    page = Page(render(make_bundle(examples=[{"request": request, "response": {}}])))
    line = next(line for line in page.text.splitlines() if line.startswith("printf"))
    subprocess.run(["/bin/sh", "-c", line], cwd=tmp_path, check=True)
    assert json.loads((tmp_path / "request.json").read_bytes()) == request


def test_a_long_request_comes_from_the_bundle(make_bundle):
    """A request that is too long for the page is taken out of golden.json by the line shown."""
    request = {"inputs": [tensor_of("x", list(range(5000)))]}
    bundle = make_bundle(examples=[{"request": request, "response": {}}])
    page = Page(render(bundle))
    assert len(page.text) < 20_000
    line = next(line for line in page.text.splitlines() if line.startswith("python3 -c"))
    assert shlex.split(line)[-1] == "request.json"
    subprocess.run(["/bin/sh", "-c", line], cwd=bundle.path, check=True)
    assert json.loads((bundle.path / "request.json").read_bytes()) == request


def test_without_golden_examples(make_bundle):
    """A model none of whose rows JSON can carry has a page without a call."""
    assert "How to call it" not in render(make_bundle(examples=[]))


@pytest.mark.parametrize(
    "examples", [[1], [{}], "text", {"a": 1}], ids=["number", "empty", "text", "object"]
)
def test_broken_golden_examples_are_explained(make_bundle, examples):
    """Golden examples that are none are one sentence."""
    with pytest.raises(BundleError, match=r"golden\.json holds no golden examples"):
        render(make_bundle(examples=examples))
