"""The fuzzer's targets and changes, a few hundred of them: what `make fuzz` does for minutes."""

import json
import random

import pytest

from tests.fuzz.model import load, publish
from tests.fuzz.mutate import mutate, scrambled
from tests.fuzz.targets import TARGETS, answers


@pytest.fixture(scope="module")
def uri(tmp_path_factory):
    """The models that are fuzzed, published."""
    return publish(tmp_path_factory.mktemp("fuzz"))


@pytest.fixture
def handler(uri):
    """The handler with the models loaded."""
    return load(uri).handler


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_a_targets_seeds_are_sound(handler, target):
    """What the fuzzer begins with is answered, so that it starts from what works."""
    for seed in target.seeds:
        answer = handler(target.event(seed), None)
        assert answer.get("statusCode", 200) == 200, answer


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_changed_requests_are_answered(handler, target):
    """Whatever is changed in a request, it is answered, and never as a fault of the function's."""
    ask, chance = answers(handler, target), random.Random(7)
    pool = list(target.seeds)
    for seed in range(300):
        body = mutate(chance.choice(pool), seed, lambda part: scrambled(part, chance))
        ask(body)
        pool.append(body)


def test_changes_are_drawn_from_their_seed():
    """The same seed makes the same change, and most seeds make one."""
    body = TARGETS[0].seeds[0]
    made = [mutate(body, seed, bytes) for seed in range(100)]
    assert made == [mutate(body, seed, bytes) for seed in range(100)]
    assert len(set(made)) > 25


def test_many_changes_are_sound_json():
    """Changes of the tree stay JSON, so that they pass the first reader."""
    body = TARGETS[0].seeds[0]
    made = [mutate(body, seed, lambda part: part) for seed in range(100)]
    sound = [data for data in made if data != body and _is_json(data)]
    assert len(sound) > 25


def _is_json(data):
    try:
        json.loads(data)
    except ValueError:
        return False
    return True
