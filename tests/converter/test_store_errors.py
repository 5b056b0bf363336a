import obstore
import pytest

from coldpress.errors import StoreError
from coldpress.store_errors import store_errors
from coldpress.stores import connect
from coldpress_runtime.errors import ArtifactError, ModelUnavailable
from coldpress_runtime.store import read


@pytest.mark.parametrize(
    ("error", "message"),
    [
        pytest.param(PermissionError("x"), "access was denied; check the credentials", id="denied"),
        pytest.param(FileNotFoundError("x"), "no such bucket or object; coldpress", id="missing"),
        pytest.param(OSError("broken"), "broken; check the bucket's name", id="other"),
        pytest.param(
            OSError("<Error><Code>ExpiredToken</Code>"), "the credentials have expired", id="code"
        ),
        pytest.param(OSError("error sending request"), "the server does not answer", id="silent"),
        pytest.param(ArtifactError("no JSON", where="blobs"), "blobs: no JSON", id="format"),
        pytest.param(ModelUnavailable("it is gone"), "bucket: it is gone$", id="runtime"),
    ],
)
def test_every_error_is_one_sentence(aws_environment, error, message):
    """Whatever a store raises names the store, the reason and what to check."""
    assert aws_environment
    with pytest.raises(StoreError, match=message) as caught, store_errors("s3://bucket"):
        raise error
    assert str(caught.value).startswith("store s3://bucket: ")


@pytest.mark.parametrize("text", ["PUT http://169.254.169.254/latest/api/token", "broken"])
def test_without_credentials(monkeypatch, text):
    """Without any credentials the sentence says how to give some."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
    with pytest.raises(StoreError, match=r"coldpress\[aws\]") as caught, store_errors("s3://b"):
        raise OSError(text)
    assert "169.254" not in str(caught.value)


def test_missing_bucket(aws_environment):
    """A bucket that isn't there is said to be so, by S3's own code."""
    assert aws_environment
    with pytest.raises(StoreError, match="no such bucket; create it"), store_errors("s3://b"):
        obstore.list(connect("s3://no-such-bucket")).collect()


def test_missing_object(bucket):
    """A version or channel that isn't there is named."""
    root = f"s3://{bucket}"
    sentence = "a/b is not in the store; coldpress channels"
    with pytest.raises(StoreError, match=sentence), store_errors(root):
        read(connect(root), "a/b")


def test_missing_directory(tmp_path):
    """A directory that isn't there is said to be so, and the store is named once."""
    with pytest.raises(StoreError, match="there is no such directory") as caught:
        connect((tmp_path / "nowhere").as_uri())
    assert str(caught.value).count("store ") == 1
