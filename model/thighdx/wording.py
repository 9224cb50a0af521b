"""Numbers and names as people read them: the same on the page and in a terminal."""

from __future__ import annotations

from thighdx.schema import Finding


def percent(probability: float) -> str:
    """`46.6 %`; what would read as none or all is said as `< 0.1 %` and `> 99.9 %`."""
    if 0 < probability < 0.0005:
        return "< 0.1 %"
    if 0.9995 <= probability < 1:
        return "> 99.9 %"
    return f"{100 * probability:.1f} %"


def state_label(entry: Finding, state: str) -> str:
    """What a person reads for a state."""
    return entry.labels.get(state, state.replace("_", " ").capitalize())


def count(number: int, one: str, many: str) -> str:
    """`1 answer`, `2 answers`."""
    return f"{number} {one if number == 1 else many}"
