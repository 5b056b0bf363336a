"""What a fuzz found, changed and asked again without the fuzzer, whose own memory grows.

    python -m tests.fuzz.replay NAME URI REQUESTS CORPUS

Prints a line of JSON with the megabytes that are held after a tenth of the requests and at the end.
"""

import json
import random
import sys
from pathlib import Path

from tests.fuzz.memory import resident_mb
from tests.fuzz.model import load
from tests.fuzz.mutate import mutate, scrambled
from tests.fuzz.targets import MOST_BYTES, TARGETS, answers


def main() -> None:
    """Ask for the corpus's requests, each changed a little, and say what memory is held."""
    name, uri, requests, folder = sys.argv[1:]
    target = next(target for target in TARGETS if target.name == name)
    corpus = [path.read_bytes() for path in sorted(Path(folder).iterdir())]
    ask, chance, count = answers(load(uri).handler, target), random.Random(1), int(requests)
    held = []
    for seed in range(count):
        body = mutate(chance.choice(corpus), seed, lambda part: scrambled(part, chance))
        ask(body[:MOST_BYTES])
        if seed in (count // 10, count - 1):
            held.append(resident_mb())
    print(json.dumps({"early_mb": held[0], "late_mb": held[-1]}))


if __name__ == "__main__":
    main()
