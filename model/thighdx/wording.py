"""Numbers and names as people read them: the same on the page and in a terminal."""

from __future__ import annotations

import re

from thighdx.schema import Finding

GAP = "\N{NO-BREAK SPACE}"  # keeps a number and its sign on one line


def percent(probability: float) -> str:
    """`46.6 %`; what would read as none or all is said as `< 0.1 %` and `> 99.9 %`."""
    if 0 < probability < 0.0005:
        return f"<{GAP}0.1{GAP}%"
    if 0.9995 <= probability < 1:
        return f">{GAP}99.9{GAP}%"
    # numbers that differ by rounding alone read alike
    return f"{round(probability, 12):.1%}".replace("%", f"{GAP}%")


def percent_range(low: float, high: float) -> str:
    """`12.9 to 70.4 %`, of two probabilities in the order given."""
    return f"{percent(low).removesuffix(GAP + '%')} to {percent(high)}".replace(" to ", f"{GAP}to{GAP}")


def folded(name: str) -> str:
    """A name as it is compared with others: small letters, words parted by a space, no apostrophes."""
    return " ".join(re.findall(r"[^\W_]+", re.sub(r"['\u2019]", "", name.casefold())))


def state_label(entry: Finding, state: str) -> str:
    """What a person reads for a state."""
    return entry.labels.get(state, state.replace("_", " ").capitalize())


def count(number: int, one: str, many: str) -> str:
    """`1 answer`, `2 answers`, `1,750 rows`."""
    return f"{number:,} {one if number == 1 else many}"


def ratio_said(ratio: float | None) -> str:
    """A likelihood ratio as people compare them: `3.1`, `12`, and below one as `1/4.2`."""
    if ratio is None:
        return "none"
    if ratio <= 0:
        return "0"
    size = ratio if ratio >= 1 else 1 / ratio
    said = f"{size:.1f}" if size < 9.95 else f"{size:,.0f}"
    return said if ratio >= 1 or said == "1.0" else f"1/{said}"


def asked(question: str) -> str:
    """`Is the leg weak?`, `Slump test:`; an answer follows."""
    return question if question.endswith("?") else f"{question}:"


def asked_and_said(question: str, label: str) -> str:
    """`Is the leg weak? Markedly`, `Slump test: Positive`."""
    return f"{asked(question)} {label}"
