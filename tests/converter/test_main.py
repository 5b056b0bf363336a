"""The console script before there is a command line."""

import subprocess
import sys

import pytest

INTERRUPTED = """
import sys
from coldpress.__main__ import main

class Interrupted:
    def find_spec(self, name, *_):
        if name == "coldpress.cli":
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interrupted())
main()
"""


WITHOUT_EXTRAS = """
import sys
from coldpress.__main__ import main

for name in ("yaml", "boto3", "botocore", "starlette", "uvicorn", "matplotlib"):
    sys.modules[name] = None
main()
"""


def test_an_interruption_while_it_is_imported():
    """Ctrl-C in the first moment is a word and an exit code, and no traceback."""
    command = [sys.executable, "-c", INTERRUPTED]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (outcome.returncode, outcome.stderr) == (130, "Interrupted.\n")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        pytest.param(["--help"], 0, "deploy", id="help"),
        pytest.param(["deploy", "--help"], 0, "--dry-run", id="help of deploy"),
        pytest.param(
            ["deploy", "s3://a/churn@live", "--with", "sam", "--dry-run"], 1, "[aws]", id="deploy"
        ),
    ],
)
def test_without_extras(tmp_path, arguments, code, said):
    """What only an extra brings is asked for where it is needed, and by its name."""
    command = [sys.executable, "-c", WITHOUT_EXTRAS, *arguments]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert outcome.returncode == code, outcome.stderr
    assert said in outcome.stdout + outcome.stderr
    assert "Traceback" not in outcome.stderr


def test_as_a_module():
    """`python -m coldpress` is the console script."""
    command = [sys.executable, "-m", "coldpress", "--version"]
    outcome = subprocess.run(command, capture_output=True, text=True, check=True)
    assert outcome.stdout.startswith("coldpress, version ")
