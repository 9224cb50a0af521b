"""What causes are called: every name leads to its cause, several are all named, and none is guessed."""

from __future__ import annotations

import pytest

from tests.handmade import put, shipped, small_priors
from thighdx import Knowledge, UnknownNameError, explain, next_questions, sensitivity
from thighdx.causecard import cause_card
from thighdx.causenames import causes_called, causes_near, only_cause_called, unknown_cause
from thighdx.documents.causepage import cause_page
from thighdx.documents.causetext import cause_markdown
from thighdx.evaluation.labels import LABEL, read_labels
from thighdx.knowledge import build
from thighdx.links import around_cause
from thighdx.reading import document_of


def small() -> Knowledge:
    tables = small_priors()
    put(tables, "causes.tear.also_called", ["pulled muscle", "Weaver's bottom"])
    put(tables, "causes.root.also_called", ["pinched nerve", "nerve pull"])
    put(tables, "causes.ache.also_called", ["muscle pull"])
    return build(document_of(tables, "small"))


def test_every_cause_has_names_and_every_name_leads_to_its_cause_alone() -> None:
    content = shipped().content
    for cause, entry in content.causes.items():
        assert 2 <= len(entry.also_called) <= 6, cause
        for name in (cause, entry.name, *entry.also_called):
            assert causes_called(shipped(), name) == (cause,)


@pytest.mark.parametrize("word", ["weavers bottom", "WEAVER\u2019S BOTTOM", " weaver's-bottom ", "Weaver's_bottom"])
def test_spelling_that_says_the_same_is_the_same_name(word: str) -> None:
    assert causes_called(small(), word) == ("tear",)


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("pinched nerve", "'pinched nerve' is no id of a cause; use root (Root)"),
        ("Tear", "'Tear' is no id of a cause; use tear (Tear)"),
        ("pull", "'pull' is not a cause; nearest: ache (Ache) or root (Root)"),
        ("bottom", "'bottom' is not a cause; nearest: tear (Tear)"),
        ("pinched nerv", "'pinched nerv' is not a cause; nearest: root (pinched nerve)"),
        ("rooot", "'rooot' is not a cause; use tear, ache or root; nearest: root"),
        ("elbow", "'elbow' is not a cause; use tear, ache or root"),
        ("", "'' is not a cause; use tear, ache or root"),
        ("?!", "'?!' is not a cause; use tear, ache or root"),
    ],
)
def test_a_word_is_told_every_cause_it_may_mean(word: str, said: str) -> None:
    assert unknown_cause(small(), word) == said


@pytest.mark.parametrize(
    ("word", "cause"),
    [("Pinched-Nerve", "root"), ("Tear", "tear"), ("tear", None), ("elbow", None), ("pull", None), ("", None)],
)
def test_a_name_of_one_cause_is_that_cause(word: str, cause: str | None) -> None:
    assert only_cause_called(small(), word) == cause


def test_words_in_different_names_of_a_cause_mean_nothing_together() -> None:
    assert causes_near(small(), "weaver muscle") == ()


def test_all_that_takes_a_cause_says_the_same_of_a_common_name() -> None:
    case, word = {"onset": "sudden"}, "slipped disc"
    for asked in (
        lambda: cause_card(shipped(), word),
        lambda: around_cause(shipped(), word),
        lambda: explain(case, word, knowledge=shipped()),
        lambda: next_questions(case, goal=(word, "strain"), knowledge=shipped()),
        lambda: sensitivity(case, word, knowledge=shipped()),
    ):
        with pytest.raises(UnknownNameError, match=r"'slipped disc' is no id of a cause; use lumbar_radiculopathy \("):
            asked()
    (problem,) = read_labels(shipped(), {LABEL: [word]}, 1).problems
    assert "use lumbar_radiculopathy (" in problem.message


def test_the_card_and_the_page_show_what_a_cause_is_also_called() -> None:
    card = cause_card(shipped(), "plantaris_strain")
    assert "tennis leg" in card.also_called == shipped().content.causes["plantaris_strain"].also_called
    assert f"Also called {', '.join(card.also_called)}." in cause_markdown(cause_page(shipped(), "plantaris_strain"))
