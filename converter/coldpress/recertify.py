"""Certifying a bundle again: on other rows, on another machine, or against its original."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from coldpress.bundle import Bundle, plain_blob, write_bundle, writing
from coldpress.certification import Certificate, read_certificate
from coldpress.companions import write_companions
from coldpress.downloads import download
from coldpress.errors import UsageError
from coldpress.isolation import interruptible, run_worker
from coldpress.pipeline import ModelSource
from coldpress.quiet import unheard
from coldpress.record import RECORD_NAME
from coldpress.staging import check_target, install, staging_directory
from coldpress.stores import bundle_or_uri
from coldpress_runtime.artifact import SCHEMA_VERSION

if TYPE_CHECKING:
    from coldpress.sample import Sample

__all__ = ["certify"]


def certify(  # noqa: PLR0913 - the command line's options, all but one with a default
    bundle: Bundle | Path | str,
    *,
    original: object = None,
    data: object = None,
    drop: Sequence[str] = (),
    labels: object = None,
    write: bool = False,
    progress: Callable[[str], None] | None = None,
    debug: bool = False,
) -> Certificate:
    """Compare a bundle, as this machine runs it, with its original or with what it kept of it.

    With `original`, with that model on the rows of `data`. With `data` alone, with the same ONNX
    without graph optimisations. With neither, with its golden examples.

    Args:
        bundle: The bundle, its directory, or the URI of a published model.
        original: The model that it was made from: a file's path or a `ModelSource`, which is read
            in a process of its own; or a live model, as `coldpress.export` takes it.
        data: Rows, needed with `original`: a file, or, unless the original is one, a DataFrame, a
            numpy array, or a mapping of input names to arrays.
        drop: Columns of `data` to leave out.
        labels: Column of `data` with the true labels or targets; or, if `data` is no file, the
            labels themselves, ``(rows,)``.
        write: Put the certificate into the bundle, which gives it another version and removes a
            signature of the version before. Only with `original`: nothing else proves as much.
        progress: Called with each step as it begins.
        debug: Whether to let through what the frameworks print.

    Returns:
        The certificate, passed or failed.

    Raises:
        UsageError: There are no rows for the original or for `drop` and `labels`; or the
            certificate shall be written without an original, or into a published version.
        ColdpressError: As for an export.
    """
    rows = _Rows(data=data, drop=tuple(drop), labels=labels)
    _check(original, rows, write=write)
    tell = progress or unheard
    with interruptible(), _opened(bundle, write=write, progress=tell) as opened:
        if original is None:
            found = _against_itself(opened, rows, tell)
        elif isinstance(original, ModelSource | Path | str):
            source = original if isinstance(original, ModelSource) else ModelSource(model=original)
            found = _against_file(opened, source, rows, tell, debug=debug)
        else:
            found = _against_live(opened, original, rows, tell)
        if write:
            _write(opened, found)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    """Rows, if there are any, and which of their columns are none of the model's."""

    data: object
    drop: tuple[str, ...]
    labels: object

    @property
    def path(self) -> Path | None:
        """The file that holds them; None if they are live objects, or none."""
        return Path(self.data) if isinstance(self.data, Path | str) else None

    def sample(self) -> Sample:
        """The rows, read."""
        from coldpress.sample import Sample, read_sample  # noqa: PLC0415 - pandas, for some

        if self.path is not None:
            return read_sample(self.path, drop=self.drop, labels=self.column())
        live = Sample.of(self.data, origin="the data").without(self.drop)
        return live.with_truth(self.labels).capped()

    def column(self) -> str | None:
        """The column of a file that holds the labels; None if none does."""
        if self.labels is None or isinstance(self.labels, str):
            return self.labels
        raise UsageError("the labels of a file's rows are one of its columns; name it")


def _check(original: object, rows: _Rows, *, write: bool) -> None:
    if rows.data is None and (rows.drop or rows.labels is not None):
        raise UsageError("--drop and --labels speak of columns; name a file that has them: --data")
    if original is not None and rows.data is None:
        raise UsageError("an original needs rows to be compared on; name a file with --data")
    if write and original is None:
        raise UsageError(
            "only a comparison with the original may replace a certificate; name it and rows with "
            "--original MODEL --data FILE, or leave --write out"
        )


@contextmanager
def _opened(
    bundle: Bundle | Path | str, *, write: bool, progress: Callable[[str], None]
) -> Iterator[Bundle]:
    named = bundle_or_uri(bundle) if isinstance(bundle, str) else bundle
    if isinstance(named, Path):
        named = Bundle.open(named)
    if isinstance(named, Bundle):
        if write:
            check_target(named.path.resolve(), force=True)
        yield named
    elif write:
        raise UsageError("a published version is never changed; certify and write the bundle")
    else:
        with tempfile.TemporaryDirectory() as folder:
            progress("Fetching the bundle")
            yield download(named, Path(folder))


def _against_file(
    bundle: Bundle,
    source: ModelSource,
    rows: _Rows,
    progress: Callable[[str], None],
    *,
    debug: bool,
) -> Certificate:
    if rows.path is None:
        raise UsageError(
            "a model's file is read in a process of its own, with a file of rows; give the data as "
            "a file, or the original as a live model"
        )
    with tempfile.TemporaryDirectory() as folder:
        home, result = Path(folder) / "home", Path(folder) / "certificate.json"
        home.mkdir()
        job = source.job(
            task="certify",
            sample=str(rows.path.absolute()),
            drop=rows.drop,
            labels=rows.column() or "",
            path=str(result),
            options={"bundle": str(bundle.path.absolute())},
        )
        run_worker(job, home=home, progress=progress, debug=debug)
        return read_certificate(result.read_bytes())


def _against_live(
    bundle: Bundle, model: object, rows: _Rows, progress: Callable[[str], None]
) -> Certificate:
    # onnxruntime and the frameworks, for those who get so far.
    from coldpress.load import model_of  # noqa: PLC0415 - as said
    from coldpress.proof import against_original  # noqa: PLC0415 - as said

    return against_original(bundle, model_of(model), rows.sample(), progress=progress)


def _against_itself(bundle: Bundle, rows: _Rows, progress: Callable[[str], None]) -> Certificate:
    from coldpress.proof import against_golden, against_plain  # noqa: PLC0415 - as above

    if rows.data is None:
        return against_golden(bundle, progress=progress)
    return against_plain(bundle, rows.sample(), progress=progress)


def _write(bundle: Bundle, certificate: Certificate) -> None:
    """Replace the certificate of a bundle; companions that speak of the old one are left out."""
    proof = certificate.to_bytes()
    old = bundle.manifest
    blobs = tuple(
        plain_blob("certificate", blob.path, proof) if blob.role == "certificate" else blob
        for blob in old.blobs
    )
    manifest = old._replace(
        blobs=blobs, certificate=certificate.summary, schema_version=SCHEMA_VERSION
    )
    record = bundle.record()
    companions = {RECORD_NAME: record.to_bytes()} if record else {}
    place = bundle.path.resolve()
    with staging_directory(place) as staging:
        files: dict[str, bytes | Path] = {
            blob.path: proof if blob.role == "certificate" else _linked(place / blob.path, staging)
            for blob in blobs
        }
        write_bundle(staging / "bundle", manifest, files, companions=companions)
        write_companions(Bundle.open(staging / "bundle"))
        install(staging / "bundle", place, staging=staging)


def _linked(path: Path, staging: Path) -> Path:
    kept = staging / f"kept-{path.name}"
    with writing():
        kept.hardlink_to(path)
    return kept
