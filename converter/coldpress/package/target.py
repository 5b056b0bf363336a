"""The Lambda runtimes that a package can be built for."""

from __future__ import annotations

from dataclasses import dataclass

from coldpress.errors import UsageError

__all__ = ["ARCHITECTURES", "DEFAULT_PYTHON", "GLIBC_MINOR", "PYTHONS", "Target"]

PYTHONS = ("3.12", "3.13", "3.14")
DEFAULT_PYTHON = "3.13"
_MACHINES = {"x86_64": "x86_64", "arm64": "aarch64"}
ARCHITECTURES = tuple(_MACHINES)

# Lambda's Python runtimes from 3.12 on are Amazon Linux 2023, whose glibc is 2.34. The other bound
# is manylinux2014's: pip derives the older tags itself.
GLIBC_MINOR = 34
_GLIBC_MINORS = range(GLIBC_MINOR, 16, -1)
_OLD_RUNTIME = (
    "AWS Lambda runs Python {} on an Amazon Linux whose glibc is older than onnxruntime's wheels "
    "need; build for one of {}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A Lambda runtime: a Python version on a processor.

    Attributes:
        python: Major and minor version, one of `PYTHONS`.
        architecture: Lambda's name of the processor, one of `ARCHITECTURES`.
    """

    python: str
    architecture: str

    def __post_init__(self) -> None:
        """Refuse what Lambda does not have, or what the function's packages can't run on."""
        if self.python in {"3.8", "3.9", "3.10", "3.11"}:
            raise UsageError(_OLD_RUNTIME.format(self.python, ", ".join(PYTHONS)))
        if self.python not in PYTHONS:
            raise UsageError(f"Python {self.python} is none of {', '.join(PYTHONS)}")
        if self.architecture not in ARCHITECTURES:
            raise UsageError(f"{self.architecture} is none of {', '.join(ARCHITECTURES)}")

    @property
    def machine(self) -> str:
        """Linux's name of the processor, as ``uname -m`` says it."""
        return _MACHINES[self.architecture]

    @property
    def platforms(self) -> tuple[str, ...]:
        """Every wheel platform that the runtime can load, best first."""
        machine = self.machine
        newer = tuple(f"manylinux_2_{minor}_{machine}" for minor in _GLIBC_MINORS)
        return (*newer, f"manylinux2014_{machine}")

    @property
    def markers(self) -> dict[str, str]:
        """The environment in which requirement markers are evaluated."""
        return {
            "implementation_name": "cpython",
            "os_name": "posix",
            "platform_machine": self.machine,
            "platform_python_implementation": "CPython",
            "platform_system": "Linux",
            "python_full_version": f"{self.python}.0",
            "python_version": self.python,
            "sys_platform": "linux",
        }
