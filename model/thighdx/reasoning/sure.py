"""Everything that says how sure a posterior is, of one case at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from thighdx.knowledge import Knowledge
from thighdx.reasoning.bounds import Bounds, bounds_of
from thighdx.reasoning.intervals import Intervals, intervals_of
from thighdx.reasoning.opened import open_case
from thighdx.reasoning.pairs import TwoCausesFound, two_causes_of
from thighdx.reasoning.sensitivity import Sensitivity, sensitivity_of


@dataclass(frozen=True)
class HowSure:
    """Credible intervals; bounds by base rates; what matters for the leading cause; two causes at once."""

    intervals: Intervals
    bounds: Bounds
    sensitivity: Sensitivity
    two_causes: TwoCausesFound

    def to_dict(self) -> dict[str, Any]:
        """Plain dicts and lists, as written by `thighdx diagnose --intervals --json`."""
        return {
            "intervals": self.intervals.to_dict(),
            "bounds": self.bounds.to_dict(),
            "sensitivity": self.sensitivity.to_dict(),
            "two_causes": self.two_causes.to_dict(),
        }


def how_sure(
    case: Mapping[str, object], *, knowledge: Knowledge | None = None, population: str | None = None
) -> HowSure:
    """How sure the posterior of a case is, and what it rests on. Raises as `diagnose` does."""
    opened = open_case(case, knowledge, population)
    return HowSure(intervals_of(opened), bounds_of(opened), sensitivity_of(opened), two_causes_of(opened))
