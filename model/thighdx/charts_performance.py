"""Charts of how good the model is, made with Altair."""

from __future__ import annotations

from typing import Any

import altair as alt

from thighdx.charts import COLOURS, INK
from thighdx.evaluation.performance import Measure, Performance
from thighdx.wording import percent

LEADS, FIRST = "true cause leads", "among the first three"
STEP = 46  # pixels of a stage
CURVE = 260  # pixels of the reliability curve


def stage_chart(found: Performance, names: dict[str, str], *, dark: bool = False) -> alt.LayerChart:
    """How often the true cause leads, and is among the first three, as a visit unfolds; lines are 95 % intervals."""
    rows = [
        {"stage": names[stage.id], "what": what, "shape": what} | _ends(measure)
        for stage in found.stages
        for what, measure in ((LEADS, stage.leads), (FIRST, stage.first_three))
    ]
    order = [names[stage.id] for stage in found.stages]
    ink = INK[dark]["text"]
    axis: dict[str, Any] = {"labelColor": ink, "domain": False, "ticks": False, "labelFontSize": 13}
    y = alt.Y(
        "stage:N",
        sort=order,
        title=None,
        scale=alt.Scale(paddingInner=0.5, paddingOuter=0.25),
        axis=alt.Axis(labelLimit=150, **axis),
    )
    colour = alt.Color(
        "what:N",
        title=None,
        sort=[LEADS, FIRST],
        scale=alt.Scale(domain=[LEADS, FIRST], range=[COLOURS[0], COLOURS[1]]),
        legend=alt.Legend(orient="top", labelColor=ink, labelFontSize=13, labelLimit=300),
    )
    scale = alt.Scale(domain=[0, 1])
    x = alt.X("value:Q", title=None, scale=scale, axis=alt.Axis(format=".0%", tickCount=5, **axis))
    tooltip = [alt.Tooltip("stage:N"), alt.Tooltip("what:N"), alt.Tooltip("said:N", title="Share")]
    base = alt.Chart(alt.InlineData(rows)).encode(y=y, yOffset=alt.YOffset("what:N", sort=[LEADS, FIRST]), color=colour)
    base = base.encode(tooltip=tooltip)
    layers = [
        base.mark_rule(strokeWidth=3, opacity=0.5).encode(x=alt.X("low:Q", scale=scale), x2="high:Q"),
        base.mark_point(size=90, filled=True, opacity=1).encode(
            x=x, shape=alt.Shape("what:N", sort=[LEADS, FIRST], legend=None)
        ),
    ]
    return alt.LayerChart(layer=layers).properties(height=STEP * len(order), width="container")


def reliability_chart(found: Performance, *, dark: bool = False) -> alt.LayerChart:
    """Of cases whose leading cause was given a probability, the share in which it was right; a point a bin."""
    ink = INK[dark]["text"]
    rows = [{"forecast": one.forecast, "count": one.count} | _ends(one.share) for one in found.curve]
    axis: dict[str, Any] = {"format": ".0%", "labelColor": ink, "titleColor": ink, "tickCount": 5, "titleLimit": 400}
    scale = alt.Scale(domain=[0, 1])
    x = alt.X("forecast:Q", title="Probability given to the leading cause", scale=scale, axis=alt.Axis(**axis))
    y = alt.Y("value:Q", title="It was the true cause", scale=scale, axis=alt.Axis(**axis))
    tooltip = [
        alt.Tooltip("forecast:Q", title="Given", format=".0%"),
        alt.Tooltip("said:N", title="Right"),
        alt.Tooltip("count:Q", title="Cases"),
    ]
    base = alt.Chart(alt.InlineData(rows)).encode(x=x, tooltip=tooltip)
    right = alt.Chart(alt.InlineData([{"x": 0, "y": 0}, {"x": 1, "y": 1}]))
    layers = [
        right.mark_line(color=ink, strokeDash=[4, 4], opacity=0.6).encode(x="x:Q", y="y:Q"),
        base.mark_rule(strokeWidth=2, opacity=0.5, color=COLOURS[0]).encode(y=alt.Y("low:Q", scale=scale), y2="high:Q"),
        base.mark_circle(color=COLOURS[0], opacity=1).encode(
            y=y, size=alt.Size("count:Q", scale=alt.Scale(domain=[0, found.cases], range=[30, 600]), legend=None)
        ),
    ]
    return alt.LayerChart(layer=layers).properties(height=CURVE, width="container")


def _ends(measure: Measure) -> dict[str, Any]:
    """Value and interval; where there is no interval its ends are the value."""
    value = measure.value
    low = value if measure.low is None else measure.low
    high = value if measure.high is None else measure.high
    return {"value": value, "low": low, "high": high, "said": "" if value is None else percent(value)}
