"""Charts of how sure a posterior is and what it rests on, made with Altair, for page and notebooks."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np

from thighdx.charts import COLOURS, INK
from thighdx.reasoning.intervals import Intervals
from thighdx.reasoning.sensitivity import Curve, Sensitivity
from thighdx.wording import percent, percent_range

ROW = 26  # pixels a line
PERCENT = alt.Axis(format=".0%", title=None, grid=True)
NAMES = 320  # pixels of the longest name
MOST_BARS = 12
CAPTION = 110  # characters a line


def interval_chart(intervals: Intervals, *, most: int = 10, dark: bool = False) -> alt.LayerChart:
    """A dot for each posterior on its 95 % interval, and a tick at its base rate; the `most` probable causes."""
    ink = INK[dark]
    rows = [
        {
            "name": one.name,
            "origin": one.origin,
            "probability": one.probability,
            "low": one.low,
            "high": one.high,
            "base_rate": one.base_rate,
            "now": percent(one.probability),
            "interval": percent_range(one.low, one.high),
        }
        for one in intervals.causes[:most]
    ]
    names = [str(row["name"]) for row in rows]
    y = alt.Y("name:N", sort=names, title=None, axis=alt.Axis(labelLimit=NAMES, domain=False, ticks=False))
    origins = [one.id for one in intervals.origins]
    colour = alt.Color("origin:N", scale=alt.Scale(domain=origins, range=list(COLOURS)), legend=None)
    tooltip = [
        alt.Tooltip("name:N", title="Cause"),
        alt.Tooltip("now:N", title="Now"),
        alt.Tooltip("interval:N", title="95 % interval"),
        alt.Tooltip("base_rate:Q", title="Base rate", format=".1%"),
    ]
    base = alt.Chart(alt.InlineData(rows)).encode(y=y, tooltip=tooltip)
    scale = alt.Scale(domain=[0, 1])
    layers = [
        base.mark_rule(strokeWidth=4, opacity=0.45).encode(
            x=alt.X("low:Q", axis=PERCENT, scale=scale), x2="high:Q", color=colour
        ),
        base.mark_tick(thickness=2, size=16, color=ink["text"]).encode(x="base_rate:Q"),
        base.mark_circle(size=110, opacity=1).encode(x="probability:Q", color=colour),
    ]
    caption = _lines(f"Dot: now. Line: {intervals.note}. Tick: base rate. Population {intervals.population}.")
    return _titled(alt.LayerChart(layer=layers), "How sure", caption, ROW * len(rows))


def tornado_chart(found: Sensitivity, *, most: int = MOST_BARS, dark: bool = False) -> alt.LayerChart:
    """A bar for each number that the posterior rests on most: where it goes as the number runs over its range.

    The half toward the number's low end and the half toward its high end have colours of their own.
    """
    ink = INK[dark]
    bars = found.influences[:most]
    names = [_bar_name(bar.name, bar.low, bar.high) for bar in bars]
    rows: list[dict[str, Any]] = [
        {
            "name": name,
            "end": end,
            "from": found.probability,
            "to": to,
            "is": percent(bar.value),
            "at": percent(at),
            "then": percent(to),
            "source": bar.source,
            "path": bar.path,
        }
        for name, bar in zip(names, bars, strict=True)
        for end, at, to in (("low", bar.low, bar.probability_low), ("high", bar.high, bar.probability_high))
    ]
    y = alt.Y("name:N", sort=names, title=None, axis=alt.Axis(labelLimit=NAMES + 120, domain=False, ticks=False))
    colour = alt.Color(
        "end:N",
        title="number at its",
        scale=alt.Scale(domain=["low", "high"], range=[COLOURS[1], COLOURS[0]]),
        legend=alt.Legend(orient="bottom", labelExpr="datum.label + ' end'"),
    )
    tooltip = [
        alt.Tooltip("path:N", title="Where"),
        alt.Tooltip("is:N", title="Is"),
        alt.Tooltip("at:N", title="If it were"),
        alt.Tooltip("then:N", title="Then"),
        alt.Tooltip("source:N", title="Rests on"),
    ]
    base = alt.Chart(alt.InlineData(rows)).encode(y=y, tooltip=tooltip)
    now = alt.Chart(alt.InlineData([{"now": found.probability}]))
    layers = [
        base.mark_bar(height=14).encode(x=alt.X("from:Q", axis=PERCENT), x2="to:Q", color=colour),
        now.mark_rule(color=ink["text"], strokeDash=[4, 3]).encode(x="now:Q"),
    ]
    change = found.smallest_change
    last = (
        "No single number within its range changes the leading cause."
        if change is None
        else f"Least change of one number that changes the leading cause: {change.name} from {percent(change.value)} "
        f"to {percent(change.to)}, then {change.leading} leads."
    )
    caption = _lines(f"{found.caption}. Dashed: now, {percent(found.probability)}. {last}")
    return _titled(alt.LayerChart(layer=layers), f"What {found.name} rests on", caption, ROW * len(bars))


def curve_chart(curve: Curve, *, most: int = 4, dark: bool = False) -> alt.LayerChart:
    """The posterior of the causes that lead anywhere on a curve, then of the highest, `most` at most.

    A dashed rule stands at the number as it is.
    """
    highest = np.argsort(-curve.probability.max(axis=0), kind="stable").tolist()
    chosen = list(dict.fromkeys([*curve.probability.argmax(axis=1).tolist(), *highest]))[:most]
    rows = [
        {"value": float(value), "cause": curve.causes[column], "probability": float(row[column])}
        for value, row in zip(curve.values, curve.probability, strict=True)
        for column in chosen
    ]
    names = [curve.causes[column] for column in chosen]
    dashes = [[1, 0], [6, 3], [2, 2], [8, 3, 2, 3]]
    lines = (
        alt.Chart(alt.InlineData(rows))
        .mark_line(strokeWidth=2.5)
        .encode(
            x=alt.X("value:Q", title=curve.name, axis=alt.Axis(format=".0%")),
            y=alt.Y("probability:Q", title="Posterior", axis=alt.Axis(format=".0%"), scale=alt.Scale(domain=[0, 1])),
            color=alt.Color("cause:N", sort=names, title=None, scale=alt.Scale(domain=names, range=_hues(len(names)))),
            strokeDash=alt.StrokeDash("cause:N", sort=names, title=None, scale=alt.Scale(domain=names, range=dashes)),
        )
    )
    now = alt.Chart(alt.InlineData([{"value": curve.value}]))
    rule = now.mark_rule(color=INK[dark]["text"], strokeDash=[4, 3]).encode(x="value:Q")
    caption = _lines(f"Dashed rule: {curve.name} as it stands, {percent(curve.value)}.")
    return _titled(alt.LayerChart(layer=[lines, rule]), "Posterior by one number", caption, 260)


def _hues(count: int) -> list[str]:
    """Colours that stand apart for every kind of colour vision; lines also differ in their dashes."""
    return [*COLOURS, "#7f7f7f"][:count]


def _bar_name(name: str, low: float, high: float) -> str:
    return f"{name} ({percent_range(low, high)})"


def _titled(chart: alt.LayerChart, title: str, caption: list[str], height: int) -> alt.LayerChart:
    said = alt.TitleParams(title, subtitle=caption, anchor="start", frame="group", subtitlePadding=6)
    return chart.properties(title=said, width=420, height=height)


def _lines(text: str) -> list[str]:
    """A caption cut into lines between words."""
    lines = [""]
    for word in text.split(" "):
        if len(lines[-1]) + len(word) >= CAPTION:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines
