"""Certifying a bundle again: on other rows, on another machine, or against its original."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from coldpress.bundle import Bundle, plain_blob, write_bundle
from coldpress.certification import Certificate, read_certificate
from coldpress.companions import write_companions
from coldpress.downloads import download
from coldpress.errors import UsageError
from coldpress.isolation import interruptible, run_worker
from coldpress.pipeline import ModelSource
from coldpress.record import RECORD_NAME
from coldpress.staging import install, staging_directory
from coldpress.stores import model_uri

__all__ = ["certify"]


def certify(  # noqa: PLR0913 - the command line's options, all but one with a default
    bundle: Bundle | Path | str,
    *,
    original: ModelSource | Path | str | None = None,
    data: Path | str | None = None,
    drop: Sequence[str] = (),
    labels: str | None = None,
    write: bool = False,
    progress: Callable[[str], None] | None = None,
    debug: bool = False,
) -> Certificate:
    """Compare a bundle, as this machine runs it, with its original or with what it kept of it.

    With `original`, with that model on the rows of `data`. With `data` alone, with the same ONNX
    without graph optimisations. With neither, with its golden examples.

    Args:
        bundle: The bundle, its directory, or the URI of a published model.
        original: The model that it was made from.
        data: File with rows; needed with `original`.
        drop: Columns of `data` to leave out.
        labels: Column of `data` with the true labels or targets.
        write: Put the certificate into the bundle, which gives it another version.
        progress: Called with each step as it begins.
        debug: Whether to let through what the frameworks print.

    Returns:
        The certificate, passed or failed.

    Raises:
        UsageError: There are no rows for the original, or the bundle is a published one and shall
            be written to.
        ColdpressError: As for an export.
    """
    tell = progress or _silent
    if original is not None and data is None:
        raise UsageError("an original needs rows to be compared on; name a file with --data")
    path = None if data is None else Path(data)
    rows = _Rows(path=path, drop=tuple(drop), labels=labels)
    with interruptible(), _opened(bundle, write=write, progress=tell) as opened:
        if original is not None:
            source = original if isinstance(original, ModelSource) else ModelSource(model=original)
            found = _against_original(opened, source, rows, tell, debug=debug)
        else:
            found = _against_itself(opened, rows, tell)
        if write:
            _write(opened, found)
    return found


@contextmanager
def _opened(
    bundle: Bundle | Path | str, *, write: bool, progress: Callable[[str], None]
) -> Iterator[Bundle]:
    if isinstance(bundle, Bundle):
        yield bundle
    elif isinstance(bundle, Path) or Path(bundle).is_dir():
        yield Bundle.open(Path(bundle))
    elif "@" not in bundle and "://" not in bundle:
        raise UsageError(
            f"there is no directory {bundle}; name a bundle, or a model as STORE/NAME@live"
        )
    elif write:
        raise UsageError("a published version is never changed; certify and write the bundle")
    else:
        with tempfile.TemporaryDirectory() as folder:
            progress("Fetching the bundle")
            yield download(model_uri(bundle), Path(folder))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    """A file with rows, if there is one, and which of its columns are none of the model's."""

    path: Path | None
    drop: tuple[str, ...]
    labels: str | None


def _against_original(
    bundle: Bundle,
    source: ModelSource,
    rows: _Rows,
    progress: Callable[[str], None],
    *,
    debug: bool,
) -> Certificate:
    with tempfile.TemporaryDirectory() as folder:
        home, result = Path(folder) / "home", Path(folder) / "certificate.json"
        home.mkdir()
        job = source.job(
            task="certify",
            sample=str(rows.path and rows.path.absolute()),
            drop=rows.drop,
            labels=rows.labels or "",
            path=str(result),
            options={"bundle": str(bundle.path.absolute())},
        )
        run_worker(job, home=home, progress=progress, debug=debug)
        return read_certificate(result.read_bytes())


def _against_itself(bundle: Bundle, rows: _Rows, progress: Callable[[str], None]) -> Certificate:
    # onnxruntime, for those who get so far.
    from coldpress.proof import against_golden, against_plain  # noqa: PLC0415 - as said
    from coldpress.sample import read_sample  # noqa: PLC0415 - as said

    if rows.path is None:
        return against_golden(bundle, progress=progress)
    sample = read_sample(rows.path, drop=rows.drop, labels=rows.labels)
    return against_plain(bundle, sample, progress=progress)


def _write(bundle: Bundle, certificate: Certificate) -> None:
    """Replace the certificate of a bundle; companions that speak of the old one are left out."""
    proof = certificate.to_bytes()
    old = bundle.manifest
    blobs = tuple(
        plain_blob("certificate", blob.path, proof) if blob.role == "certificate" else blob
        for blob in old.blobs
    )
    manifest = old._replace(blobs=blobs, certificate=certificate.summary, schema_version=3)
    with staging_directory(bundle.path) as staging:
        files: dict[str, bytes | Path] = {
            blob.path: _linked(bundle.path / blob.path, staging) for blob in blobs
        }
        files[old.blob("certificate").path] = proof
        record = bundle.record()
        companions = {RECORD_NAME: record.to_bytes()} if record else {}
        write_bundle(staging / "bundle", manifest, files, companions=companions)
        write_companions(Bundle.open(staging / "bundle"))
        install(staging / "bundle", bundle.path, staging=staging)


def _linked(path: Path, staging: Path) -> Path:
    place = staging / f"kept-{path.name}"
    place.hardlink_to(path)
    return place


def _silent(_step: str) -> None:
    """Report progress to nobody."""
