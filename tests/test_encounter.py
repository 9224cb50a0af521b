"""The questions in the order of a visit: every one in one group, found by a word, the most telling first."""

from __future__ import annotations

import pytest

from thighdx import Knowledge, KnowledgeError, load_knowledge
from thighdx.encounter import bedside_kinds, found_by_word, most_telling_first, question_groups


@pytest.fixture(scope="module")
def shipped() -> Knowledge:
    return load_knowledge()


def test_every_question_is_in_exactly_one_group(shipped: Knowledge) -> None:
    asked = [finding for group in question_groups(shipped) for finding in group.findings]
    assert sorted(asked) == sorted(shipped.findings)
    assert len(set(asked)) == len(asked)


def test_groups_go_as_a_visit_goes(shipped: Knowledge) -> None:
    names = [group.name for group in question_groups(shipped)]
    assert names == ["Who", "Onset", "Pain", "What brings it on", "Look and feel", "Tests", "Studies"]


def test_priors_without_groups_have_one_for_each_kind(knowledge: Knowledge) -> None:
    assert not knowledge.content.groups
    groups = question_groups(knowledge)
    assert sorted(finding for group in groups for finding in group.findings) == sorted(knowledge.findings)
    for group in groups:
        assert {knowledge.content.findings[finding].kind for finding in group.findings} == {group.id}


def test_a_question_in_two_groups_or_in_none_that_exists_is_a_fault(shipped: Knowledge) -> None:
    twice = {"groups": {"tests": {"findings": ["onset", "onsett"], "kinds": ["test", "sign"]}}}
    with pytest.raises(KnowledgeError) as caught:
        shipped.with_overlay(twice)
    said = [str(fault) for fault in caught.value.faults]
    assert len(said) == 3
    assert any("'onsett' is not a finding" in one and "nearest: onset" in one for one in said)
    assert any("'onset' is in group 'onset' too" in one for one in said)
    assert any("'sign' is in group 'look_and_feel' too" in one for one in said)


def test_a_word_finds_what_is_asked_first_and_then_what_is_said_of_it(shipped: Knowledge) -> None:
    found = found_by_word(shipped, "NUMB")
    entries = shipped.content.findings
    inside = ["numb" in entries[finding].question.casefold() for finding in found]
    assert inside == sorted(inside, reverse=True)
    assert any(inside)
    for finding in found:
        entry = entries[finding]
        assert "numb" in f"{entry.question} {entry.labels} {entry.judge} {finding}".casefold()
    assert found_by_word(shipped, "  ") == ()
    assert found_by_word(shipped, "nosuchword") == ()
    assert set(found_by_word(shipped, "mri hip")) <= set(found_by_word(shipped, "hip"))


def test_the_most_telling_come_first_and_the_answered_last() -> None:
    assert most_telling_first(("a", "b", "c", "d"), {"b": 0.1, "d": 0.4}) == ("d", "b", "a", "c")


def test_what_is_had_at_the_bedside_is_all_but_studies(shipped: Knowledge) -> None:
    studies = {entry.kind for entry in shipped.content.findings.values()} - set(bedside_kinds())
    assert studies == {"imaging"}
