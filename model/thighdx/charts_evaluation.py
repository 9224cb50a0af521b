"""Charts of how good the model is and what its parts earn, made with Altair, for notebooks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt

from thighdx.audit import AuditedCombination
from thighdx.charts import COLOURS, INK
from thighdx.evaluation.compare import Comparison
from thighdx.evaluation.results import Calibration, Estimate, Stage
from thighdx.evaluation.text import KNOWN

ROW = 24  # pixels a line
NAMES = 330  # pixels of the longest name
PERCENT = alt.Axis(format=".0%")
WHOLE = alt.Scale(domain=[0, 1])
INTERVAL: dict[str, Any] = {"strokeWidth": 3.0, "opacity": 0.45}


def reliability_chart(calibration: Calibration, *, dark: bool = False) -> alt.LayerChart:
    """How often the leading cause was the true one, by the probability it was given: on the line is honest.

    A point is a tenth of the scale, its area the number of cases, its line Wilson's 95 % interval.
    """
    rows = [
        {"forecast": one.forecast, "share": one.share.value, **_ends(one.share), "cases": one.count}
        for one in calibration.curve
        if one.count
    ]
    base = alt.Chart(alt.InlineData(rows)).encode(
        x=alt.X("forecast:Q", axis=PERCENT, scale=WHOLE, title="probability given to the leading cause"),
        tooltip=["cases:Q", alt.Tooltip("forecast:Q", format=".1%"), alt.Tooltip("share:Q", format=".1%")],
    )
    diagonal = alt.Chart(alt.InlineData([{"at": 0.0}, {"at": 1.0}]))
    share = alt.Y("share:Q", axis=PERCENT, scale=WHOLE, title="share in which it was true")
    layers = [
        diagonal.mark_line(strokeDash=[4, 3], color=INK[dark]["text"]).encode(x="at:Q", y="at:Q"),
        base.mark_rule(color=COLOURS[0], **INTERVAL).encode(y="low:Q", y2="high:Q"),
        base.mark_circle(color=COLOURS[0], opacity=1).encode(
            y=share, size=alt.Size("cases:Q", legend=None, scale=alt.Scale(range=[40, 300]))
        ),
    ]
    error, chance = calibration.error, calibration.if_calibrated
    said = [f"Mean distance from the dashed line (calibration error): {_points(error)}."]
    if chance is not None and calibration.p_value is not None:
        said.append(f"By chance alone, were every probability right: {_points(chance)}; p = {calibration.p_value:.2f}.")
    return _titled(layers, "When it says so many percent, how often is it right?", said, (420, 330))


def stages_chart(stages: Sequence[Stage], *, dark: bool = False) -> alt.LayerChart:
    """Share of cases with the true cause leading, and among the first three, as a visit goes on; 95 % intervals."""
    names = {"top_1": "leads", "top_3": "among the first three"}
    order = [f"{KNOWN.get(stage.id, stage.id)} ({stage.answers:.0f} answers)" for stage in stages]
    rows = [
        {"known": name, "which": said, "share": one.value, **_ends(one)}
        for name, stage in zip(order, stages, strict=True)
        for key, said in names.items()
        for one in [getattr(stage.scores, key)]
    ]
    which = list(names.values())
    base = alt.Chart(alt.InlineData(rows)).encode(
        x=alt.X("known:N", sort=order, title=None, axis=alt.Axis(labelAngle=0, labelLimit=200)),
        xOffset=alt.XOffset("which:N", sort=which),
        color=alt.Color(
            "which:N",
            title="the true cause",
            sort=which,
            scale=alt.Scale(domain=which, range=list(COLOURS[:2])),
            legend=alt.Legend(orient="bottom", symbolOpacity=1),
        ),
    )
    share = alt.Y("share:Q", axis=PERCENT, scale=WHOLE, title="share of cases")
    layers = [
        base.mark_rule(**INTERVAL).encode(y="low:Q", y2="high:Q"),
        base.mark_point(filled=True, size=90, opacity=1).encode(
            y=share, shape=alt.Shape("which:N", sort=which, legend=None)
        ),
    ]
    said = ["Findings of later kinds hidden. Lines: 95 % intervals over the cases."]
    return _titled(layers, "As a case unfolds", said, (560, 300), dark=dark)


def earned_chart(comparison: Comparison, *, dark: bool = False) -> alt.LayerChart:
    """What the first contender earns over each other, in mean log score, with paired 95 % intervals.

    Right of the rule the first is better; a line that crosses it leaves open which.
    """
    first, *others = comparison.contenders
    rows = [{"name": one.name, "earned": one.earned.log_score.value, **_ends(one.earned.log_score)} for one in others]
    for row in rows:
        clear = row["low"] > 0 or row["high"] < 0
        row["told"] = "worse" if row["low"] > 0 else "better" if clear else "not told apart"
    words = ["worse", "not told apart", "better"]
    base = alt.Chart(alt.InlineData(rows)).encode(
        y=alt.Y("name:N", sort=[row["name"] for row in rows], title=None, axis=alt.Axis(labelLimit=NAMES)),
        color=alt.Color(
            "told:N",
            sort=words,
            title=f"than {first.name[0].lower()}{first.name[1:]}",
            scale=alt.Scale(domain=words, range=[COLOURS[0], "#8a8f9c", COLOURS[1]]),
            legend=alt.Legend(orient="bottom", symbolOpacity=1),
        ),
        tooltip=["name:N", *(alt.Tooltip(f"{name}:Q", format="+.3f") for name in ("earned", "low", "high"))],
    )
    none = alt.Chart(alt.InlineData([{"at": 0.0}]))
    lost = alt.X(
        "earned:Q",
        title="mean log score lost (nats a case)",
        scale=alt.Scale(nice=False, padding=12),
        axis=alt.Axis(tickCount=6, labelFlush=False),
    )
    layers = [
        none.mark_rule(strokeDash=[4, 3], color=INK[dark]["text"]).encode(x="at:Q"),
        base.mark_rule(**INTERVAL).encode(x="low:Q", x2="high:Q"),
        base.mark_circle(size=90, opacity=1).encode(x=lost),
    ]
    said = [f"{comparison.cases} cases, population {comparison.population}. Lines: paired 95 % bootstrap intervals."]
    return _titled(
        layers, f"What is lost against {first.name[0].lower()}{first.name[1:]}", said, (420, ROW * len(rows))
    )


def combination_chart(combinations: Sequence[AuditedCombination], *, dark: bool = False) -> alt.LayerChart:
    """Likelihood ratio of several findings together: in the model, as the product of the single ones, as published.

    A published kappa is no ratio and is left out. Logarithmic.
    """
    words = ["product of the single ratios", "together, in the model", "published"]
    rows: list[dict[str, Any]] = []
    for one in combinations:
        values = [one.product, one.joint, one.value if one.measure == "likelihood_ratio" else None]
        rows += [
            {"name": one.name, "which": word, "ratio": value}
            for word, value in zip(words, values, strict=True)
            if value is not None
        ]
    names = [one.name for one in combinations]
    base = alt.Chart(alt.InlineData(rows)).encode(
        y=alt.Y("name:N", sort=names, title=None, axis=alt.Axis(labelLimit=NAMES + 60)),
    )
    ends = alt.Chart(
        alt.InlineData([{"name": one.name, "joint": one.joint, "product": one.product} for one in combinations])
    )
    scale = alt.Scale(type="log", nice=False)
    layers = [
        ends.mark_rule(color=INK[dark]["text"], opacity=0.35).encode(
            y=alt.Y("name:N", sort=names), x="joint:Q", x2="product:Q"
        ),
        base.mark_point(filled=True, size=100, opacity=1).encode(
            x=alt.X("ratio:Q", scale=scale, title="likelihood ratio (logarithmic)"),
            color=alt.Color(
                "which:N",
                title=None,
                sort=words,
                scale=alt.Scale(domain=words, range=[COLOURS[1], COLOURS[0], COLOURS[2]]),
                legend=alt.Legend(orient="bottom", labelLimit=260),
            ),
            shape=alt.Shape(
                "which:N", sort=words, scale=alt.Scale(domain=words, range=["circle", "square", "triangle-up"])
            ),
        ),
    ]
    said = [
        "The line is the evidence that would be counted twice. Published values stand against look-alikes,",
        "the model's against all other causes.",
    ]
    return _titled(
        layers, "Are several positive findings as much as their product?", said, (360, ROW * 1.3 * len(names))
    )


def _ends(one: Estimate) -> dict[str, Any]:
    """The interval of an estimate; a point where it has none."""
    return {"low": one.value if one.low is None else one.low, "high": one.value if one.high is None else one.high}


def _points(one: Estimate) -> str:
    value = 0.0 if one.value is None else one.value
    return f"{value:.1%}" + ("" if one.low is None else f" ({one.low:.1%} to {one.high:.1%})")


def _titled(
    layers: list[Any], title: str, said: list[str], size: tuple[float, float], *, dark: bool = False
) -> alt.LayerChart:
    name = alt.TitleParams(title, subtitle=said, anchor="start", frame="group", subtitlePadding=6)
    if dark:
        name.color = INK[dark]["text"]
    width, height = size
    return alt.LayerChart(layer=layers).properties(title=name, width=width, height=height)
