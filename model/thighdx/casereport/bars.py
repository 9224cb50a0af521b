"""Probabilities as bars in HTML: what a table says and a chart shows at once, for the page and the printed report.

No script draws them: they are there as soon as the text is, wrap long names on a phone and print as they stand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from thighdx.charts import COLOURS
from thighdx.diagnosis import Share
from thighdx.reasoning.contributions import Explanation
from thighdx.reasoning.intervals import Interval
from thighdx.wording import asked_and_said, percent, percent_range

DIRECTIONS = {"supports": COLOURS[0], "opposes": COLOURS[1], "neutral": "#8a8f9c"}
LEAST_MOVE = 0.0005  # a smaller one would read as 0.0
AXIS_ENDS = (0.25, 0.5, 1.0)  # few, so that bars keep their scale from answer to answer


@dataclass(frozen=True)
class Bar:
    """One probability: where it was (`before`), its base rate, its interval and the colour of its group, if any."""

    name: str
    probability: float
    base_rate: float | None = None
    interval: tuple[float, float] | None = None
    before: float | None = None
    colour: str = COLOURS[0]
    mark: str = ""


def bars_of(
    shares: Sequence[Share],
    groups: Sequence[str],
    *,
    intervals: Mapping[str, Interval] | None = None,
    before: Mapping[str, float] | None = None,
    marks: Mapping[str, str] | None = None,
) -> tuple[Bar, ...]:
    """A bar for each share, in the order given.

    groups: ids of the origins, which give the colours; a share without an origin is one itself. intervals, before
    (probabilities) and marks (words beside the name) are by id.
    """
    colours = dict(zip(groups, COLOURS, strict=False))
    known = intervals or {}
    return tuple(
        Bar(
            share.name,
            share.probability,
            share.base_rate,
            (known[share.id].low, known[share.id].high) if share.id in known else None,
            None if before is None else before.get(share.id),
            colours.get(share.origin or share.id, COLOURS[0]),
            (marks or {}).get(share.id, ""),
        )
        for share in shares
    )


def bars_html(bars: Sequence[Bar], label: str, end: float | None = None) -> str:
    """A list to be read line by line; the drawn part is hidden from a screen reader, since the words say the same.

    end: of the axis, 0 to 1, for lists that stand side by side; left out, the least that takes in every bar.
    """
    end = axis_end(bars) if end is None else end
    items = "".join(_item(bar, end) for bar in bars)
    axis = f'<div class="bars-axis" aria-hidden="true"><span>0</span><span>{100 * end:.0f} %</span></div>'
    return f'<ul class="bars" aria-label="{escape(label)}">{items}</ul>{axis}'


def legend_html(groups: Mapping[str, str], *, lines: bool = True) -> str:
    """What the colours of bars mean, by id of origin, and with `lines` the thin line and the upright mark.

    For the eye alone: a screen reader is told the numbers, and the origins by themselves.
    """
    items = [
        f'<span><i class="key-colour" style="background:{colour}"></i>{escape(name)}</span>'
        for name, colour in zip(groups.values(), COLOURS, strict=False)
    ]
    if lines:
        items.append('<span><i class="key-interval"></i>95 % interval</span>')
        items.append('<span><i class="key-base"></i>base rate</span>')
    return f'<p class="bars-legend" aria-hidden="true">{"".join(items)}</p>'


def contributions_html(explanation: Explanation, most: int) -> str:
    """The `most` largest contributions as bars to the right (for the cause) and the left (against it), then the rest.

    What `charts.contribution_chart` shows in a notebook, in a form that wraps and is read aloud.
    """
    shown = explanation.contributions[:most]
    rows = [(asked_and_said(one.question, one.label), one.log_odds, one.direction) for one in shown]
    others = explanation.contributions[most:]
    if others:
        total = sum(one.log_odds for one in others)
        rows.append((f"{len(others)} more together", total, "supports" if total > 0 else "opposes"))
    end = max((abs(size) for _, size, _ in rows), default=1.0) or 1.0
    items = "".join(_contribution(name, size, direction, end) for name, size, direction in rows)
    label = f"What each answer contributes to {explanation.cause_name}"
    return f'<ul class="bars" aria-label="{escape(label)}">{items}</ul>'


def _contribution(name: str, size: float, direction: str, end: float) -> str:
    width = round(50 * abs(size) / end, 2)
    left = 50.0 if size > 0 else 50.0 - width
    drawn = (
        f'<i class="bars-fill" style="left:{left}%;width:{width}%;background:{DIRECTIONS[direction]}"></i>'
        '<i class="bars-base" style="left:50%"></i>'
    )
    return (
        f'<li><div class="bars-head"><span class="bars-name">{escape(name)}</span>'
        f'<span class="bars-number">{size:+.2f}'
        f'<span class="only-read"> log-odds, {escape(direction)}</span></span></div>'
        f'<div class="bars-track" aria-hidden="true">{drawn}</div></li>'
    )


def moved(now: float, before: float | None) -> str:
    """`▲ 12.3` or `▼ 4.0`, in percentage points; nothing where it would read as none."""
    if before is None or abs(now - before) < LEAST_MOVE:
        return ""
    return f"{'▲' if now > before else '▼'} {abs(100 * (now - before)):.1f}"


def axis_end(bars: Sequence[Bar]) -> float:
    """The least of a few ends of the axis that takes in every bar, tick and interval."""
    longest = max(
        (max(bar.probability, bar.base_rate or 0.0, (bar.interval or (0.0, 0.0))[1]) for bar in bars), default=0.0
    )
    return next((end for end in AXIS_ENDS if longest <= end), AXIS_ENDS[-1])


def _item(bar: Bar, end: float) -> str:
    mark = f' <span class="bars-mark">{escape(bar.mark)}</span>' if bar.mark else ""
    change = moved(bar.probability, bar.before)
    told = []
    if bar.interval is not None:
        told.append(f'<span class="bars-said"><abbr title="95 % credible interval">CI</abbr> {_range(bar)}</span>')
    if bar.base_rate is not None:
        told.append(f'<span class="bars-said">base {percent(bar.base_rate)}</span>')
    if change:
        way = "up" if change[0] == "▲" else "down"
        read = f"{way} by {change[2:]} points"
        told.append(
            f'<span class="bars-moved bars-{way}"><span aria-hidden="true">{change}</span>'
            f'<span class="only-read">{read}</span></span>'
        )
    return (
        f'<li><div class="bars-head"><span class="bars-name">{escape(bar.name)}{mark}</span>'
        f'<span class="bars-number">{percent(bar.probability)}</span></div>'
        f'<div class="bars-track" aria-hidden="true">{_drawn(bar, end)}</div>'
        f'<div class="bars-told">{"".join(told)}</div></li>'
    )


def _range(bar: Bar) -> str:
    low, high = bar.interval or (0.0, 0.0)
    return percent_range(low, high)


def _drawn(bar: Bar, end: float) -> str:
    parts = [f'<i class="bars-fill" style="width:{_at(bar.probability, end)}%;background:{bar.colour}"></i>']
    if bar.interval is not None:
        low, high = (_at(one, end) for one in bar.interval)
        parts.append(f'<i class="bars-interval" style="left:{low}%;width:{round(high - low, 2)}%"></i>')
    if bar.base_rate is not None:
        parts.append(f'<i class="bars-base" style="left:{_at(bar.base_rate, end)}%"></i>')
    return "".join(parts)


def _at(probability: float, end: float) -> float:
    return round(100 * min(1.0, probability / end), 2)
