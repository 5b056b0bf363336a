"""The whole way from a trained model to a bundle on disk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from coldpress.bundle import Bundle, check_name, default_name
from coldpress.isolation import interruptible, run_worker
from coldpress.staging import check_target, install, staging_directory
from coldpress.worker import Job

__all__ = ["export", "export_file"]


def export_file(  # noqa: PLR0913 - the command line's options, all but three with a default
    model: Path | str,
    output: Path | str,
    *,
    sample: Path | str,
    name: str | None = None,
    trust: bool = False,
    drop: Sequence[str] = (),
    force: bool = False,
    progress: Callable[[str], None] | None = None,
    debug: bool = False,
) -> Bundle:
    """Export a model's file, in a process of its own that holds no credentials.

    Args:
        model: The file; its suffix says what it is.
        output: Directory to make for the bundle.
        sample: CSV, Parquet, ``.npy`` or ``.npz`` file with typical rows of input.
        name: The model's name; by default made from the file's.
        trust: Whether the file may run code while it is read, as pickles do.
        drop: Columns of the sample to leave out, such as the label.
        force: Whether a bundle that is there may be replaced.
        progress: Called with each step as it begins.
        debug: Whether to let through what the frameworks print.

    Returns:
        The bundle, verified.

    Raises:
        UsageError: The name, the sample or the place won't do.
        TrustError: The file can run code and `trust` is false.
        LoadError: The file is not what its suffix says.
        MissingExtraError: The model's framework is not installed.
        ExportError: The model can't be written as ONNX.
        CertificationError: The export doesn't answer like the original.
        BundleError: The bundle can't be written.
    """
    model, output, sample = Path(model), Path(output), Path(sample)
    chosen = check_name(name) if name is not None else default_name(model.stem)
    check_target(output, force=force)
    with interruptible(), staging_directory(output) as staging:
        job = Job(
            model=str(model.absolute()),
            sample=str(sample.absolute()),
            drop=tuple(drop),
            name=chosen,
            trust=trust,
            modules=str(Path.cwd()) if trust else "",
            path=str(staging / "bundle"),
        )
        home = staging / "home"
        home.mkdir()
        run_worker(job, home=home, progress=progress or _silent, debug=debug)
        return _installed(staging, output)


def export(  # noqa: PLR0913 - as export_file
    model: object,
    *,
    sample: object,
    output: Path | str,
    name: str | None = None,
    force: bool = False,
    progress: Callable[[str], None] | None = None,
) -> Bundle:
    """Export a live model, in this process.

    Args:
        model: A fitted scikit-learn estimator, a Keras model, an `onnx.ModelProto`, or an ONNX
            file's bytes with everything inside.
        sample: A DataFrame, a numpy array, or a mapping of input names to arrays.
        output: Directory to make for the bundle.
        name: The model's name; by default made from the directory's.
        force: Whether a bundle that is there may be replaced.
        progress: Called with each step as it begins.

    Returns:
        The bundle, verified.

    Raises:
        ColdpressError: As `export_file`, but for what concerns files.
    """
    # Frameworks are imported by those who export, not by those who only read a bundle.
    from coldpress.assemble import Plan, assemble  # noqa: PLC0415 - as said
    from coldpress.compress import Wanted  # noqa: PLC0415 - as said
    from coldpress.load import model_of  # noqa: PLC0415 - as said
    from coldpress.sample import Sample  # noqa: PLC0415 - as said

    output = Path(output)
    chosen = check_name(name) if name is not None else default_name(output.name)
    check_target(output, force=force)
    rows = Sample.of(sample).capped()
    trained = model_of(model)
    with interruptible(), staging_directory(output) as staging:
        path = staging / "bundle"
        plan = Plan(name=chosen, wanted=Wanted())
        assemble(trained, rows, plan=plan, path=path, progress=progress or _silent)
        return _installed(staging, output)


def _installed(staging: Path, output: Path) -> Bundle:
    made = Bundle.open(staging / "bundle")
    install(made.path, output, staging=staging)
    return Bundle(path=output, manifest=made.manifest, digest=made.digest)


def _silent(_step: str) -> None:
    """Report progress to nobody."""
