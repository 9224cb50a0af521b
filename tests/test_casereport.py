"""The report of a case and the file it is taken up from: what is in them, what is not, and what is refused."""

from __future__ import annotations

import json
import re
import zlib
from html import unescape
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thighdx import CaseError, Knowledge, KnowledgeError, credible_intervals, diagnose, load_knowledge
from thighdx.casereport.bars import Bar, bars_html, bars_of, contributions_html, moved
from thighdx.casereport.compare import differences, in_population, with_answer, without_kind
from thighdx.casereport.content import answered, case_report, recovery_by_grade
from thighdx.casereport.html import report_html
from thighdx.casereport.pdf import latin, report_pdf
from thighdx.casereport.saved import (
    LARGEST,
    Situation,
    in_force,
    link_text,
    plain_cells,
    read_link,
    read_saved,
    rescaled,
    saved_case,
)
from thighdx.wording import percent

CASE = {"onset": "sudden", "pop_felt": "yes@0.8", "weakness": "some|marked", "saddle_numbness": "yes"}
SHARES = {"non_hamstring": 0.3, "hamstring_irritation": 0.3, "acute_hamstring": 0.4}


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    return load_knowledge()


@pytest.fixture(scope="module")
def situation() -> Situation:
    return Situation(CASE, "distance_runners", SHARES)


def test_a_saved_case_comes_back_as_it_was(knowledge: Knowledge, situation: Situation) -> None:
    saved = read_saved(saved_case(situation, knowledge.digest).encode(), knowledge)
    assert saved.situation == situation
    assert not saved.notes
    again = read_saved(case_report(knowledge, situation).to_json().encode(), knowledge)
    assert again.situation == situation


def test_a_link_holds_the_case_and_nothing_is_taken_from_a_bad_one(knowledge: Knowledge, situation: Situation) -> None:
    text = link_text(situation, knowledge.digest)
    assert re.fullmatch(r"[A-Za-z0-9_-]+", text)
    assert read_link(text, knowledge).situation == situation
    for bad in ("", "!", "é", text[:-9], "AAAA"):
        with pytest.raises(CaseError):
            read_link(bad, knowledge)


def test_a_case_saved_with_other_numbers_says_so(knowledge: Knowledge, situation: Situation) -> None:
    file = json.loads(saved_case(situation, "another digest")) | {"model_version": "0.0.0"}
    notes = " ".join(read_saved(json.dumps(file).encode(), knowledge).notes)
    assert "other priors" in notes
    assert "0.0.0" in notes


def test_a_number_stands_for_its_state_and_what_says_nothing_goes(knowledge: Knowledge) -> None:
    assert plain_cells(knowledge, {"age": 31, "sex": "male|female", "onset": " "}) == {"age_group": "18_39"}


def test_every_fault_of_a_file_is_said_at_once(knowledge: Knowledge) -> None:
    file = {"thighdx_case": 1, "answers": {"onset": "suden", "onst": "sudden"}, "population": "distance_runnerz"}
    with pytest.raises(CaseError) as caught:
        read_saved(json.dumps(file).encode(), knowledge)
    said = str(caught.value)
    assert len(caught.value.faults) == 3
    assert all(word in said for word in ("'suden'", "'onst'", "nearest: distance_runners"))


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "not a case"),
        (b"\xff\xfe\x00", "not a case"),
        (b"[" * 100_000, "not a case"),
        (b"[1]", "Input should be"),
        (b'{"thighdx_case": 2, "answers": {}, "population": "uniform"}', "thighdx_case"),
        (b'{"thighdx_case": 1, "answers": {"onset": 3}, "population": "uniform"}', "answers.onset"),
        (b'{"thighdx_case": 1, "answers": {}, "population": "distance_runners", "origins": {"x": NaN}}', "NaN"),
        (b'{"thighdx_case": 1, "answers": {}, "population": "distance_runners", "origins": {"x": 1}}', "origins.x"),
        (b'{"thighdx_case": 1, "answers": {}, "population": "uniform", "origins": {}}', "outright"),
        (b" " * (LARGEST + 1), "at most"),
    ],
)
def test_what_is_no_saved_case_is_refused_in_words(knowledge: Knowledge, content: bytes, word: str) -> None:
    with pytest.raises(CaseError, match=re.escape(word)):
        read_saved(content, knowledge)


@given(
    st.lists(st.floats(0, 1), min_size=2, max_size=5).filter(lambda shares: sum(shares) > 1e-6),
    st.floats(0, 1),
    st.data(),
)
def test_shares_sum_to_one_whichever_is_moved(sizes: list[float], to: float, data: st.DataObject) -> None:
    shares = {str(number): size / sum(sizes) for number, size in enumerate(sizes)}
    changed = data.draw(st.sampled_from(list(shares)))
    moved_to = rescaled(shares, changed, to)
    assert moved_to[changed] == to
    assert sum(moved_to.values()) == pytest.approx(1, abs=1e-12)
    assert all(share >= 0 for share in moved_to.values())
    others = [name for name in shares if name != changed and shares[name] > 1e-9]
    for one, two in pairwise(others):
        assert moved_to[one] * shares[two] == pytest.approx(moved_to[two] * shares[one], abs=1e-9)


def test_shares_set_for_a_case_are_its_base_rates(knowledge: Knowledge, situation: Situation) -> None:
    told = diagnose({}, knowledge=in_force(knowledge, situation), population=situation.population)
    assert {share.id: share.probability for share in told.origins} == pytest.approx(SHARES)
    assert in_force(knowledge, Situation({}, "uniform")) is knowledge
    with pytest.raises(KnowledgeError, match="outright"):
        in_force(knowledge, Situation({}, "uniform", SHARES))


