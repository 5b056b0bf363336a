"""docs/python-api.md, run from top to bottom."""

import re
import shutil

import numpy as np
import pandas as pd

from coldpress.bundle import Bundle
from coldpress.registry.channels import list_channels
from coldpress.stores import store_url


def test_the_page_runs(root, tmp_path, monkeypatch, keys):
    """Every line of Python on the page does what it says, in order, with a store in a directory."""
    page = (root / "docs" / "python-api.md").read_text(encoding="utf-8")
    code = "\n".join(re.findall(r"```python\n(.*?)```", page, re.DOTALL))
    rows = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 3)), columns=["a", "b", "c"])
    rows.assign(churned=(rows["a"] > 0).astype(int)).to_csv(tmp_path / "rows.csv", index=False)
    for suffix in ("pem", "pub"):
        shutil.copy(keys / f"ours.{suffix}", tmp_path / f"signing.{suffix}")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COLDPRESS_PUBLIC_KEY", raising=False)
    exec(compile(code.replace("s3://my-bucket/models", "store"), "page", "exec"), {})  # noqa: S102 - our own page
    assert [state.uri.channel for state in list_channels(store_url("store"))] == ["live"]
    written = Bundle.open(tmp_path / "build" / "churn")
    assert written.certificate().passed
    assert written.companion("model.sig") is None
