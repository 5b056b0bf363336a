"""What AWS asks for, from one dated file; another region's is read in its place."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from coldpress.errors import UsageError
from coldpress.package import ARCHITECTURES

__all__ = ["APIS", "ArchitecturePrices", "FreeTier", "Prices", "Tier", "read_prices", "tiered"]

APIS = ("http-api", "rest-api", "function-url")
_SCHEMA_VERSION = 1
_OWN = Path(__file__).with_name("prices.json")
_MOST_BYTES = 1024**2


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """A price up to an amount a month.

    Attributes:
        up_to: Amount at which the next tier begins; infinite for the last.
        price: Price of one unit within it.
    """

    up_to: float
    price: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchitecturePrices:
    """What differs between processors, each for a second of a GB (1,024 MB).

    Attributes:
        gb_second: Running on demand, by the month's total.
        provisioned_gb_second: Being ready with provisioned concurrency.
        provisioned_duration_gb_second: Running there.
    """

    gb_second: tuple[Tier, ...]
    provisioned_gb_second: float
    provisioned_duration_gb_second: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeTier:
    """What Lambda gives each month for nothing.

    Attributes:
        requests: How many requests.
        gb_seconds: How many seconds of a GB, on demand.
    """

    requests: float
    gb_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """A region's prices.

    Attributes:
        region: Which, such as ``us-east-1``.
        currency: What they are in, such as ``USD``.
        dated: When they were written down, as ``YYYY-MM-DD``.
        sources: Addresses of the pages that have them.
        request: One request to Lambda.
        storage_gb_second: A second of a GB of ``/tmp`` beyond 512 MB.
        architectures: The rest of Lambda, by ``x86_64`` and ``arm64``.
        free_tier: What is free.
        apis: A request to what stands before the function, by `APIS`.
    """

    region: str
    currency: str
    dated: str
    sources: tuple[str, ...]
    request: float
    storage_gb_second: float
    architectures: Mapping[str, ArchitecturePrices]
    free_tier: FreeTier
    apis: Mapping[str, tuple[Tier, ...]]


def tiered(amount: float, tiers: tuple[Tier, ...]) -> float:
    """What an amount costs, each part of it at its own tier's price."""
    cost = start = 0.0
    for tier in tiers:
        cost += max(0.0, min(amount, tier.up_to) - start) * tier.price
        start = tier.up_to
    return cost


def read_prices(path: Path | None = None) -> Prices:
    """The prices of a file, or Coldpress' own of us-east-1.

    Raises:
        UsageError: The file can't be read, or is no price file; the message says where.
    """
    named = path or _OWN
    try:
        with named.open("rb") as file:
            document = json.loads(file.read(_MOST_BYTES))
        return _Reader(document).prices()
    except OSError as error:
        raise UsageError(
            f"can't read the price file {named}: {error.strerror or error}; name another"
        ) from error
    except (ValueError, RecursionError) as error:
        wrong = str(error) if isinstance(error, _Wrong) else "it is no JSON"
        raise UsageError(
            f"{named} is no price file: {wrong}; docs/costs.md shows what one holds"
        ) from error


class _Wrong(ValueError):
    """What is wrong with a price file, and where."""


class _Reader:
    """Reads a price file's document; whatever is not as it should be is `_Wrong`."""

    def __init__(self, document: object) -> None:
        self._document = document

    def prices(self) -> Prices:
        if self._at("schema_version") != _SCHEMA_VERSION:
            raise _Wrong(f"schema_version must be {_SCHEMA_VERSION}")
        return Prices(
            region=self._text("region"),
            currency=self._text("currency"),
            dated=self._date("dated"),
            sources=self._texts("sources"),
            request=self._number("lambda", "request"),
            storage_gb_second=self._number("lambda", "storage_gb_second"),
            architectures={name: self._architecture(name) for name in ARCHITECTURES},
            free_tier=FreeTier(
                requests=self._number("free_tier", "requests"),
                gb_seconds=self._number("free_tier", "gb_seconds"),
            ),
            apis={name: self._tiers("api", name) for name in APIS},
        )

    def _architecture(self, name: str) -> ArchitecturePrices:
        return ArchitecturePrices(
            gb_second=self._tiers("lambda", name, "gb_second"),
            provisioned_gb_second=self._number("lambda", name, "provisioned_gb_second"),
            provisioned_duration_gb_second=self._number(
                "lambda", name, "provisioned_duration_gb_second"
            ),
        )

    def _tiers(self, *keys: str) -> tuple[Tier, ...]:
        found = self._at(*keys)
        where = ".".join(keys)
        if not isinstance(found, list) or not found:
            raise _Wrong(f"{where} must be a list of tiers")
        tiers = tuple(_tier(each, f"{where}[{place}]") for place, each in enumerate(found))
        limits = [tier.up_to for tier in tiers]
        if limits != sorted(set(limits)) or limits[-1] != math.inf:
            raise _Wrong(f"the tiers of {where} must rise in up_to, and the last have null there")
        return tiers

    def _number(self, *keys: str) -> float:
        return _price(self._at(*keys), ".".join(keys))

    def _text(self, key: str) -> str:
        found = self._at(key)
        if not isinstance(found, str) or not found.strip():
            raise _Wrong(f"{key} must be a text")
        return found

    def _texts(self, key: str) -> tuple[str, ...]:
        found = self._at(key)
        if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
            raise _Wrong(f"{key} must be a list of texts")
        return tuple(found)

    def _date(self, key: str) -> str:
        text = self._text(key)
        try:
            return date.fromisoformat(text).isoformat()
        except ValueError:
            raise _Wrong(f"{key} must be a date such as 2026-11-26, not {text!r:.40}") from None

    def _at(self, *keys: str) -> Any:  # noqa: ANN401 - what a JSON file holds
        found = self._document
        for place, key in enumerate(keys, 1):
            if not isinstance(found, dict) or key not in found:
                raise _Wrong(f"it has no {'.'.join(keys[:place])}")
            found = found[key]
        return found


def _tier(entry: object, where: str) -> Tier:
    if not isinstance(entry, dict) or entry.keys() != {"up_to", "price"}:
        raise _Wrong(f"{where} must have up_to and price, and nothing else")
    limit = entry["up_to"]
    return Tier(
        up_to=math.inf if limit is None else _price(limit, f"{where}.up_to"),
        price=_price(entry["price"], f"{where}.price"),
    )


def _price(found: object, where: str) -> float:
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise _Wrong(f"{where} must be a number, not {found!r:.40}")
    if not 0 <= found < math.inf:
        raise _Wrong(f"{where} must be 0 or more, not {found!r:.40}")
    return float(found)