def test_the_report_says_what_diagnose_says_and_how_to_get_it_again(knowledge: Knowledge, situation: Situation) -> None:
    report = case_report(knowledge, situation)
    used = in_force(knowledge, situation)
    told = diagnose(CASE, knowledge=used, population=situation.population)
    assert report.diagnosis == told
    page = unescape(report_html(report))
    for share in told.causes[:6]:
        assert share.name in page
        assert percent(share.probability) in page
    interval = credible_intervals(CASE, knowledge=used, population=situation.population).of(told.top.id)
    assert percent(interval.high) in page
    assert all(flag.action in page for flag in told.red_flags)
    assert all(one.together in page for one in answered(knowledge, CASE))
    assert knowledge.digest in page
    assert told.model_version in page
    assert "<script" not in page
    assert "http" not in re.sub(r"<style>.*</style>", "", page, flags=re.DOTALL)


def test_a_report_says_whom_its_base_rates_are_not_for(knowledge: Knowledge) -> None:
    """In page, PDF and JSON, beside the name of the population; another population says nothing of it."""
    case = {"onset": "sudden", "pop_felt": "yes"}
    report = case_report(knowledge, Situation(case, "distance_runners"))
    (told,) = report.diagnosis.not_for
    page = unescape(report_html(report))
    assert f"<b>{told.heading}</b> ({report.population_name})" in page
    assert f"{told.text} Rather: {told.rather[0].name} or {told.rather[1].name}." in page
    assert report.to_dict()["diagnosis"]["not_for"][0]["text"] == told.text
    assert told.text in report.to_json()
    assert told.heading in text_of_pdf(report_pdf(report))
    better = case_report(knowledge, Situation(case, told.rather[0].id))
    assert "not meant for this case" not in report_html(better)
    assert "not meant for this case" not in text_of_pdf(report_pdf(better))


def text_of_pdf(document: bytes) -> str:
    """What its pages draw, unpacked."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", document, re.S)
    return b"".join(map(zlib.decompress, streams)).decode("latin-1")


def test_the_pdf_is_one_and_says_the_version_but_no_day(knowledge: Knowledge, situation: Situation) -> None:
    report = case_report(knowledge, situation)
    document = report_pdf(report)
    assert document.startswith(b"%PDF")
    assert b"(D:20000101" in document
    assert document == report_pdf(report)


def test_text_of_the_priors_cannot_act_in_the_page(knowledge: Knowledge) -> None:
    name = "<img src=x onerror=alert(1)> & co"
    sharp = knowledge.with_overlay({"causes": {cause: {"name": name} for cause in knowledge.causes}})
    page = report_html(case_report(sharp, Situation({"onset": "sudden"}, "uniform")))
    assert "<img" not in page
    assert "&lt;img" in page


def test_every_sign_becomes_one_that_the_fonts_have() -> None:
    assert latin("1\u20132 \u201cx\u201d \u2265 é ł \u4e2d") == '1-2 "x" >= é ? ?'


def test_recovery_is_told_by_grade_where_the_care_names_it(knowledge: Knowledge) -> None:
    report = case_report(knowledge, Situation({"onset": "sudden", "belly_tenderness": "yes"}, "sprint_and_field_sport"))
    graded = next(card for card in report.cards if knowledge.content.causes[card.id].grading is not None)
    weeks = recovery_by_grade(graded, report.diagnosis.grades)
    assert set(weeks) == {grade.id for grade in report.diagnosis.grades}
    assert all(course.who.replace(" ", "_") == grade for grade, course in weeks.items())


def test_bars_hold_every_number_in_words(knowledge: Knowledge) -> None:
    told = diagnose(CASE, knowledge=knowledge)
    before = diagnose({}, knowledge=knowledge)
    bars = bars_of(told.causes, knowledge.origins, before={one.id: one.probability for one in before.causes})
    page = bars_html(bars, "Causes")
    assert page.count("<li>") == len(told.causes)
    for share in told.causes:
        assert share.name in page
        assert percent(share.probability) in page
    assert moved(0.2, 0.1) == "▲ 10.0"
    assert moved(0.1, 0.2) == "▼ 10.0"
    assert moved(0.1, 0.1001) == ""
    assert moved(0.1, None) == ""
    assert "&lt;b&gt;" in bars_html((Bar("<b>", 0.5),), "x")


def test_contributions_left_out_are_summed(knowledge: Knowledge, situation: Situation) -> None:
    told = case_report(knowledge, situation).explanation
    page = contributions_html(told, 2)
    rest = sum(one.log_odds for one in told.contributions[2:])
    assert page.count("<li>") == 3
    assert f"{len(told.contributions) - 2} more together" in page
    assert f"{rest:+.2f}" in page


def test_scenarios_change_one_thing_alone(knowledge: Knowledge, situation: Situation) -> None:
    imaged = with_answer(situation, "mri_thigh", "muscle_tear")
    assert without_kind(knowledge, imaged, "imaging") == situation
    assert with_answer(imaged, "mri_thigh", "") == situation
    assert in_population(situation, situation.population) is situation
    assert in_population(situation, "uniform") == Situation(CASE, "uniform")
    first, second = (diagnose(one.answers, knowledge=knowledge) for one in (situation, imaged))
    rows = differences(first, second)
    assert sum(row.change for row in rows) == pytest.approx(0, abs=1e-9)
    assert [abs(row.change) for row in rows] == sorted((abs(row.change) for row in rows), reverse=True)
    assert not any(row.change for row in differences(first, first))
