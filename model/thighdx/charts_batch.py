"""Charts of a scored table, made with Altair: what leads, how urgent, how sure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from thighdx.charts import COLOURS, FONT, INK, ROW
from thighdx.scoring.overview import BINS, Counted, Overview
from thighdx.wording import percent

# Okabe and Ito's, from pressing to quiet; the name stands beside each bar, so that colour is never all there is.
URGENCY_COLOURS = {"emergency": "#b3261e", "urgent": "#c77700", "soon": "#0072b2", "routine": "#7d8290"}
BARS = 150  # pixels high, of the histogram
MARGIN = 14  # pixels; a page that fits a chart into its height takes so much from the rows


def counted_chart(
    counted: Sequence[Counted], *, colours: Mapping[str, str] | None = None, dark: bool = False
) -> alt.LayerChart:
    """A bar for each count, in the order given, with the number of rows and their share at its end.

    colours: id -> colour; without it all bars have one.
    """
    ink = INK[dark]
    rows = [
        {
            "rank": rank,
            "name": one.name,
            "rows": one.rows,
            "said": f"{one.rows:,} ({percent(one.share)})",
            "colour": (colours or {}).get(one.id, COLOURS[0]),
        }
        for rank, one in enumerate(counted)
    ]
    end = max((one.rows for one in counted), default=1) or 1
    tooltip = [alt.Tooltip("name:N", title="Name"), alt.Tooltip("said:N", title="Rows")]
    base = alt.Chart(alt.InlineData(rows)).encode(y=alt.Y("rank:O", axis=None, scale=alt.Scale(padding=0)))
    base = base.encode(tooltip=tooltip)
    line: dict[str, Any] = {"yOffset": 9, "height": 9, "cornerRadius": 2}
    x = alt.X("rows:Q", axis=None, scale=alt.Scale(domain=[0, end], nice=False))
    layers = [
        base.mark_bar(color=ink["track"], **line).encode(x=alt.value(0), x2=alt.value("width")),
        base.mark_bar(**line).encode(x=x, color=alt.Color("colour:N", scale=None)),
        base.mark_text(align="left", dy=-8, fontSize=FONT, color=ink["text"], limit=alt.expr("width - 100")).encode(
            x=alt.value(0), text="name:N"
        ),
        base.mark_text(align="right", dy=-8, fontSize=FONT, color=ink["text"], fontWeight="bold").encode(
            x=alt.value("width"), text="said:N"
        ),
    ]
    return alt.LayerChart(layer=layers).properties(height=ROW * len(rows) + MARGIN, width="container")


def sureness_chart(found: Overview, *, dark: bool = False) -> alt.LayerChart:
    """How many rows have their leading cause at which probability, in ten equal bins."""
    ink = INK[dark]
    rows = [
        {"low": number / BINS, "high": (number + 1) / BINS, "rows": count, "said": f"{count:,}" if count else ""}
        for number, count in enumerate(found.sureness)
    ]
    x = alt.X(
        "low:Q",
        title="Probability of the leading cause",
        scale=alt.Scale(domain=[0, 1], nice=False),
        axis=alt.Axis(format=".0%", grid=False, values=[0, 0.2, 0.4, 0.6, 0.8, 1], labelFlush=True, titleLimit=400),
    )
    y = alt.Y("rows:Q", axis=None, scale=alt.Scale(domain=[0, max([1, *found.sureness]) * 1.15], nice=False))
    tooltip = [
        alt.Tooltip("low:Q", title="From", format=".0%"),
        alt.Tooltip("high:Q", title="To", format=".0%"),
        alt.Tooltip("rows:Q", title="Rows"),
    ]
    base = alt.Chart(alt.InlineData(rows)).encode(tooltip=tooltip)
    bars = base.mark_bar(color=COLOURS[0], binSpacing=1).encode(x=x.bin("binned"), x2="high:Q", y=y)
    text = base.transform_calculate(middle="(datum.low + datum.high) / 2").mark_text(
        dy=-7, fontSize=FONT, color=ink["text"]
    )
    return alt.LayerChart(layer=[bars, text.encode(x=alt.X("middle:Q"), y=y, text="said:N")]).properties(
        height=BARS, width="container"
    )
