"""Charts of the knowledge, made with Altair: likelihood ratios, base rates, and the network as pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log10
from typing import Any

import altair as alt

from thighdx.baserates import CauseBaseRate
from thighdx.charts import COLOURS, FONT, INK, ROW
from thighdx.links import Link, Node, Picture
from thighdx.ratios import CauseRatio, StateRatios
from thighdx.wording import percent, percent_range, ratio_said

TICKS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.33, 1, 3, 10, 30, 100, 300, 1000)
TICK_LABEL = "datum.value >= 1 ? format(datum.value, ',.0f') : '1/' + format(1 / datum.value, ',.0f')"
NAMES = alt.expr("width - 70")
LINE = 20  # pixels a name in a picture of the network
OTHER = "other"  # the colour of links that start at no cause
LEFT_END, RIGHT_START = 0.4, 0.58  # shares of the width: where names end and begin


def ratio_chart(found: StateRatios, *, groups: Sequence[str], dark: bool = False) -> alt.LayerChart:
    """A bar from 1 to the likelihood ratio of each cause, on a logarithmic axis; right for the cause, left against it.

    Filled where the cause has a row of its own, pale where it rests on the background. groups: ids of the origins.
    """
    ink = INK[dark]
    told = [one for one in found.causes if one.ratio]
    rows = [_ratio_row(rank, one) for rank, one in enumerate(told)]
    low, high = _ends([float(one.ratio or 1.0) for one in told])
    ticks = [tick for tick in TICKS if low <= tick <= high]
    x = alt.X(
        "ratio:Q",
        title=None,
        scale=alt.Scale(type="log", domain=[low, high], nice=False),
        axis=alt.Axis(grid=True, domain=False, ticks=False, values=ticks, labelExpr=TICK_LABEL, orient="top"),
    )
    tooltip = [
        alt.Tooltip("name:N", title="Cause"),
        alt.Tooltip("said:N", title="Likelihood ratio"),
        alt.Tooltip("here:N", title="In this cause"),
        alt.Tooltip("elsewhere:N", title="In all others"),
        alt.Tooltip("row:N", title="Row"),
    ]
    base = alt.Chart(alt.InlineData(rows)).encode(y=alt.Y("rank:O", axis=None, scale=alt.Scale(padding=0)))
    base = base.encode(tooltip=tooltip)
    left = base.mark_text(align="left", dy=-8, fontSize=FONT, color=ink["text"], limit=NAMES)
    right = base.mark_text(align="right", dy=-8, fontSize=FONT, color=ink["text"], fontWeight="bold")
    layers = [
        base.mark_bar(yOffset=9, height=9, cornerRadius=2).encode(
            x=x,
            x2=alt.datum(1),
            color=_by_origin(groups),
            opacity=alt.Opacity("own:N", scale=alt.Scale(domain=[True, False], range=[1, 0.35]), legend=None),
        ),
        base.mark_tick(orient="vertical", thickness=2, size=17, yOffset=9, color=ink["text"]).encode(x=alt.datum(1)),
        left.encode(x=alt.value(0), text="name:N"),
        right.encode(x=alt.value("width"), text="said:N"),
    ]
    return alt.LayerChart(layer=layers).properties(height=ROW * len(rows), width="container")


def base_rate_chart(rates: Sequence[CauseBaseRate], *, groups: Sequence[str], dark: bool = False) -> alt.LayerChart:
    """A bar for each base rate and, where the priors state one, a line for its interval."""
    ink = INK[dark]
    rows = [
        {
            "rank": rank,
            "name": one.name,
            "origin": one.origin,
            "rate": one.rate,
            "said": percent(one.rate),
            "low": one.rate if one.interval is None else one.interval[0],
            "high": one.rate if one.interval is None else one.interval[1],
            "interval": "none stated" if one.interval is None else percent_range(*one.interval),
        }
        for rank, one in enumerate(rates)
    ]
    end = max((float(str(row["high"])) for row in rows), default=1.0) * 1.02
    tooltip = [
        alt.Tooltip("name:N", title="Cause"),
        alt.Tooltip("said:N", title="Base rate"),
        alt.Tooltip("interval:N", title="Interval"),
    ]
    x = alt.X(
        "rate:Q",
        title=None,
        scale=alt.Scale(domain=[0, end], nice=False),
        axis=alt.Axis(grid=False, domain=False, ticks=False, tickCount=4, format=".0%", orient="top", labelFlush=True),
    )
    base = alt.Chart(alt.InlineData(rows)).encode(y=alt.Y("rank:O", axis=None, scale=alt.Scale(padding=0)))
    base = base.encode(tooltip=tooltip)
    layers = [
        base.mark_bar(yOffset=9, height=9, cornerRadius=2).encode(x=x, color=_by_origin(groups)),
        base.mark_rule(yOffset=9, strokeWidth=2, color=ink["text"]).encode(x="low:Q", x2="high:Q"),
        base.mark_text(align="left", dy=-8, fontSize=FONT, color=ink["text"], limit=NAMES).encode(
            x=alt.value(0), text="name:N"
        ),
        base.mark_text(align="right", dy=-8, fontSize=FONT, color=ink["text"], fontWeight="bold").encode(
            x=alt.value("width"), text="said:N"
        ),
    ]
    return alt.LayerChart(layer=layers).properties(height=ROW * len(rows), width="container")


def matrix_chart(picture: Picture, *, dark: bool = False) -> alt.Chart:
    """A square for each link, its area and shade by strength: left names down, right names across."""
    names = {node.id: node.name for node in (*picture.left, *picture.right)}
    rows = [
        {"left": names[link.left], "right": names[link.right], "strength": link.strength, "said": link.said}
        for link in picture.links
    ]
    label: dict[str, Any] = {
        "labelColor": INK[dark]["text"],
        "labelFontSize": FONT,
        "labelOverlap": False,
        "domain": False,
        "ticks": False,
        "grid": True,
        "gridColor": "#3a3e48" if dark else "#e3e6ec",
    }
    limit = alt.expr("clamp(0.45 * width, 130, 300)")
    down, across = [node.name for node in picture.left], [node.name for node in picture.right]
    y = alt.Y("left:N", sort=down, title=None, axis=alt.Axis(labelLimit=limit, **label))
    x = alt.X("right:N", sort=across, title=None, axis=alt.Axis(orient="top", labelAngle=-60, labelLimit=160, **label))
    size = alt.Size("strength:Q", scale=alt.Scale(domain=[0, 1], range=[0, 230]), legend=None)
    chart: alt.Chart = (
        alt.Chart(alt.InlineData(rows))
        .mark_square(opacity=1, color=COLOURS[0] if not dark else "#4aa8de")
        .encode(x=x, y=y, size=size, tooltip=alt.Tooltip("said:N", title="What it says"))
        .properties(height=LINE * len(picture.left), width="container")
    )
    return chart


def link_chart(picture: Picture, *, groups: Sequence[str], dark: bool = False) -> alt.LayerChart:
    """Names on the left and on the right, joined by curves whose width is the strength of the link.

    Through the hub where there is one. Curves from a cause have the colour of its origin.
    """
    ink = INK[dark]
    lines = max(len(picture.left), len(picture.right))
    right = _places(len(picture.right), lines)
    left = _places(len(picture.left), lines) if picture.hub is not None else _beside(picture, right)
    at = {node.id: y for node, y in zip(picture.left, left, strict=True)}
    at |= {node.id: y for node, y in zip(picture.right, right, strict=True)}
    origin = {node.id: node.group for node in picture.left if node.group in groups}
    curves = [
        point
        for number, link in enumerate(picture.links)
        for point in _curve(number, link, at, origin.get(link.left, OTHER), (lines - 1) / 2)
    ]
    y = alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[lines - 0.5, -0.5], nice=False, zero=False))
    x = alt.X("x:Q", axis=None, scale=alt.Scale(domain=[0, 1], nice=False))
    widths = alt.Scale(domain=[0, 1], range=[0.5, 9])
    domain, colours = [*groups, OTHER], [*COLOURS[: len(groups)], "#7d8290"]
    drawn = alt.Chart(alt.InlineData(curves))
    layers = [
        drawn.mark_line(interpolate="basis", opacity=0.6, strokeCap="round").encode(
            x=x,
            y=y,
            detail="link:N",
            order="step:Q",
            strokeWidth=alt.StrokeWidth("strength:Q", scale=widths, legend=None),
            color=alt.Color("group:N", scale=alt.Scale(domain=domain, range=colours), legend=None),
            tooltip=alt.Tooltip("said:N", title="What it says"),
        ),
        _labels(picture.left, left, LEFT_END - 0.01, "right", LEFT_END, ink["text"]),
        _labels(picture.right, right, RIGHT_START + 0.01, "left", 1 - RIGHT_START, ink["text"]),
    ]
    return alt.LayerChart(layer=layers).properties(height=LINE * lines + 10, width="container")


def _labels(nodes: Sequence[Node], places: Sequence[float], x: float, align: Any, share: float, ink: str) -> alt.Chart:
    """Names at a share `x` of the width, cut at the `share` of it that they have; smaller on a phone."""
    rows = [{"name": node.name, "x": x, "y": y} for node, y in zip(nodes, places, strict=True)]
    size, limit = alt.expr("width < 480 ? 10.5 : 13"), alt.expr(f"{share} * width - 8")
    chart: alt.Chart = (
        alt.Chart(alt.InlineData(rows))
        .mark_text(align=align, baseline="middle", fontSize=size, limit=limit, color=ink)
        .encode(x="x:Q", y="y:Q", text="name:N", tooltip=alt.Tooltip("name:N", title="Name"))
    )
    return chart


def _curve(number: int, link: Link, at: Mapping[str, float], group: str, centre: float) -> list[dict[str, Any]]:
    """Points of a curve from the left name to the right one, or from and to the hub in the middle."""
    middle = (LEFT_END + RIGHT_START) / 2
    start = (LEFT_END, at[link.left]) if link.left in at else (middle, centre)
    end = (RIGHT_START, at[link.right]) if link.right in at else (middle, centre)
    bend = (start[0] + end[0]) / 2
    shared = {"link": number, "strength": link.strength, "said": link.said, "group": group}
    points = (start, (bend, start[1]), (bend, end[1]), end)
    return [shared | {"step": step, "x": x, "y": y} for step, (x, y) in enumerate(points)]


def _beside(picture: Picture, right: Sequence[float]) -> list[float]:
    """The places of the left names: each in the middle of what it is linked to."""
    at = {node.id: y for node, y in zip(picture.right, right, strict=True)}
    linked = [[at[link.right] for link in picture.links if link.left == node.id] for node in picture.left]
    return [sum(places) / len(places) for places in linked]


def _places(count: int, lines: int) -> list[float]:
    """Where so many names stand on so many lines: spread evenly, a name a line at least."""
    if count <= 1:
        return [(lines - 1) / 2] * count
    return [number * (lines - 1) / (count - 1) for number in range(count)]


def _ratio_row(rank: int, one: CauseRatio) -> dict[str, Any]:
    return {
        "rank": rank,
        "name": one.name,
        "origin": one.origin,
        "ratio": one.ratio,
        "said": ratio_said(one.ratio),
        "here": percent(one.p_here),
        "elsewhere": "" if one.p_elsewhere is None else percent(one.p_elsewhere),
        "row": "own row" if one.own else "background",
        "own": one.own,
    }


def _ends(ratios: Sequence[float]) -> tuple[float, float]:
    """The ends of a logarithmic axis that takes in every ratio, one at least a third and three."""
    low, high = min([1 / 3, *ratios]), max([3.0, *ratios])
    return 10 ** (log10(low) - 0.05), 10 ** (log10(high) + 0.05)


def _by_origin(groups: Sequence[str]) -> alt.Color:
    return alt.Color("origin:N", scale=alt.Scale(domain=list(groups), range=list(COLOURS)), legend=None)
