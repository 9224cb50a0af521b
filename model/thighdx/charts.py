"""Charts of what the model says, made with Altair, which only modules named charts import."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from math import prod
from typing import Any

import altair as alt

from thighdx.diagnosis import Share
from thighdx.reasoning.contributions import Explanation
from thighdx.reasoning.questions import NextQuestions, Question
from thighdx.wording import asked_and_said, percent

# Okabe and Ito's blue, orange and bluish green, the orange darker, so that each stands out 3 to 1 on white and on black
# and from the others for every kind of colour vision. Never red: that is for red flags.
COLOURS = ("#0072b2", "#c77700", "#009e73")
DATA = "shares"  # by name, so that charts of other shares differ in their data alone
ROW, AXIS = 37, 40  # pixels: a name with its bar below; the axis at the bottom
NUMBERS = 64  # pixels at the right end for the numbers
FONT = alt.expr("width < 400 ? 12 : 13")  # pixels; a phone is narrow
PERCENT_LABEL = "format(100 * datum.value, '.0f') + ' %'"
AXIS_ENDS = (0.25, 0.5, 1.0)  # few, so that bars keep their scale from answer to answer
INK = {False: {"text": "#31333f", "track": "#eef0f4"}, True: {"text": "#fafafa", "track": "#2b2e36"}}  # by dark theme


def share_chart(
    shares: Sequence[Share], *, groups: Sequence[str], about: Mapping[str, str] | None = None, dark: bool = False
) -> alt.LayerChart:
    """A bar for each probability and a tick at its base rate, in the order given.

    groups: ids of the origins, which give the colours; a share without an origin is one itself. about: id -> a
    sentence for the tooltip. dark: for a dark background.
    """
    chart = _chart(len(shares), axis_end(shares), tuple(groups), dark).copy(deep=False)
    chart["datasets"] = {DATA: chart_rows(shares, about or {})}
    return chart


@lru_cache(maxsize=64)
def _chart(count: int, end: float, groups: tuple[str, ...], dark: bool) -> alt.LayerChart:
    """The chart of `count` rows and an axis to `end`, without its data."""
    ink = INK[dark]
    length = alt.expr(f"max(width - {NUMBERS}, 0)")
    line: dict[str, Any] = {"yOffset": 9, "height": 9, "cornerRadius": 2}
    tooltip = [
        alt.Tooltip("name:N", title="Name"),
        alt.Tooltip("probability_text:N", title="Now"),
        alt.Tooltip("base_rate_text:N", title="Base rate"),
        alt.Tooltip("about:N", title="What it is"),
    ]
    x = alt.X(
        "probability:Q",
        title=None,
        scale=alt.Scale(domain=[0, end], range=[0, length], nice=False),
        axis=alt.Axis(grid=False, domain=False, ticks=False, tickCount=5, labelFlush=True, labelExpr=PERCENT_LABEL),
    )
    colour = alt.Color("group:N", scale=alt.Scale(domain=list(groups), range=list(COLOURS)), legend=None)
    rows = alt.Chart().encode(y=alt.Y("rank:O", axis=None, scale=alt.Scale(padding=0)), tooltip=tooltip)
    layers = [
        rows.mark_bar(color=ink["track"], **line).encode(x=alt.value(0), x2=alt.value(length)),
        rows.mark_bar(**line).encode(x=x, color=colour),
        rows.mark_tick(orient="vertical", thickness=2, size=17, yOffset=9, color=ink["text"]).encode(x="base_rate:Q"),
        rows.mark_text(align="left", dy=-8, fontSize=FONT, color=ink["text"], limit=alt.expr("width")).encode(
            x=alt.value(0), text="name:N"
        ),
        rows.mark_text(align="right", dy=9, fontSize=FONT, color=ink["text"], fontWeight="bold").encode(
            x=alt.value("width"), text="probability_text:N"
        ),
    ]
    chart = alt.LayerChart(layer=layers, data=alt.NamedData(DATA))
    return chart.properties(height=ROW * count + AXIS, width="container")


def chart_rows(shares: Sequence[Share], about: Mapping[str, str]) -> list[dict[str, Any]]:
    """The shares as the chart reads them: one row each, ranked as given."""
    return [
        {
            "rank": rank,
            "name": share.name,
            "group": share.origin or share.id,
            "probability": share.probability,
            "probability_text": percent(share.probability),
            "base_rate": share.base_rate,
            "base_rate_text": "none" if share.base_rate is None else percent(share.base_rate),
            "about": about.get(share.id, share.name),
        }
        for rank, share in enumerate(shares)
    ]


def axis_end(shares: Sequence[Share]) -> float:
    """The least of a few ends of the axis that takes in every bar and tick."""
    longest = max((max(share.probability, share.base_rate or 0.0) for share in shares), default=0.0)
    return next((end for end in AXIS_ENDS if longest <= end), AXIS_ENDS[-1])


def contribution_chart(explanation: Explanation, *, most: int | None = None, dark: bool = False) -> alt.LayerChart:
    """A bar for each answer's contribution in log-odds, the largest on top: right for the cause, left against it.

    most: only the so many largest; the others' sum is one more bar. dark: for a dark background.
    """
    rows = _contribution_rows(explanation, most)
    ink = INK[dark]
    end = max((abs(row["log_odds"]) for row in rows), default=1.0) or 1.0
    tooltip = [
        alt.Tooltip("name:N", title="Answer"),
        alt.Tooltip("log_odds:Q", title="Log-odds", format="+.3f"),
        alt.Tooltip("ratio:Q", title="Likelihood ratio", format=".3~g"),
        alt.Tooltip("decibans:Q", title="Decibans", format="+.1f"),
        alt.Tooltip("without:N", title="Probability without it"),
    ]
    x = alt.X(
        "log_odds:Q",
        title=f"against \N{LEFTWARDS ARROW} {explanation.cause_name} \N{RIGHTWARDS ARROW} for (log-odds)",
        scale=alt.Scale(domain=[-end, end], nice=False),
        axis=alt.Axis(grid=False, domain=False, tickCount=5, titleLimit=600),
    )
    colour = alt.Color(
        "direction:N",
        scale=alt.Scale(domain=["supports", "opposes", "neutral"], range=[COLOURS[0], COLOURS[1], "#8a8f9c"]),
        legend=None,
    )
    base = alt.Chart().encode(y=alt.Y("rank:O", axis=None, scale=alt.Scale(padding=0)), tooltip=tooltip)
    left = base.mark_text(align="left", dy=-8, fontSize=FONT, color=ink["text"], limit=alt.expr("width - 60"))
    right = base.mark_text(align="right", dy=-8, fontSize=FONT, color=ink["text"], fontWeight="bold")
    layers = [
        base.mark_bar(yOffset=9, height=9, cornerRadius=2).encode(x=x, color=colour),
        base.mark_tick(orient="vertical", thickness=2, size=17, yOffset=9, color=ink["text"]).encode(x=alt.datum(0)),
        left.encode(x=alt.value(0), text="name:N"),
        right.encode(x=alt.value("width"), text=alt.Text("log_odds:Q", format="+.2f")),
    ]
    chart = alt.LayerChart(layer=layers, data=alt.NamedData(DATA), datasets={DATA: rows})
    return chart.properties(height=ROW * len(rows) + AXIS, width="container")


def _contribution_rows(explanation: Explanation, most: int | None) -> list[dict[str, Any]]:
    shown = explanation.contributions if most is None else explanation.contributions[:most]
    rows = [
        {
            "rank": rank,
            "name": asked_and_said(one.question, one.label),
            "direction": one.direction,
            "log_odds": one.log_odds,
            "ratio": one.likelihood_ratio,
            "decibans": one.decibans,
            "without": percent(one.posterior_without),
        }
        for rank, one in enumerate(shown)
    ]
    others = explanation.contributions[len(shown) :]
    if others:
        total = sum(one.log_odds for one in others)
        rows.append(
            {
                "rank": len(rows),
                "name": f"{len(others)} more answers together",
                "direction": "neutral",
                "log_odds": total,
                "ratio": prod(one.likelihood_ratio for one in others),
                "decibans": sum(one.decibans for one in others),
                "without": "",
            }
        )
    return rows


def question_chart(asked: NextQuestions, *, dark: bool = False) -> alt.LayerChart:
    """A bar for each question, the best on top: what it is ranked by, in bits or in bits per unit of cost."""
    ink = INK[dark]
    rows = [_question_row(rank, one) for rank, one in enumerate(asked.questions)]
    end = max((row["value"] for row in rows), default=1.0) or 1.0
    unit = {None: "bits", "minute": "bits per minute", "dollar": "bits per 100 US dollars"}[asked.per]
    steps = " with the best next question" if asked.two_steps else ""
    x = alt.X(
        "value:Q",
        title=f"Expected gain{steps}, {unit}",
        scale=alt.Scale(domain=[0, end], nice=False),
        axis=alt.Axis(grid=False, domain=False, tickCount=4, titleLimit=600),
    )
    tooltip = [
        alt.Tooltip("name:N", title="Question"),
        alt.Tooltip("bits:Q", title="Bits", format=".3f"),
        alt.Tooltip("why:N", title="Why"),
    ]
    base = alt.Chart().encode(y=alt.Y("rank:O", axis=None, scale=alt.Scale(padding=0)), tooltip=tooltip)
    left = base.mark_text(align="left", dy=-8, fontSize=FONT, color=ink["text"], limit=alt.expr("width - 60"))
    right = base.mark_text(align="right", dy=-8, fontSize=FONT, color=ink["text"], fontWeight="bold")
    layers = [
        base.mark_bar(yOffset=9, height=9, cornerRadius=2, color=COLOURS[0]).encode(x=x),
        left.encode(x=alt.value(0), text="name:N"),
        right.encode(x=alt.value("width"), text=alt.Text("value:Q", format=".3f")),
    ]
    chart = alt.LayerChart(layer=layers, data=alt.NamedData(DATA), datasets={DATA: rows})
    return chart.properties(height=ROW * len(rows) + AXIS, width="container")


def _question_row(rank: int, one: Question) -> dict[str, Any]:
    value = one.bits if one.two_step_bits is None else one.two_step_bits
    if one.per_cost is not None:
        value = one.per_cost
    return {"rank": rank, "name": one.question, "value": value, "bits": one.bits, "why": one.why}
