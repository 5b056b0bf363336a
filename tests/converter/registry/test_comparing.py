"""Two versions beside each other: signature, size, proof, and what both answer."""

import math

import pytest

from coldpress.errors import BundleError, UsageError
from coldpress.registry import publish
from coldpress.registry.comparing import diff


@pytest.fixture
def exported(tmp_path):
    """Exports a linear model of as many columns, and scaled as asked."""
    import numpy as np
    from sklearn.linear_model import LinearRegression, LogisticRegression

    import coldpress

    def make(name, *, columns=("a", "b"), factor=1.0, labels=None):
        import pandas as pd

        rows = pd.DataFrame(
            np.random.default_rng(0).normal(size=(40, len(columns))), columns=list(columns)
        )
        score = rows.sum(axis=1) * factor
        if labels:
            truth = np.where(score > 0, *labels)
            model = LogisticRegression().fit(rows.to_numpy(), truth)
        else:
            model = LinearRegression().fit(rows.to_numpy(), score)
        sample = rows.to_numpy()
        return coldpress.export(model, sample=sample, output=tmp_path / name, name="line").path

    return make


def test_a_version_is_itself(exported):
    """Nothing is different between a version and itself."""
    found = diff(str(exported("one")), str(exported("two")))
    assert found.compatible
    assert found.old.digest == found.new.digest
    (output,) = found.predictions
    assert (output.rows, output.max_abs_diff, output.labels_changed) == (10, 0.0, None)


def test_numbers_that_differ_are_measured(exported):
    """Both are asked the golden rows of both, and the largest difference is told."""
    found = diff(str(exported("one")), str(exported("twice", factor=2.0)))
    assert found.compatible
    (output,) = found.predictions
    assert output.rows == 10
    assert 0.5 < output.max_abs_diff < 10


def test_labels_that_change_are_counted(exported):
    """Rows that get another label are counted, and labels that came or went are named."""
    old = exported("one", labels=("yes", "no"))
    new = exported("other", labels=("no", "yes"))
    found = diff(str(old), str(new))
    assert found.compatible
    labels, numbers = found.predictions
    assert labels.labels_changed == labels.rows == 10
    assert numbers.max_abs_diff > 0
    changed = diff(str(old), str(exported("third", labels=("yes", "perhaps"))))
    assert "label of 'label' 'no' is gone" in changed.signature
    assert "label of 'label' 'perhaps' is new" in changed.signature


def test_other_inputs_are_not_compatible(exported):
    """Where one takes what the other does not, that is told, and neither is asked."""
    found = diff(str(exported("two")), str(exported("three", columns="abc")))
    assert not found.compatible
    assert found.signature == ("input 'input' has the shape [-1, 3], had [-1, 2]",)
    assert (found.predictions, found.unasked) == ((), "they take other inputs")


def test_published_versions_are_compared(exported, store_root):
    """A side may be a version in a store, by its channel."""
    one = publish(exported("one"), store_root, channel="live").channel
    found = diff(str(one.uri), str(exported("twice", factor=2.0)))
    assert found.old.digest == one.channel.version
    assert math.isfinite(found.predictions[0].max_abs_diff)


@pytest.mark.parametrize(
    ("named", "error", "message"),
    [
        pytest.param("{tmp}", BundleError, "no bundle", id="a directory"),
        pytest.param("{tmp}/absent", UsageError, "no directory", id="nothing"),
    ],
)
def test_what_is_no_version_is_refused(exported, tmp_path, named, error, message):
    """Each side has to be a bundle or a model's URI."""
    with pytest.raises(error, match=message):
        diff(str(exported("one")), named.format(tmp=tmp_path))
