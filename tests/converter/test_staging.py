"""Places for bundles: refused before any work, and changed whole or not at all."""

import os
from pathlib import Path

import pytest

from coldpress.bundle import COMPANIONS
from coldpress.errors import BundleError, UsageError
from coldpress.staging import check_target, install, staging_directory
from coldpress_runtime.artifact import MANIFEST_NAME


class Interrupted(type(Path())):
    """A path that is hit by Ctrl-C before it is renamed."""

    def rename(self, _target):
        """Raise what Ctrl-C raises."""
        raise KeyboardInterrupt


class InterruptedLate(type(Path())):
    """A path that is hit by Ctrl-C just after it was renamed."""

    def rename(self, target):
        """Move, then raise what Ctrl-C raises."""
        super().rename(target)
        raise KeyboardInterrupt


def bundle_at(path, content):
    """A directory with what makes it a bundle."""
    path.mkdir()
    (path / MANIFEST_NAME).write_text(content, encoding="utf-8")
    return path


@pytest.mark.parametrize("kind", [Interrupted, InterruptedLate])
def test_ctrl_c_keeps_what_was_there(tmp_path, kind):
    """Ctrl-C between the two renames leaves the bundle that was to be replaced in its place."""
    target = bundle_at(tmp_path / "b", "old")
    with pytest.raises(KeyboardInterrupt), staging_directory(target) as staging:
        install(kind(bundle_at(staging / "bundle", "new")), target, staging=staging)
    assert (target / MANIFEST_NAME).read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_failed_move_keeps_what_was_there(tmp_path):
    """Where the new bundle can't come, the old one is there again, and the place is named."""
    target = bundle_at(tmp_path / "b", "old")
    with (
        pytest.raises(BundleError, match=r"can't move the bundle to .*/b: No such file"),
        staging_directory(target) as staging,
    ):
        install(staging / "gone", target, staging=staging)
    assert (target / MANIFEST_NAME).read_text(encoding="utf-8") == "old"


def test_replaces_what_was_there(tmp_path):
    """A bundle takes the place of the one before, and nothing else is left."""
    target = bundle_at(tmp_path / "b", "old")
    with staging_directory(target) as staging:
        install(bundle_at(staging / "bundle", "new"), target, staging=staging)
    assert (target / MANIFEST_NAME).read_text(encoding="utf-8") == "new"
    assert list(tmp_path.iterdir()) == [target]


def test_errors_of_the_work_are_its_own(tmp_path):
    """What fails while a bundle is made is not told as a place that can't be written to."""
    with pytest.raises(FileNotFoundError), staging_directory(tmp_path / "b") as staging:
        (staging / "gone").read_bytes()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("place", "said"),
    [
        pytest.param("file/b", "/file is no directory", id="below-a-file"),
        pytest.param("file/x/y/b", "/file is no directory", id="far-below-a-file"),
        pytest.param("link/b", "/link is no directory", id="below-a-dangling-link"),
        pytest.param("file", "is no bundle", id="file"),
    ],
)
def test_bad_places_are_refused(tmp_path, place, said):
    """Where no bundle can be made, or one must not be replaced, that is said beforehand."""
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    with pytest.raises(UsageError, match=said):
        check_target(tmp_path / place, force=False)


def test_another_tools_manifest_is_no_bundle(tmp_path):
    """A folder whose manifest.json is somebody else's is never replaced, force or not."""
    bundle_at(tmp_path / "web", '{"name": "my web app", "icons": []}')
    with pytest.raises(UsageError, match="is no bundle"):
        check_target(tmp_path / "web", force=True)


def test_companions_are_replaced_with_their_bundle(churn_bundle):
    """Record, report, bill of materials and signature are the bundle's own."""
    for name in COMPANIONS:
        (churn_bundle.path / name).write_text("ours", encoding="utf-8")
    check_target(churn_bundle.path, force=True)


def test_a_bundle_with_notes_is_kept(churn_bundle):
    """A bundle beside whose files somebody put their own is not replaced, and the file is named."""
    check_target(churn_bundle.path, force=True)
    (churn_bundle.path / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match=r"holds notes\.txt, which is no part of the bundle"):
        check_target(churn_bundle.path, force=True)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_directories_without_write_permission_are_refused(tmp_path):
    """A directory that can't be written to is named beforehand."""
    tmp_path.chmod(0o500)
    with pytest.raises(BundleError, match=r"can't write to .*: it is not writable"):
        check_target(tmp_path / "x" / "b", force=False)
