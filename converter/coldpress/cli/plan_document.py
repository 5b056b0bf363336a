"""A plan for machines: docs/costs.md has its keys."""

from __future__ import annotations

from dataclasses import asdict

from coldpress.planning import Plan
from coldpress.planning.estimates import Estimate
from coldpress.planning.measurement import TIMES, Measurement

__all__ = ["plan_document"]


def plan_document(plan: Plan) -> dict[str, object]:
    """The plan, ready for JSON."""
    measured, best = plan.measured, plan.best()
    return {
        "name": plan.name,
        "version": f"sha256:{plan.digest}",
        "artifact": asdict(plan.artifact),
        "traffic": asdict(plan.traffic),
        "p95_ms": plan.p95_ms,
        "measured": {
            "machine": measured.machine,
            "architecture": measured.architecture,
            "requests": measured.requests,
            "through_handler": measured.whole,
            "body_bytes": list(measured.body_bytes),
            "settings": list(measured.settings),
            "by_threads": [_measurement(each) for each in measured.by_threads.values()],
        },
        "estimates": [_estimate(each, plan) for each in plan.estimates],
        "recommended": {**_named(best), "parameters": best.parameters} if best else None,
        "extrapolations": list(plan.extrapolations),
        "assumptions": list(plan.assumptions),
        "prices": {
            "region": plan.prices.region,
            "currency": plan.prices.currency,
            "dated": plan.prices.dated,
            "sources": list(plan.prices.sources),
        },
    }


def _measurement(each: Measurement) -> dict[str, object]:
    return {
        "threads": each.threads,
        "rounds": each.rounds,
        "calls": each.calls,
        "ms": {name: asdict(getattr(each, name)) for name in TIMES},
        "loaded_bytes": each.loaded_bytes,
        "peak_bytes": each.peak_bytes,
    }


def _estimate(each: Estimate, plan: Plan) -> dict[str, object]:
    ready = each.provisioned
    return {
        **_named(each),
        "vcpus": each.vcpus,
        "threads": each.threads,
        "basis": each.basis,
        "foreign": each.foreign,
        "cold_ms": each.cold.total,
        "init_ms": each.cold.init,
        "cold_parts_ms": asdict(each.cold),
        "p50_ms": each.p50_ms,
        "p95_ms": each.p95_ms,
        "needed_memory_mb": each.needed_megabytes,
        "storage_mb": each.storage_megabytes,
        "package_bytes": each.package_bytes,
        "fits": each.fits,
        "meets_p95": each.meets(plan.p95_ms),
        "problems": list(each.problems),
        "notes": list(each.notes),
        "monthly_cost": {**asdict(each.cost), "total": each.cost.total},
        "provisioned": {
            "instances": ready.instances,
            "monthly_cost": {**asdict(ready.cost), "total": ready.cost.total},
            "break_even_requests": ready.break_even_requests,
        },
    }


def _named(each: Estimate) -> dict[str, object]:
    return {"memory_mb": each.megabytes, "architecture": each.architecture}
