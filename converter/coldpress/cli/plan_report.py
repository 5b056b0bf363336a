"""A plan for people: what was measured, what follows, what to choose."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from coldpress.package import ARCHITECTURES
from coldpress.package.limits import MOST_BYTES
from coldpress.planning import Plan
from coldpress.planning.estimates import Estimate
from coldpress.planning.measurement import TIMES, Measurement, Spread
from coldpress.units import human_bytes, human_figure

from .command import say
from .describe import print_fact

__all__ = ["print_plan"]

_SIGNS = {"measured": "", "scaled": "~", "interpolated": "~", "kept": "≤"}
_COLUMNS = ("MB", "vCPU", "cold", "p50", "p95", "a month", "n", "with n", "even")
_SLOWEST = 0.05  # the share of requests that a p95 leaves out
_CENT = 0.01
_NOTICED_MS = 2.0
_JSON = (
    "Most of a request is reading and writing JSON rather than the model: let callers send tensors "
    "as bytes (docs/function-settings.md)."
)
_ONE_THREAD = (
    "Two threads are slower than one for this model: set COLDPRESS_THREADS to 1 where there are "
    "1.5 vCPUs or more."
)
_BILLION, _MILLION, _THOUSAND = 1e9, 1e6, 1e3
_STEPS = {
    "start": "Python's start",
    "imports": "imports",
    "unpack": "read, check, unpack",
    "open": "open the session",
    "first": "first request",
    "request": "warm request",
    "request_p95": "warm request, p95",
    "run": "session alone",
    "run_p95": "session alone, p95",
}


def print_plan(plan: Plan) -> None:
    """Print what was measured, the table of estimates, what they rest on, and what to choose."""
    say((plan.name, "bold"), f" sha256:{plan.digest}")
    for label, value in _facts(plan):
        print_fact(label, value)
    say("\nMeasured here, in ms: medians, and the least and the greatest of all rounds")
    _print_measured(list(plan.measured.by_threads.values()))
    say(
        f"\n{plan.traffic.requests:,} requests a month: times in ms, cost in {plan.prices.currency}"
    )
    for architecture in ARCHITECTURES:
        _print_estimates(plan, architecture)
    say(("\n~ extrapolated   ≤ kept from what was measured with fewer vCPUs", "dim"))
    say(("n: instances of provisioned concurrency; even: requests from which they pay", "dim"))
    _print_list("Extrapolated", plan.extrapolations)
    _print_list("Assumed", plan.assumptions)
    say("")
    for parts in _advice(plan):
        say(*parts)


def _facts(plan: Plan) -> Iterator[tuple[str, str]]:
    measured, artifact = plan.measured, plan.artifact
    first = measured.by_threads[1]
    rounds = f"{first.rounds} round{'s' * (first.rounds != 1)} of {first.calls} warm requests"
    yield "machine", f"{measured.machine}; {rounds}"
    asked = (
        "golden examples, in turn"
        if measured.requests == "golden examples"
        else ("a row of zeros, as the bundle has no golden examples: real rows may take longer")
    )
    way = (
        ""
        if measured.whole
        else ("; through the session alone, as a row is too large for a JSON body")
    )
    yield "asked", asked + way
    size = f"{human_bytes(artifact.stored_bytes)} fetched, {human_bytes(artifact.unpacked_bytes)}"
    yield "artifact", f"{size} unpacked, {human_bytes(artifact.file_bytes)} of it in /tmp"
    packages = {each.architecture: each.package_bytes for each in plan.estimates}
    listed = ", ".join(f"{human_bytes(size)} for {name}" for name, size in packages.items())
    yield "package", f"{listed}; AWS Lambda takes {human_bytes(MOST_BYTES)} unpacked"
    if measured.settings:
        yield "settings", " ".join(measured.settings)


def _print_measured(measurements: Sequence[Measurement]) -> None:
    rows = [
        [_STEPS[name], *(_spread(getattr(each, name)) for each in measurements)] for name in TIMES
    ]
    for label, name in (("memory, open", "loaded_bytes"), ("memory, at most", "peak_bytes")):
        rows.append([label, *(human_bytes(getattr(each, name)) for each in measurements)])
    head = ["", *(_threads(each) for each in measurements)]
    for number, line in enumerate(_aligned([head, *rows], "<")):
        say((line, "" if number else "dim"))


def _print_estimates(plan: Plan, architecture: str) -> None:
    rows = [each for each in plan.estimates if each.architecture == architecture]
    say("\n", (architecture, "bold"), ", extrapolated from the other" if rows[0].foreign else "")
    head, *lines = _aligned([_COLUMNS, *(_cells(each) for each in rows)])
    say((f"{head}  fit", "dim"))
    best = plan.best()
    for line, each in zip(lines, rows, strict=True):
        say((line, "bold" if each is best else ""), "  ", _fit(each, plan))
    for each in rows:
        for sentence in (*each.problems, *each.notes):
            print_fact(f"{each.megabytes:,} MB", sentence)


def _aligned(rows: Sequence[Sequence[str]], first: str = ">") -> list[str]:
    """Lines of columns that are as wide as they need; the first to the left if it is ``<``."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    signs = [first, *">" * (len(widths) - 1)]
    return [
        "  ".join(
            f"{cell:{sign}{width}}" for cell, sign, width in zip(row, signs, widths, strict=True)
        )
        for row in rows
    ]


