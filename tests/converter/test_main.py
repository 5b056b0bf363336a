"""The console script before there is a command line."""

import subprocess
import sys

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


def test_an_interruption_while_it_is_imported():
    """Ctrl-C in the first moment is a word and an exit code, and no traceback."""
    command = [sys.executable, "-c", INTERRUPTED]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (outcome.returncode, outcome.stderr) == (130, "Interrupted.\n")


def test_as_a_module():
    """`python -m coldpress` is the console script."""
    command = [sys.executable, "-m", "coldpress", "--version"]
    outcome = subprocess.run(command, capture_output=True, text=True, check=True)
    assert outcome.stdout.startswith("coldpress, version ")
