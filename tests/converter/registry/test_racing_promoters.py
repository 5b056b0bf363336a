"""Several processes that move one channel at once: each is told what became of its move."""

import os
import subprocess
import sys

import pytest

from coldpress.registry.channels import list_channels
from coldpress.registry.history import history

pytestmark = pytest.mark.slow


@pytest.fixture
def race(tmp_path):
    """A function that runs commands at once; gives exit code and errors of each, in their order."""
    rounds = []

    def run(where, *commands):
        rounds.append(tmp_path / f"round-{len(rounds)}")
        rounds[-1].mkdir()
        module = [sys.executable, "-m", "tests.converter.registry.racing", str(rounds[-1])]
        racers = [
            subprocess.Popen(
                [*module, str(len(commands)), where, *command],
                env={**os.environ, "COLDPRESS_ACTOR": f"racer-{number}"},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
            for number, command in enumerate(commands)
        ]
        errors = [racer.communicate(timeout=120)[1] for racer in racers]
        return [(racer.returncode, said) for racer, said in zip(racers, errors, strict=True)]

    return run


def moves(root):
    """The moves of the only channel: action, version and who made it."""
    (state,) = list_channels(root)
    return [(move.action, move.version, move.by) for move in state.channel.moves]


@pytest.mark.usefixtures("aws_environment")
@pytest.mark.parametrize("store_root", ["s3"], indirect=True)
def test_one_of_two_who_promote_wins(store_root, add_version, race):
    """Both have read the channel: one move is made, the other is refused in one sentence."""
    won = []
    for number in range(3):
        uris = [add_version(bytes([number, who])) for who in range(2)]
        outcomes = race("write", *(["promote", str(uri)] for uri in uris))
        winner = [code for code, _ in outcomes].index(0)
        code, said = outcomes[1 - winner]
        assert code == 1
        assert said.startswith("Error: somebody else moved ")
        assert said.count("\n") == 1
        won.append(("promote", uris[winner].digest, f"racer-{winner}"))
        assert moves(store_root) == won
    told = [(each.action, each.version, each.by) for each in history(store_root)]
    assert told == won


@pytest.mark.usefixtures("aws_environment")
@pytest.mark.parametrize("store_root", ["s3"], indirect=True)
def test_one_of_two_who_roll_back_wins(store_root, add_version, race):
    """Two who roll back at once go back by one version, not by two."""
    uris = [add_version(bytes([number])) for number in range(3)]
    for uri in uris:
        assert race("start", ["promote", str(uri)])[0][0] == 0
    outcomes = race("write", *[["rollback", f"{store_root}/churn@live"]] * 2)
    assert sorted(code for code, _ in outcomes) == [0, 1]
    (state,) = list_channels(store_root)
    assert state.pinned == uris[1]


@pytest.mark.parametrize("store_root", ["directory"], indirect=True)
def test_two_who_promote_in_a_directory_wait_for_each_other(store_root, add_version, race):
    """In a directory nobody loses: the second waits, and the history has both moves."""
    uris = [add_version(bytes([number])) for number in range(4)]
    outcomes = race("start", *(["promote", str(uri)] for uri in uris))
    assert outcomes == [(0, "")] * 4
    made = sorted(version for _, version, _ in moves(store_root))
    assert made == sorted(uri.digest for uri in uris)
    assert len(history(store_root)) == 4
