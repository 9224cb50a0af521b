"""The posterior's own triage: mass on dangerous causes against thresholds; red flags stand beside it."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.handmade import Tables as Priors
from tests.handmade import drop, put, shipped, small_priors
from thighdx import Knowledge, KnowledgeError, diagnose, load_knowledge, score
from thighdx.knowledge import build
from thighdx.reading import document_of
from thighdx.triage import dangerous_mass, posterior_triage

PUBLISHED = Path(__file__).resolve().parents[1] / "analysis" / "cases" / "published.csv"


def knowledge_of(priors: Priors) -> Knowledge:
    return build(document_of(priors, "small"))


def three_dangerous() -> Priors:
    """root an emergency, tear urgent, ache harmless, with a rule for each urgency."""
    priors = small_priors()
    put(priors, "causes.root.urgency", "emergency")
    put(priors, "causes.tear.dangerous", True)
    put(priors, "causes.ache.urgency", "emergency")  # says nothing: it is not dangerous
    put(priors, "triage", {name: {"dangerous_mass": mass, "estimate": "a guess"} for name, mass in RULES.items()})
    return priors


RULES = {"emergency": 0.2, "urgent": 0.5, "soon": 0.1}


def by_definition(tear: float, root: float) -> str:
    masses = {"emergency": root, "urgent": root + tear, "soon": root + tear}
    return next((name for name, mass in masses.items() if mass >= RULES[name]), "routine")


@pytest.mark.parametrize("tear", [0, 0.05, 0.1, 0.25, 0.3, 0.5, 0.8])
@pytest.mark.parametrize("root", [0, 0.05, 0.19, 0.2])
def test_the_most_urgent_rule_whose_mass_is_reached(tear: float, root: float) -> None:
    knowledge = knowledge_of(three_dangerous())
    probability = np.array([[tear, 1 - tear - root, root]])
    rank = posterior_triage(knowledge, "clinic", probability)[0]
    assert list(knowledge.content.urgencies)[rank] == by_definition(tear, root)


def test_the_mass_of_an_urgency_holds_the_more_urgent_causes() -> None:
    mass = dangerous_mass(knowledge_of(three_dangerous()), np.array([[0.3, 0.5, 0.2]]))
    assert {name: float(each[0]) for name, each in mass.items()} == pytest.approx(
        {"emergency": 0.2, "urgent": 0.5, "soon": 0.5}
    )


def test_a_dangerous_cause_without_an_urgency_is_urgent(knowledge: Knowledge) -> None:
    assert knowledge.content.causes["root"].urgency == "urgent"


def test_where_there_is_no_posterior_there_is_no_verdict() -> None:
    rank = posterior_triage(shipped(), "over_60s", np.full((2, len(shipped().causes)), np.nan))
    assert rank.tolist() == [-1, -1]


def test_where_base_rates_are_a_convention_there_is_no_verdict() -> None:
    """The mass would be nobody's risk; the red flags stand."""
    told = diagnose({"d_dimer": "raised", "breathless_chest_pain": "yes"}, population="uniform")
    assert told.triage_posterior is None
    assert told.triage == "emergency"
    assert "convention" in told.triage_reasons[1]
    scored = score(pd.DataFrame({"d_dimer": ["raised"]}), population="uniform")
    assert scored["triage_posterior"].isna().all()
    assert scored["status"].tolist() == ["ok"]


def test_priors_without_rules_have_no_opinion() -> None:
    priors = small_priors()
    drop(priors, "triage")
    told = diagnose({"slump": "positive", "quality": "burning"}, knowledge=knowledge_of(priors))
    assert told.probability("root") > 0.5
    assert told.triage_posterior == "routine"
    assert len(told.triage_reasons) == 1


def test_red_flags_stand_whatever_the_posterior() -> None:
    told = diagnose({"breathless_chest_pain": "yes", "pop_felt": "yes", "bruising": "yes"})
    assert told.triage == "emergency"
    assert told.triage_posterior != "emergency"
    assert told.triage_reasons[0].startswith("emergency by red flag: Chest pain")


def test_the_mass_alone_can_ask_for_more_than_the_flags() -> None:
    told = diagnose({"d_dimer": "raised", "swelling": "thigh"}, population="over_60s")
    assert told.triage == "urgent"
    assert told.triage_posterior == "emergency"
    assert "Deep vein thrombosis" in told.triage_reasons[1]
    assert told.triage_reasons[1].endswith("emergency from 5.0\N{NO-BREAK SPACE}% on")


def test_a_routine_verdict_names_the_nearest_rule_and_its_mass() -> None:
    told = diagnose({"worse_sitting": "yes"})
    assert told.triage_reasons[0] == "routine: no red flag among the answers"
    assert told.triage_reasons[1].startswith("routine by probability: dangerous causes (urgency ")


def test_the_scored_table_has_the_verdict_beside_the_flags() -> None:
    frame = pd.DataFrame({"d_dimer": ["raised", "normal", "rised"], "swelling": ["thigh", "none", "thigh"]})
    scored = score(frame, population="over_60s")
    columns = scored.columns.tolist()
    assert columns[columns.index("triage") + 1] == "triage_posterior"
    assert scored["triage_posterior"].tolist()[:2] == ["emergency", "routine"]
    assert scored["triage_posterior"].isna().tolist() == [False, False, True]


def test_the_table_and_the_diagnosis_agree_on_published_cases() -> None:
    with PUBLISHED.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    answers = [{name: row[name] for name in ("age", *shipped().findings) if row.get(name)} for row in rows]
    scored = score(pd.DataFrame(rows).drop(columns=["diagnosis"]), population="primary_care_adults")
    told = [diagnose(case, population="primary_care_adults").triage_posterior for case in answers]
    assert scored["triage_posterior"].tolist() == told


@pytest.mark.parametrize("population", [name for name in load_knowledge().populations if name != "uniform"])
def test_base_rates_alone_are_no_emergency(population: str) -> None:
    """The thresholds leave room between what a population is and what its answers say."""
    assert diagnose({}, population=population).triage_posterior in {"routine", "soon"}


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        ("triage.hurry", {"dangerous_mass": 0.1, "estimate": "x"}, "'hurry' is not an urgency"),
        ("triage.routine", {"dangerous_mass": 0.1, "estimate": "x"}, "what a case is without any rule"),
        ("triage.urgent", {"dangerous_mass": 0.1}, "by `sources` or `estimate`"),
        ("triage.urgent", {"dangerous_mass": 0, "estimate": "x"}, "triage.urgent.dangerous_mass"),
        ("triage.urgent", {"dangerous_mass": 0.1, "sources": ["nobook"]}, "'nobook' is not a source"),
        ("two_causes", {"rate": 0.1, "unexplained": 0.1}, "by `sources` or `estimate`"),
        ("two_causes.rate", 1, "two_causes.rate"),
        ("causes.root.urgency", "now", "causes.root.urgency"),
    ],
)
def test_faults_of_the_rules_are_said(path: str, value: object, sentence: str) -> None:
    priors = small_priors()
    put(priors, path, value)
    with pytest.raises(KnowledgeError) as error:
        knowledge_of(priors)
    assert sentence in str(error.value)
