"""The charts of how sure a posterior is show the library's numbers."""

from __future__ import annotations

from typing import Any

import pytest

from thighdx import base_rate_curve, credible_intervals, load_knowledge, number_curve, sensitivity
from thighdx.charts_sure import curve_chart, interval_chart, tornado_chart

CASE = {"slump": "positive", "sit_bone_tenderness": "yes"}


def rows(spec: dict[str, Any]) -> list[list[dict[str, Any]]]:
    """Every table of data that the chart holds."""
    return list(spec["datasets"].values())


@pytest.mark.parametrize("dark", [False, True])
def test_the_interval_chart_has_a_dot_a_line_and_a_tick_for_each_cause(dark: bool) -> None:
    found = credible_intervals(CASE)
    spec = interval_chart(found, most=7, dark=dark).to_dict()
    shown = rows(spec)[0]
    assert [(row["name"], row["probability"], row["low"], row["high"], row["base_rate"]) for row in shown] == [
        (one.name, one.probability, one.low, one.high, one.base_rate) for one in found.causes[:7]
    ]
    assert [layer["mark"]["type"] for layer in spec["layer"]] == ["rule", "tick", "circle"]
    assert found.population in " ".join(spec["title"]["subtitle"])


def test_the_tornado_has_the_longest_bars_and_a_caption() -> None:
    found = sensitivity(CASE)
    spec = tornado_chart(found, most=5).to_dict()
    bars = next(data for data in rows(spec) if "end" in data[0])
    assert [row["to"] for row in bars] == [
        end for bar in found.influences[:5] for end in (bar.probability_low, bar.probability_high)
    ]
    assert {row["from"] for row in bars} == {found.probability}
    assert all(row["source"] for row in bars)
    caption = " ".join(spec["title"]["subtitle"])
    assert "95 % range" in caption
    assert "changes the leading cause" in caption


def test_the_curve_names_the_causes_that_lead_along_it() -> None:
    curve = base_rate_curve(CASE, "acute_hamstring")
    leads = {curve.causes[column] for column in curve.probability.argmax(axis=1).tolist()}
    lines = next(data for data in rows(curve_chart(curve).to_dict()) if "cause" in data[0])
    assert leads <= {row["cause"] for row in lines}
    assert len(lines) == 4 * len(curve.values)
    by_row = number_curve(CASE, "findings.slump.rows.lumbar_radiculopathy", points=5)
    assert by_row.causes == load_knowledge().causes
    assert curve_chart(by_row, most=2).to_dict()["title"]["text"]


def test_the_empty_case_can_be_drawn() -> None:
    assert rows(interval_chart(credible_intervals({})).to_dict())
    assert rows(tornado_chart(sensitivity({}, population="uniform")).to_dict())
