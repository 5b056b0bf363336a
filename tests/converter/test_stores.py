import os

import obstore
import pytest

from coldpress.errors import StoreError, UsageError
from coldpress.stores import bundle_or_uri, connect, model_uri, profile_variables, store_url


@pytest.mark.parametrize(
    ("text", "url"),
    [
        pytest.param("s3://bucket/models/", "s3://bucket/models", id="s3-trailing-slash"),
        pytest.param("s3://bucket", "s3://bucket", id="bucket-alone"),
        pytest.param("gs://bucket/a", "gs://bucket/a", id="google"),
        pytest.param("/srv/models", "file:///srv/models", id="absolute-path"),
        pytest.param("/srv/my models", "file:///srv/my%20models", id="path-with-space"),
        pytest.param("file:///srv/models/", "file:///srv/models", id="file-url"),
    ],
)
def test_store_url(text, url):
    """What a person types becomes a URL without a final slash."""
    assert store_url(text) == url


def test_store_url_relative(monkeypatch, tmp_path):
    """A relative path is one of the working directory's."""
    monkeypatch.chdir(tmp_path)
    assert store_url("./store") == (tmp_path / "store").as_uri()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("ftp://host/models", "use one of file, s3, gs, az or a path", id="scheme"),
        pytest.param("s3://", "names no bucket", id="no-bucket"),
        pytest.param("s3:///", "names no bucket", id="only-slashes"),
    ],
)
def test_store_url_refused(text, message):
    """A store that can't be one is refused with what to write instead."""
    with pytest.raises(UsageError, match=message):
        store_url(text)


@pytest.mark.parametrize(
    ("text", "uri"),
    [
        pytest.param("s3://b/m/churn@live", "s3://b/m/churn@live", id="channel"),
        pytest.param("s3://b/churn@sha256:" + "a" * 64, None, id="pinned"),
        pytest.param("/srv/store/churn@live", "file:///srv/store/churn@live", id="path"),
        pytest.param("/srv/a@b/churn@live", "file:///srv/a%40b/churn@live", id="at-sign-in-path"),
    ],
)
def test_model_uri(text, uri):
    """A model is named by a URL or a path, and a version."""
    assert str(model_uri(text)) == (uri or text)


def test_model_uri_in_working_directory(monkeypatch, tmp_path):
    """A bare name is looked for in the working directory."""
    monkeypatch.chdir(tmp_path)
    assert model_uri("churn@live").root == tmp_path.as_uri()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("s3://b/churn", "add a channel, such as s3://b/churn@live", id="no-version"),
        pytest.param("s3://b/churn@sha256:12", "64 lower-case hexadecimal digits", id="short"),
        pytest.param("s3://b/Churn@live", "no model name", id="capital"),
        pytest.param("s3://b/churn@Live!", "neither sha256:DIGEST nor a channel", id="channel"),
    ],
)
def test_model_uri_refused(text, message):
    """What is no model URI is refused with the form to write."""
    with pytest.raises(UsageError, match=message):
        model_uri(text)


@pytest.mark.parametrize("text", ["", " "])
def test_a_model_without_a_name(text):
    """It is not taken for the working directory."""
    with pytest.raises(UsageError, match="the model has no name"):
        bundle_or_uri(text)


def test_connect_to_missing_directory(tmp_path):
    """Reading from a directory that isn't there says which."""
    with pytest.raises(StoreError, match="nowhere"):
        connect((tmp_path / "nowhere").as_uri())


@pytest.mark.parametrize("endpoint", ["notaurl", "ftp://host", "http://"])
def test_endpoint_that_is_no_url(aws_environment, monkeypatch, endpoint):
    """An endpoint that is no URL is refused before obstore sees it."""
    assert aws_environment
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    with pytest.raises(UsageError, match="AWS_ENDPOINT_URL is"):
        connect("s3://bucket")


@pytest.fixture
def profile(monkeypatch, tmp_path):
    """An AWS profile in a file, and no credentials in the environment."""
    credentials = tmp_path / "credentials"
    credentials.write_text(
        "[team]\naws_access_key_id=testing\naws_secret_access_key=secret\n"
        "aws_session_token=token\nregion=us-east-1\n"
    )
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(credentials))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_PROFILE", "team")


@pytest.mark.usefixtures("profile")
def test_profile_variables():
    """A profile's credentials and region become variables."""
    assert profile_variables() == {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_SESSION_TOKEN": "token",
        "AWS_REGION": "us-east-1",
    }


def test_connect_with_a_profile(bucket, request, monkeypatch, moto_address):
    """A store is reached with the profile's credentials, and the environment stays as it is."""
    request.getfixturevalue("profile")  # after the bucket, whose maker needs an environment
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto_address)
    before = dict(os.environ)
    store = connect(f"s3://{bucket}")
    obstore.put(store, "a", b"1")
    assert bytes(obstore.get(store, "a").bytes()) == b"1"
    assert dict(os.environ) == before


def test_environment_wins_over_profile(aws_environment, monkeypatch):
    """With credentials in the environment no profile is looked at."""
    monkeypatch.setenv("AWS_PROFILE", "nowhere")
    assert aws_environment
    assert profile_variables() == {}


def test_the_region_of_aws_s_own_settings(request, monkeypatch, tmp_path):
    """Where the environment has the keys alone, the region is the configuration's."""
    request.getfixturevalue("profile")
    config = tmp_path / "config"
    config.write_text("[profile team]\nregion=eu-south-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    assert connect("s3://bucket").config["region"] == "eu-south-1"
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    assert "region" not in connect("s3://bucket").config  # the environment's counts


@pytest.mark.usefixtures("profile")
def test_unknown_profile(monkeypatch):
    """A profile that isn't there is one sentence."""
    monkeypatch.setenv("AWS_PROFILE", "nowhere")
    with pytest.raises(StoreError, match="check AWS_PROFILE"):
        connect("s3://bucket")
