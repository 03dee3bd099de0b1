"""The regression gate: ratios of one run against limits that are kept in a file. Times are never compared.

Of growth: what is to be flat costs at the largest size what it does two sizes before, and what is to be linear rises by
no more than the size does, or than the floor does where it is measured beside: what is large leaves the processor's
caches for everybody. The limit is what is allowed above that, for measurements differ.
"""

import json
import math
from collections.abc import Iterator
from typing import Any

from rig.processes import BENCHMARKS
from rig.report import Result
from rig.sides import MANUAL, PRODUCT

LIMITS = BENCHMARKS / "limits.json"
_BEFORE = 2


def exceeded(result: Result) -> list[str]:
    """Name what is beyond its limit. What was not measured is not judged."""
    limits = json.loads(LIMITS.read_text(encoding="utf-8"))
    return [*_ratios(result, limits), *_calls(result, limits), *_whole(result, limits)]


def outgrown(found: dict[str, list[dict[str, Any]]]) -> Iterator[str]:
    """Name what grows faster than it may. What was not measured is not judged."""
    limits = json.loads(LIMITS.read_text(encoding="utf-8"))["growth"]
    for kind in ("flat", "linear"):
        for name in limits[kind]:
            group, _, key = name.partition(": ")
            rows, floor = found.get(group, []), key.replace("product", "floor")
            ratio = _rise(rows, key, flat=kind == "flat")
            if kind == "linear" and floor != key:
                ratio /= max(1.0, _rise(rows, floor, flat=False))
            if ratio > limits["most"]:
                yield f"{name} is not {kind}: {ratio:.2f} times that, at most {limits['most']} are allowed"


def _rise(rows: list[dict[str, Any]], key: str, *, flat: bool) -> float:
    """Tell how much faster a cost rises than it may, at the largest size; 0 where it was not measured."""
    points = [(row["size"], row[key]) for row in rows if row.get(key)]
    if len(points) < _BEFORE:
        return 0.0
    (before, cost_before), (size, cost) = points[-3 if flat and len(points) > _BEFORE else -2], points[-1]
    return cost / cost_before / (1 if flat else size / before)


def _ratios(result: Result, limits: dict[str, dict[str, float]]) -> Iterator[str]:
    for name, most in limits["cpu_to_floor"].items():
        if (ratio := result.cpu_ratio(name)) > most:
            yield f"{name}: CPU is {ratio:.2f} times the floor's, at most {most} are allowed"
    for name, most in limits["p50_to_critical_path"].items():
        if (ratio := result.path_ratio(name)) > most:
            yield f"{name}: p50 is {ratio:.2f} times the critical path, at most {most} are allowed"
    for name, least in limits["less_than_manual"].items():
        ratio = result.cpu_ratio(name, MANUAL, PRODUCT)
        if not math.isnan(ratio) and ratio < least:
            yield f"{name}: the manual's way takes {ratio:.1f} times the CPU, at least {least} are wanted"


def _calls(result: Result, limits: dict[str, dict[str, float]]) -> Iterator[str]:
    for name, sides in result.found.items():
        figures = sides.get(PRODUCT)
        if figures is None:
            continue
        if figures.calls > limits["calls"].get(name, math.inf):
            yield f"{name}: {figures.calls} calls of Acontext, at most {limits['calls'][name]} are allowed"
        if figures.repeated:
            yield f"{name}: {figures.repeated} calls are repeated"
        if figures.errors:
            yield f"{name}: {len(figures.errors)} errors"


def _whole(result: Result, limits: dict[str, float]) -> Iterator[str]:
    if (peak := result.peaks.get(PRODUCT, 0)) > limits["peak_mib"]:
        yield f"peak memory is {peak:.0f} MiB, at most {limits['peak_mib']} are allowed"
    if result.crowd and result.crowd["answered"] < result.crowd["asked"]:
        yield f"S2 at 128 at a time: {result.crowd['answered']} of {result.crowd['asked']} were answered"
