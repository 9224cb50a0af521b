"""Charts of reasons: a row for each answer or question, and the numbers of the results."""

from __future__ import annotations

from typing import Any

import altair as alt
import pytest

from thighdx import explain, next_questions
from thighdx.charts import contribution_chart, question_chart

CASE = {"onset": "sudden", "pop_felt": "yes", "age": "31", "slump": "positive@0.8", "bruising": "no"}


def rows(chart: alt.LayerChart) -> list[dict[str, Any]]:
    (values,) = chart.to_dict()["datasets"].values()
    return list(values)


def test_contributions_are_drawn_in_their_order_and_sum_to_the_change() -> None:
    told = explain(CASE)
    found = rows(contribution_chart(told))
    assert [row["log_odds"] for row in found] == [one.log_odds for one in told.contributions]
    assert [row["direction"] for row in found] == [one.direction for one in told.contributions]


def test_the_smaller_contributions_are_drawn_together_and_none_is_lost() -> None:
    told = explain(CASE)
    found = rows(contribution_chart(told, most=2))
    assert len(found) == 3
    assert found[-1]["name"] == "3 more answers together"
    assert sum(row["log_odds"] for row in found) == pytest.approx(told.change, abs=1e-9)


@pytest.mark.parametrize("options", [{}, {"per": "minute"}, {"two_steps": True}])
def test_questions_are_drawn_by_what_they_are_ranked_by(options: dict[str, Any]) -> None:
    told = next_questions(CASE, most=5, **options)
    found = rows(question_chart(told, dark=True))
    values = [row["value"] for row in found]
    assert len(values) == 5
    assert values == sorted(values, reverse=True)
    assert [row["name"] for row in found] == [one.question for one in told.questions]


def test_nothing_to_draw_is_an_empty_chart() -> None:
    assert rows(contribution_chart(explain({}))) == []
    assert rows(question_chart(next_questions(CASE, most=0))) == []
