"""The whole way from a trained model to a bundle on disk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from coldpress.bundle import Bundle, check_name, default_name
from coldpress.isolation import interruptible, run_worker
from coldpress.quiet import unheard
from coldpress.staging import check_target, install, staging_directory
from coldpress.wanted import Wanted
from coldpress.worker import Job

__all__ = ["ModelSource", "export", "export_file"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSource:
    """Where a model is, and what is known of it.

    Attributes:
        model: A file, a SavedModel's directory, or ``module:factory``; its suffix says what it is.
        trust: Whether it may run code while it is read, as pickles do.
        weights: For a factory, the file with the weights: a state dict or ``.safetensors``.
        signature: For a SavedModel, which of its signatures.
        plugins: Modules to import first, which may register converters.
    """

    model: Path | str
    trust: bool = False
    weights: Path | str | None = None
    signature: str | None = None
    plugins: Sequence[str] = ()

    @property
    def is_factory(self) -> bool:
        """Whether it is a function of a module rather than a file."""
        return ":" in str(self.model) and not Path(self.model).exists()

    @property
    def name(self) -> str:
        """A model's name made from the file's or the factory's module."""
        if self.is_factory:
            return default_name(str(self.model).partition(":")[0].rpartition(".")[2])
        return default_name(Path(self.model).stem)

    def job(self, **fields: object) -> Job:
        """A job for the worker that begins with loading this model."""
        path = str(self.model) if self.is_factory else str(Path(self.model).absolute())
        weights = None if self.weights is None else str(Path(self.weights).absolute())
        source = {
            "path": path,
            "trust": self.trust,
            "weights": weights,
            "signature": self.signature,
        }
        own_code = self.trust or self.plugins
        modules = str(Path.cwd()) if own_code else ""
        plugins = tuple(self.plugins)
        return Job(source=source, plugins=plugins, modules=modules, **fields)  # type: ignore[arg-type]  # passed on


def export_file(  # noqa: PLR0913 - the command line's options, all but three with a default
    model: ModelSource | Path | str,
    output: Path | str,
    *,
    sample: Path | str,
    name: str | None = None,
    trust: bool = False,
    drop: Sequence[str] = (),
    labels: str | None = None,
    compress: Wanted | str = "lossless",
    keep_failed: bool = False,
    sign: Path | str | None = None,
    force: bool = False,
    command: Sequence[str] = (),
    progress: Callable[[str], None] | None = None,
    debug: bool = False,
) -> Bundle:
    """Export a model's file, in a process of its own that holds no credentials.

    Args:
        model: The file, or where else the model is.
        output: Directory to make for the bundle.
        sample: CSV, Parquet, ``.npy`` or ``.npz`` file with typical rows of input.
        name: The model's name; by default made from the file's.
        trust: Whether a file may run code while it is read; a `ModelSource` says so itself.
        drop: Columns of the sample to leave out, such as an identifier.
        labels: Column of the sample with the true labels or targets, to measure how well the
            model does its task.
        compress: The technique, or what is wanted of it in detail.
        keep_failed: Whether to make a bundle even if the certificate fails, for its report;
            publishing refuses it.
        sign: Private key to sign the bundle with.
        force: Whether a bundle that is there may be replaced.
        command: The command line, for the record.
        progress: Called with each step as it begins.
        debug: Whether to let through what the frameworks print.

    Returns:
        The bundle, verified.

    Raises:
        UsageError: The name, the sample, the place or the key won't do.
        TrustError: The file can run code and is not trusted.
        LoadError: The file is not what its suffix says.
        MissingExtraError: The model's framework is not installed.
        ExportError: The model can't be written as ONNX.
        CertificationError: The export doesn't answer like the original.
        CompressionError: It can't be made smaller in the way asked for.
        BundleError: The bundle can't be written.
    """
    source = model if isinstance(model, ModelSource) else ModelSource(model=model, trust=trust)
    output, sample = Path(output), Path(sample)
    options = {
        "name": check_name(name) if name is not None else source.name,
        "wanted": asdict(_wanted(compress)),
        "keep_failed": keep_failed,
        "command": tuple(command),
    }
    check_target(output, force=force)
    _check_key(sign)
    with interruptible(), staging_directory(output) as staging:
        job = source.job(
            task="export",
            sample=str(sample.absolute()),
            drop=tuple(drop),
            labels=labels or "",
            path=str(staging / "bundle"),
            options=options,
        )
        home = staging / "home"
        home.mkdir()
        run_worker(job, home=home, progress=progress or unheard, debug=debug)
        return _installed(staging, output, sign)


def export(  # noqa: PLR0913 - as export_file
    model: object,
    *,
    sample: object,
    output: Path | str,
    name: str | None = None,
    labels: object = None,
    compress: Wanted | str = "lossless",
    keep_failed: bool = False,
    sign: Path | str | None = None,
    force: bool = False,
    progress: Callable[[str], None] | None = None,
) -> Bundle:
    """Export a live model, in this process.

    Args:
        model: A fitted scikit-learn estimator; an XGBoost, LightGBM or CatBoost model; a Keras
            model; a `torch.nn.Module`; an `onnx.ModelProto`, or an ONNX file's bytes with
            everything inside.
        sample: A DataFrame, a numpy array, or a mapping of input names to arrays.
        output: Directory to make for the bundle.
        name: The model's name; by default made from the directory's.
        labels: True labels or targets of the sample's rows, ``(rows,)``; or the name of the column
            of the sample that holds them.
        compress: The technique, or what is wanted of it in detail.
        keep_failed: Whether to make a bundle even if the certificate fails, for its report.
        sign: Private key to sign the bundle with.
        force: Whether a bundle that is there may be replaced.
        progress: Called with each step as it begins.

    Returns:
        The bundle, verified.

    Raises:
        ColdpressError: As `export_file`, but for what concerns files.
    """
    # Frameworks are imported by those who export, not by those who only read a bundle.
    from coldpress.assemble import Plan, assemble  # noqa: PLC0415 - as said
    from coldpress.load import model_of  # noqa: PLC0415 - as said
    from coldpress.sample import Sample  # noqa: PLC0415 - as said

    output = Path(output)
    chosen = check_name(name) if name is not None else default_name(output.name)
    plan = Plan(name=chosen, wanted=_wanted(compress), keep_failed=keep_failed)
    check_target(output, force=force)
    _check_key(sign)
    rows = Sample.of(sample).with_truth(labels).capped()
    trained = model_of(model)
    with interruptible(), staging_directory(output) as staging:
        path = staging / "bundle"
        assemble(trained, rows, plan=plan, path=path, progress=progress or unheard)
        return _installed(staging, output, sign)


def _wanted(compress: Wanted | str) -> Wanted:
    return Wanted(technique=compress) if isinstance(compress, str) else compress


def _check_key(key: Path | str | None) -> None:
    """Refuse a key that won't sign before the work begins whose result it would throw away."""
    if key is not None:
        from coldpress.signing import check_private_key  # noqa: PLC0415 - only for who signs

        check_private_key(key)


def _installed(staging: Path, output: Path, key: Path | str | None) -> Bundle:
    made = Bundle.open(staging / "bundle")
    if key is not None:
        from coldpress.signing import sign  # noqa: PLC0415 - only for who signs

        sign(made.path, Path(key))
    install(made.path, output, staging=staging)
    return Bundle(path=output, manifest=made.manifest, digest=made.digest)
