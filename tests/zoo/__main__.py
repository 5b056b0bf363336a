"""The whole zoo: every case judged in a process pool, and the table written to docs/zoo.md.

Exits 1 if a bundle is wrong, or if a case came out other than expected.
"""

import argparse
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from tests.zoo.all_cases import GROUPS, cases_of
from tests.zoo.case import Case
from tests.zoo.pool import judge_named
from tests.zoo.table import page
from tests.zoo.verdict import Verdict, unexpected

PAGE = Path(__file__).parents[2] / "docs" / "zoo.md"


def main() -> None:
    """Judge the cases of the groups named on the command line, or of all."""
    parser = argparse.ArgumentParser(prog="python -m tests.zoo", description=__doc__)
    parser.add_argument("groups", nargs="*", help=f"of {', '.join(GROUPS)}; all if none is named")
    parser.add_argument("--match", default="", help="only cases whose name contains this")
    parser.add_argument("--workers", type=int, default=2)
    chosen = parser.parse_args()
    cases = [case for case in cases_of(*chosen.groups) if chosen.match in case.name]
    began = time.monotonic()
    found: list[tuple[Case, Verdict]] = []
    keys = [(case.group, case.name) for case in cases]
    # Spawned: TensorFlow and PyTorch do not survive a fork.
    with ProcessPoolExecutor(chosen.workers, mp_context=get_context("spawn")) as pool:
        for case, verdict in zip(cases, pool.map(judge_named, keys, chunksize=4), strict=True):
            found.append((case, verdict))
            print(
                f"{verdict.outcome:8} {case.group}: {case.name} {verdict.reason[:120]}", flush=True
            )
    if not chosen.groups and not chosen.match:
        PAGE.write_text(page(found))
        print(f"wrote {PAGE} after {time.monotonic() - began:.0f} s")
    others = [case.name for case, verdict in found if unexpected(case, verdict)]
    if others:
        sys.exit(f"other than expected: {', '.join(others)}")


if __name__ == "__main__":
    main()
