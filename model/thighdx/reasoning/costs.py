"""What it costs to have a finding answered, where the priors know it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from thighdx.knowledge import Knowledge

MINUTE, DOLLAR = "minute", "dollar"
UNITS = (MINUTE, DOLLAR)


@dataclass(frozen=True)
class FindingCost:
    """minutes: of the visit. price_usd: the range of the study's price. estimate: the reason of minutes not counted.

    None where the priors know nothing.
    """

    minutes: float | None = None
    estimate: str | None = None
    price_usd: tuple[float, float] | None = None

    def amount(self, unit: str) -> float | None:
        """Minutes, or the middle of the price range in dollars."""
        if unit == MINUTE:
            return self.minutes
        return None if self.price_usd is None else sum(self.price_usd) / 2


@lru_cache(maxsize=32)
def finding_costs(knowledge: Knowledge) -> dict[str, FindingCost]:
    """The cost of every finding: its own entry, else that of its kind; its price from the study that shows it."""
    content = knowledge.content
    prices = {
        finding: study.price_usd
        for study in content.studies.values()
        for finding in study.findings
        if study.price_usd is not None
    }
    result = {}
    for name, entry in content.findings.items():
        cost = content.costs.findings.get(name, content.costs.kinds.get(entry.kind))
        minutes, estimate = (None, None) if cost is None else (cost.minutes, cost.estimate)
        result[name] = FindingCost(minutes, estimate, prices.get(name))
    return result
