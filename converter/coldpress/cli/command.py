"""What every command shares: `--json`, `--debug`, exit codes, and errors in one sentence."""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from types import MappingProxyType
from typing import Any, NoReturn

import click
from rich.console import Console
from rich.text import Text

from coldpress.errors import ColdpressError, printable
from coldpress_runtime.errors import RuntimeFault

__all__ = [
    "Command",
    "click",
    "command",
    "console",
    "progress",
    "progress_line",
    "run",
    "say",
    "say_json",
    "warn",
]

_INTERRUPTED = 130
# Names, paths and messages are printed as they are: nothing in them is taken for markup.
_plain = partial(Console, highlight=False, soft_wrap=True, markup=False, emoji=False)
console = _plain()
_stderr = _plain(stderr=True)


class Command(click.Command):
    """A command that turns errors into one sentence and an exit code."""

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's own interface
        """Run the command; whatever it raises ends here."""
        debug = ctx.params.pop("debug", False)
        as_json = bool(ctx.params.get("as_json"))
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except BrokenPipeError:
            _hush_stdout()
            ctx.exit(1)
        except KeyboardInterrupt as error:
            left = str(error) or "interrupted; nothing half-done was left behind"
            _fail(ctx, left, _INTERRUPTED, as_json)
        except Exception as error:  # noqa: BLE001 - the last line before the user
            if debug:
                traceback.print_exc()
            message, code = _explain(error)
            _fail(ctx, message, code, as_json, _data(error))


def command(**attributes: Any) -> Callable[[Callable[..., Any]], Command]:  # noqa: ANN401 - click's own
    """Declare a command with the options that all of them have."""

    def declare(function: Callable[..., Any]) -> Command:
        function = click.option(
            "--json", "as_json", is_flag=True, help="Print one JSON object, for machines."
        )(function)
        function = click.option("--debug", is_flag=True, help="Show the traceback of an error.")(
            function
        )
        return click.command(cls=Command, **attributes)(function)

    return declare


def run(group: click.Group) -> NoReturn:
    """Run the command line and exit; a request to end unwinds, so that nothing is left behind."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _end)
    try:
        code = group.main(standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(error.exit_code)
    except click.ClickException as error:
        _misused(error)
        sys.exit(error.exit_code)
    except OSError as error:  # such as a full disk, when click itself prints
        _hush_stdout()
        _complain("Error:", "bold red", _explain(error)[0])
        sys.exit(1)
    except (click.Abort, KeyboardInterrupt):
        _stderr.print("Interrupted.")
        sys.exit(_INTERRUPTED)
    sys.exit(code if isinstance(code, int) else 0)


def _misused(error: click.ClickException) -> None:
    """Say in one sentence what click makes of a command line, and where its options are told."""
    message = error.format_message().rstrip(".")
    context = error.ctx if isinstance(error, click.UsageError) else None
    if context is not None:
        message = f"{message}; see {context.command_path} --help"
    if "--json" in sys.argv:  # the options were not parsed
        say_json({"error": message})
    _complain("Error:", "bold red", message)


def _end(number: int, _frame: object) -> NoReturn:
    sys.exit(128 + number)


def say(*parts: str | tuple[str, str]) -> None:
    """Print a line on standard output.

    Args:
        parts: Its texts, one after the other; one that has a style stands before it in a pair.
    """
    console.print(Text.assemble(*parts))


def say_json(document: object) -> None:
    """Print one JSON document on standard output."""
    click.echo(json.dumps(document, indent=2, default=str))


def warn(message: str) -> None:
    """Print one sentence on standard error; the command goes on, and its exit code is 0."""
    _complain("Warning:", "bold yellow", message)


@contextmanager
def progress(doing: str) -> Iterator[Callable[[str], None]]:
    """A spinner on a terminal's standard error that says what is being done; elsewhere nothing."""
    with _stderr.status(doing) as status:
        yield lambda step: status.update(Text(f"{step} …"))


def progress_line() -> Callable[[str], None]:
    """As `progress`, for steps that others print between: an empty text takes the spinner away."""
    status = _stderr.status("")

    def show(step: str) -> None:
        if step:
            status.update(Text(f"{step} …"))
            status.start()
        else:
            status.stop()

    return show


def _explain(error: Exception) -> tuple[str, int]:
    if isinstance(error, ColdpressError):
        return str(error), error.exit_code
    if isinstance(error, RuntimeFault):
        return str(error), 1
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror.lower()}: {error.filename or ''}".rstrip(": "), 1
    brief = str(error).partition("\n")[0]
    return f"unexpected {type(error).__name__}: {brief} (--debug shows where it comes from)", 1


def _data(error: Exception) -> dict[str, Any]:
    """What a machine may want beside the message, such as the rows at fault."""
    return error.to_record()["data"] if isinstance(error, ColdpressError) else {}


def _fail(
    ctx: click.Context,
    message: str,
    code: int,
    as_json: bool,  # noqa: FBT001 - private
    data: Mapping[str, Any] = MappingProxyType({}),
) -> NoReturn:
    if as_json:
        try:
            say_json({"error": message, **data})
        except OSError:  # standard output is full or closed; standard error says the rest
            _hush_stdout()
    _complain("Error:", "bold red", message)
    ctx.exit(code)


def _complain(word: str, style: str, message: str) -> None:
    # A message can hold what a file says: it begins no line of its own.
    _stderr.print(Text.assemble((word, style), " ", printable(message)))


def _hush_stdout() -> None:
    # Python would complain once more when it flushes the broken pipe at exit.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
