"""The model card: its template is whole, its figures are those of the priors, the audit and the measurements."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

from tests.handmade import shipped, small_priors
from thighdx import __version__
from thighdx.audit import audit
from thighdx.documents.markup import as_html
from thighdx.documents.modelcard import ModelCard, model_card
from thighdx.documents.modelcardtext import SHOWN, STALE, card_markdown
from thighdx.documents.template import Shown, card_template
from thighdx.knowledge import build
from thighdx.reading import document_of

ROOT = Path(__file__).resolve().parents[1]
CARD = model_card(shipped())
TEXT = card_markdown(CARD)

# Coalition for Health AI, applied model card, schema v0.2: the elements a card must have, by the words it uses.
CHAI = {
    "ModelName": "Name, version, licence",
    "ReleaseStage": "Stage, approval, availability",
    "Summary": "What it does",
    "IntendedUseAndWorkflow": "Intended use and workflow",
    "PrimaryIntendedUsers": "Primary intended users",
    "HowToUse": "How to use it",
    "TargetedPatientPopulation": "Targeted patient population",
    "CautionedOutOfScopeSettings": "Cautioned and out-of-scope settings",
    "KnownRisksAndLimitations": "Known risks and limitations",
    "KnownBiasesOrEthicalConsiderations": "Known biases and ethical considerations",
    "ClinicalRiskLevel": "Clinical risk level",
    "OutcomesAndOutputs": "Outcome and output",
    "ModelType": "Model type and inference",
    "InputDataSource": "Predictors and missing answers",
    "DevelopmentDataCharacterization": "Development data: the evidence base",
    "BiasMitigationApproaches": "Bias mitigation",
    "OngoingMaintenance": "Ongoing maintenance",
    "Security": "Security and privacy",
    "FundingSource": "Funding, interests, ethics, registration",
    "StakeholdersConsulted": "Stakeholders consulted",
    "UsefulnessUsabilityEfficacy": "Key metrics: usefulness and efficacy",
    "FairnessEquity": "Key metrics: fairness and equity",
    "SafetyReliability": "Key metrics: safety and reliability",
    "Resources": "Resources",
}
# TRIPOD+AI, Collins et al. 2024: 27 items, some with lettered parts.
TRIPOD = {1, 2, 4, 7, 10, 11, 13, 14, 15, 16, 17, 19, 21, 22, 24, 25, 26}
LETTERED = {
    3: "abc",
    5: "ab",
    6: "abc",
    8: "abc",
    9: "abc",
    12: "abcdefg",
    18: "abcdef",
    20: "abc",
    23: "ab",
    27: "abc",
}
ITEMS = {str(item) for item in TRIPOD} | {f"{item}{letter}" for item, letters in LETTERED.items() for letter in letters}
# Follow-up and treatment are of prognosis; no one judged an outcome blindly; there was no second data set to compare.
NOT_FITTING = {"5b", "6c", "8b", "8c", "9c", "12f", "20c"}


@pytest.mark.parametrize("heading", CHAI.values())
def test_every_element_of_the_applied_model_card_has_its_heading(heading: str) -> None:
    assert re.search(rf"^##+ {re.escape(heading)}( |$)", TEXT, re.M)


def test_the_items_named_are_those_of_tripod_ai_that_fit() -> None:
    named = {item for section in CARD.sections for part in section.parts for item in part.tripod}
    assert named == ITEMS - NOT_FITTING


def test_everything_that_can_be_shown_is_shown_once() -> None:
    shown = [name for section in CARD.sections for part in section.parts for name in part.shows]
    assert sorted(shown) == sorted(get_args(Shown)) == sorted(SHOWN)


def test_subgroups_are_findings() -> None:
    assert set(card_template().subgroups) <= set(shipped().findings)


def test_no_figure_is_written_into_the_words() -> None:
    """Numbers come from data: the template's prose names none but those of its standards and examples."""
    for section in CARD.sections:
        for part in section.parts:
            for words in (*part.text, *part.points):
                assert not re.search(r"\b\d+ (causes|findings|cases|figures|sources|populations)\b", words)


def test_the_counts_are_those_of_the_priors() -> None:
    figures, content = CARD.figures, shipped().content
    assert figures.counts["causes"] == len(content.causes)
    assert {one.id for one in figures.causes if one.dangerous} == {
        name for name, entry in content.causes.items() if entry.dangerous
    }
    stated = [row for entry in content.findings.values() for row in (entry.background, *entry.rows.values())]
    stated += [row for entry in content.mechanisms.values() for row in (entry.background, *entry.rows.values())]
    counted = [row for kind in figures.evidence.kinds for row in kind.rows]
    assert sum(row.rows for row in counted) == len(stated)
    assert sum(row.rows for row in counted if row.published) == sum(row.estimate is None for row in stated)
    assert sum(row.rows * row.weight for row in counted) == pytest.approx(sum(row.weight for row in stated))
    assert sum(figures.evidence.sources.values()) == len(content.sources)
    assert f"{len(content.findings)} findings" in TEXT


def test_the_audit_is_the_audits_own() -> None:
    found = audit(shipped())
    assert [one.figure for one in CARD.figures.audit.outside] == [one.figure for one in found.outside]
    assert CARD.figures.audit.unexplained == found.unexplained
    outside = [one.name for one in found.combinations if one.outside]
    assert [one.name for one in CARD.figures.audit.combinations_outside] == outside
    for one in found.outside:
        assert one.because is None or " ".join(one.because.split())[:20] in TEXT.replace("\\", "")


def test_every_population_is_told_with_its_shares() -> None:
    for name, entry in shipped().content.populations.items():
        (said,) = [one for one in CARD.figures.populations if one.id == name]
        assert (said.origins == ()) == (entry.origins is None)
        assert sum(one.share for one in said.origins) == pytest.approx(1.0 if said.origins else 0.0)


def test_figures_of_other_priors_are_marked_wherever_they_stand() -> None:
    knowledge = build(document_of(small_priors(), "small"))
    other = model_card(knowledge)
    assert not other.figures.measured_on_these
    assert card_markdown(other).count(STALE) == sum(
        len(set(part.shows) & {"by_stage", "calibration", "simulated", "danger", "subgroups", "misses"})
        for section in other.sections
        for part in section.parts
    )
    with_others = replace(CARD, figures=replace(CARD.figures, measured_on_these=True))
    assert STALE not in card_markdown(with_others)


def test_the_card_goes_to_json_and_html() -> None:
    said = json.loads(json.dumps(CARD.to_dict(), allow_nan=False))
    assert said["figures"]["priors_digest"] == shipped().digest
    assert len(said["sections"]) == len(CARD.sections)
    html = as_html(TEXT, CARD.title)
    assert "<script" not in html
    assert "Not a medical device" in html
    assert __version__ in html


def test_the_committed_card_is_that_of_todays_priors() -> None:
    """When this fails: make documents."""
    assert isinstance(CARD, ModelCard)
    assert CARD.figures.measured_on_these, "run: make documents"
    assert (ROOT / "docs" / "model-card.md").read_text(encoding="utf-8") == TEXT, "run: make documents"
