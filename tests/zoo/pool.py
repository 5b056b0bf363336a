"""What a process of the pool is asked: it imports this module, where `__main__` is another's."""

from tests.zoo.all_cases import cases_of
from tests.zoo.verdict import Verdict, judge


def judge_named(key: tuple[str, str]) -> Verdict:
    """Judge a case that another process names: its functions can't be sent there."""
    group, name = key
    return judge(next(case for case in cases_of(group) if case.name == name))
