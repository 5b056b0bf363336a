"""One target under atheris, in a process of its own: `python -m tests.fuzz` starts it.

    python -m tests.fuzz.one_target NAME URI -runs=100000 CORPUS

libFuzzer ends a process by itself, so what was found is told as it goes: a line of JSON on standard
output for each tenth of the runs.
"""

import json
import sys
import time

import atheris

from tests.fuzz.mutate import mutate
from tests.fuzz.targets import MOST_BYTES, TARGETS, answers


def main() -> None:
    """Fuzz the target until its runs are done, or it is found at fault."""
    name, uri, runs, *arguments = sys.argv[1:]
    target = next(target for target in TARGETS if target.name == name)
    with atheris.instrument_imports(include=["coldpress_runtime"]):
        from tests.fuzz.model import load

        module = load(uri)
    ask = answers(module.handler, target)
    told = _Told(int(runs))

    def one_input(data: bytes) -> None:
        began = time.perf_counter()
        ask(data)
        told.asked(time.perf_counter() - began)

    def changed(data: bytes, size: int, seed: int) -> bytes:
        return mutate(data, seed, lambda part: atheris.Mutate(part, size))[:size]

    atheris.Setup(
        [sys.argv[0], f"-runs={runs}", f"-max_len={MOST_BYTES}", "-timeout=10", *arguments],
        one_input,
        custom_mutator=changed,
    )
    atheris.Fuzz()


class _Told:
    """Counts runs, and says at each tenth how fast they were."""

    def __init__(self, runs: int) -> None:
        self._step = max(1, runs // 10)
        self._began = time.perf_counter()
        self._count = 0
        self._slowest = 0.0

    def asked(self, seconds: float) -> None:
        self._count += 1
        self._slowest = max(self._slowest, seconds)
        if self._count % self._step == 0:
            line = {
                "runs": self._count,
                "seconds": time.perf_counter() - self._began,
                "slowest_ms": 1000 * self._slowest,
            }
            print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