def _cells(each: Estimate) -> list[str]:
    sign = "~" if each.foreign else _SIGNS[each.basis]
    even = each.provisioned.break_even_requests
    return [
        f"{each.megabytes:,}",
        f"{each.vcpus:.2f}",
        f"~{each.cold.total:,.0f}",
        f"{sign}{human_figure(each.p50_ms)}",
        f"{sign}{human_figure(each.p95_ms)}",
        _money(each.cost.total),
        f"{each.provisioned.instances:,}",
        _money(each.provisioned.cost.total),
        "never" if even is None else _count(even),
    ]


def _fit(each: Estimate, plan: Plan) -> tuple[str, str]:
    if not each.fits:
        return "no", "red"
    return ("yes", "green") if each.meets(plan.p95_ms) else ("slow", "yellow")


def _advice(plan: Plan) -> Iterator[Sequence[str | tuple[str, str]]]:
    best, own = plan.best(), plan.measured.architecture
    if best is None:
        yield (("None of these is right: ", "yellow"), _obstacle(plan))
        return
    yield (("Recommended: ", "green"), (_in_words(best, plan), "bold"))
    told = " ".join(f"--param {name}={value}" for name, value in best.parameters.items())
    yield (f"Deploy it so: coldpress deploy MODEL {told}",)
    if best.architecture != own and (measured := plan.best(own)):
        yield (f"On the processor of this machine: {_in_words(measured, plan)}",)
    if plan.p95_ms is not None:
        yield (_of_cold_starts(best, plan.p95_ms, plan.traffic.cold_share),)
    by_threads = plan.measured.by_threads
    if _is_mostly_json(by_threads[1]):
        yield (_JSON,)
    if len(by_threads) > 1 and by_threads[2].request.low > by_threads[1].request.high:
        yield (_ONE_THREAD,)


def _is_mostly_json(one: Measurement) -> bool:
    return one.request.median > _NOTICED_MS and one.run.median < one.request.median / 2


def _of_cold_starts(best: Estimate, p95_ms: float, cold_share: float) -> str:
    if best.cold.total <= p95_ms:
        return f"Its cold starts meet {p95_ms:g} ms, too."
    counted = (
        "with so many of them, p95 of all requests is one of theirs"
        if cold_share > _SLOWEST
        else "with so few of them, p95 of all requests is a warm one's"
    )
    return (
        f"Its cold starts do not meet {p95_ms:g} ms: {counted}; provisioned concurrency takes "
        "them off callers, and SnapStart makes them shorter."
    )


def _obstacle(plan: Plan) -> str:
    fitting = [each for each in plan.estimates if each.fits]
    if not fitting:
        return "no memory size here fits the model; the table says why, --memory names others"
    fastest = min(fitting, key=lambda each: each.p95_ms)
    return (
        f"none has a warm p95 of {plan.p95_ms:g} ms; the fastest is {fastest.megabytes:,} MB with "
        f"{human_figure(fastest.p95_ms)} ms; make the model smaller, or ask for less"
    )


def _in_words(each: Estimate, plan: Plan) -> str:
    cost = f"{_money(each.cost.total)} {plan.prices.currency} a month"
    return (
        f"{each.megabytes:,} MB on {each.architecture}: {cost}, warm p95 "
        f"{human_figure(each.p95_ms)} ms, cold start {each.cold.total:,.0f} ms"
    )


def _print_list(title: str, sentences: Sequence[str]) -> None:
    say(f"\n{title}")
    for sentence in sentences:
        say(("  - ", "dim"), sentence)


def _threads(each: Measurement) -> str:
    return f"{each.threads} thread{'s' * (each.threads != 1)}"


def _spread(each: Spread) -> str:
    figures = (human_figure(value) for value in (each.median, each.low, each.high))
    return "{} ({} to {})".format(*figures)


def _money(amount: float) -> str:
    return "<0.01" if 0 < amount < _CENT / 2 else f"{amount:,.2f}"


def _count(requests: float) -> str:
    """A number of requests in short, such as ``157 M``."""
    for size, unit in ((_BILLION, " G"), (_MILLION, " M"), (_THOUSAND, " k")):
        if requests >= size:
            return f"{human_figure(requests / size)}{unit}"
    return f"{requests:,.0f}"
