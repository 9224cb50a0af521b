"""Costs of findings in the priors: what may stand there, and what the shipped ones cover."""

from __future__ import annotations

import pytest

from tests.handmade import put, shipped, small_priors
from thighdx import KnowledgeError
from thighdx.knowledge import build
from thighdx.reading import document_of
from thighdx.reasoning.costs import finding_costs


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        ("costs.kinds.tests", {"minutes": 1, "estimate": "g"}, "'tests' is not a kind of finding"),
        ("costs.findings.slum", {"minutes": 1, "estimate": "g"}, "'slum' is not a finding; use .*nearest: slump"),
        ("costs.kinds.test", {"minutes": 1}, "where its minutes come from"),
        ("costs.kinds.test", {"minutes": 0, "estimate": "g"}, "greater than 0"),
        ("costs.kinds.test", {"minutes": 1, "sources": ["book"]}, "'book' is not a source"),
        ("costs.kinds.test", {"minute": 1, "estimate": "g"}, "'minute' is not a key here; use minutes.*"),
        ("thresholds.neutral_likelihood_ratio", 0.5, "greater than or equal to 1"),
        ("thresholds.fit_tail", 1.5, "less than or equal to 1"),
    ],
)
def test_faults_of_costs_and_thresholds_are_said(path: str, value: object, sentence: str) -> None:
    told = small_priors()
    put(told, path, value)
    with pytest.raises(KnowledgeError, match=sentence):
        build(document_of(told, "small"))


def test_every_shipped_question_and_test_has_minutes_and_every_priced_study_its_price() -> None:
    costs, content = finding_costs(shipped()), shipped().content
    for name, entry in content.findings.items():
        assert (costs[name].minutes is None) == (entry.kind == "imaging"), name
    for study in content.studies.values():
        for finding in study.findings:
            assert costs[finding].price_usd == study.price_usd


def test_minutes_that_no_document_counted_are_marked_as_estimates() -> None:
    costs = shipped().content.costs
    for cost in (*costs.kinds.values(), *costs.findings.values()):
        assert cost.sources or cost.estimate
