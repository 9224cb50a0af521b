"""The page without a browser: what a clinician is shown, and that it is what `diagnose` says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from streamlit.testing.v1 import AppTest

from thighdx import ImpossibleEvidenceError, Knowledge, diagnose, load_knowledge
from thighdx.charts import share_chart, share_spec
from thighdx.encounter import question_groups
from thighdx.page.answers import answer_key
from thighdx.page.launch import POPULATION, PRIORS
from thighdx.wording import percent

if TYPE_CHECKING:
    from streamlit.testing.v1.element_tree import Radio, Selectbox

    from thighdx import Diagnosis

APP = Path(__file__).resolve().parents[1] / "app.py"
SUDDEN_POP = {"onset": "sudden", "pop_felt": "yes", "sit_bone_tenderness": "yes"}


@pytest.fixture(autouse=True)
def _no_options(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PRIORS, raising=False)
    monkeypatch.delenv(POPULATION, raising=False)


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    return load_knowledge()


def open_page() -> AppTest:
    page = AppTest.from_file(str(APP), default_timeout=60).run()
    assert not page.exception, page.exception
    return page


def reach(page: AppTest, finding: str) -> None:
    """Bring a question up by search, as it may stand in a group that is not open."""
    page.selectbox(key="search").set_value(finding).run()
    assert not page.exception, page.exception


def open_group(page: AppTest, group: str) -> None:
    """Open a group of questions, with the less telling ones."""
    page.selectbox(key="search").set_value(None)
    page.segmented_control(key="group").set_value(group).run()
    for toggle in page.toggle:
        if toggle.key == f"all_of_group_{group}":
            toggle.set_value(True).run()
    assert not page.exception, page.exception


def widget_of(page: AppTest, finding: str) -> Radio[str] | Selectbox[str]:
    """The radio buttons or the list of a finding."""
    key = answer_key(finding)
    widgets: list[Radio[str] | Selectbox[str]] = [*page.radio, *page.selectbox]
    (found,) = [widget for widget in widgets if widget.key == key]
    return found


def answer(page: AppTest, answers: dict[str, str]) -> None:
    for finding, state in answers.items():
        reach(page, finding)
        widget_of(page, finding).set_value(state).run()
        assert not page.exception, page.exception
    page.selectbox(key="search").set_value(None).run()


def text_of(page: AppTest) -> str:
    """Everything the page says in words."""
    said = (*page.markdown, *page.caption, *page.error, *page.warning, *page.info, *page.header, *page.success)
    told = [str(element.value) for element in said] + [button.label for button in page.button]
    return "\n".join(told).replace("\\", "")  # Markdown's escapes


def shown_causes(page: AppTest) -> dict[str, str]:
    """Cause -> probability, in the order of the full table."""
    table = page.table[0].value
    return dict(zip(table["Cause"], table["Now"], strict=True))


def given(page: AppTest) -> list[str]:
    """The keys of the running list's buttons."""
    return [str(button.key) for button in page.button if str(button.key).startswith("remove_")]


def expected(diagnosis: Diagnosis) -> dict[str, str]:
    return {share.name: percent(share.probability) for share in diagnosis.causes}


def test_every_finding_can_be_answered_and_none_is(knowledge: Knowledge) -> None:
    page = open_page()
    met: list[str] = []
    for group in question_groups(knowledge):
        open_group(page, group.id)
        met += group.findings
        for finding in group.findings:
            entry, widget = knowledge.content.findings[finding], widget_of(page, finding)
            assert widget.value == ""
            assert len(widget.options) == 1 + len(entry.states)
            assert widget.label.replace("\\", "") == entry.question
            assert widget.help.replace("\\", "") == entry.judge
    assert sorted(met) == sorted(knowledge.findings)


def test_without_an_answer_the_base_rates_are_shown_and_said(knowledge: Knowledge) -> None:
    page = open_page()
    assert "No answer yet: these are the base rates" in text_of(page)
    table = page.table[0].value
    assert list(table["Now"]) == list(table["Base rate"])
    assert shown_causes(page) == expected(diagnose({}, knowledge=knowledge))
    assert len(table) == len(knowledge.causes)


def test_the_page_says_what_it_is_and_what_it_is_not() -> None:
    said = text_of(open_page())
    assert "Not a medical device" in said
    assert "clinician who can review its basis" in said
    assert "Nothing is stored" in said
    assert said.count("never taken as normal") == 1


def test_answers_move_the_posterior_to_what_diagnose_says(knowledge: Knowledge) -> None:
    page = open_page()
    for number in range(1, len(SUDDEN_POP) + 1):
        finding = list(SUDDEN_POP)[number - 1]
        answer(page, {finding: SUDDEN_POP[finding]})
        so_far = dict(list(SUDDEN_POP.items())[:number])
        diagnosis = diagnose(so_far, knowledge=knowledge)
        assert shown_causes(page) == expected(diagnosis)
        assert list(shown_causes(page)) == [share.name for share in diagnosis.causes]


def test_an_answer_taken_back_leaves_no_trace() -> None:
    page = open_page()
    before = shown_causes(page)
    answer(page, SUDDEN_POP)
    assert shown_causes(page) != before
    assert len(given(page)) == len(SUDDEN_POP)
    answer(page, dict.fromkeys(list(SUDDEN_POP)[:2], ""))
    page.button(key=given(page)[0]).click().run()  # from the running list
    assert shown_causes(page) == before
    assert not given(page)
    assert "None among the answers given" in text_of(page)


def test_an_answer_that_is_a_list_to_open_counts_too(knowledge: Knowledge) -> None:
    page = open_page()
    answer(page, {"pain_site": "sit_bone"})
    assert shown_causes(page) == expected(diagnose({"pain_site": "sit_bone"}, knowledge=knowledge))


def test_without_a_red_flag_there_is_a_quiet_line() -> None:
    page = open_page()
    assert "None among the answers given" in text_of(page)
    assert not page.error
    assert not page.warning


def test_a_red_flag_is_shown_with_urgency_and_action(knowledge: Knowledge) -> None:
    page = open_page()
    answer(page, {"saddle_numbness": "yes"})
    flags = diagnose({"saddle_numbness": "yes"}, knowledge=knowledge).red_flags
    assert flags
    shown = "\n".join(element.value for element in page.error)
    assert "EMERGENCY" in shown
    for flag in flags:
        assert flag.name in text_of(page)
        assert flag.action in text_of(page)
    assert flags[0].action in shown


def test_red_flags_come_by_urgency_and_before_the_probabilities() -> None:
    page = open_page()
    answer(page, {"pop_felt": "yes", "saddle_numbness": "yes"})
    headings = [(page.header, ""), (page.error, "EMERGENCY"), (page.warning, "URGENT")]
    shown = {id(element): word or element.value for elements, word in headings for element in elements}
    order = [shown[id(element)] for element in page if id(element) in shown]
    assert order[:4] == ["Red flags", "EMERGENCY", "URGENT", "Most probable causes"]


def test_another_population_brings_its_base_rates(knowledge: Knowledge) -> None:
    page = open_page()
    answer(page, SUDDEN_POP)
    for population, entry in knowledge.content.populations.items():
        page.selectbox(key="population").set_value(population).run()
        assert shown_causes(page) == expected(diagnose(SUDDEN_POP, knowledge=knowledge, population=population))
        assert entry.description in text_of(page)


def test_start_over_clears_every_answer() -> None:
    page = open_page()
    before = shown_causes(page), text_of(page)
    answer(page, SUDDEN_POP)
    answer(page, {"pain_site": "sit_bone"})
    page.button(key="start_over").click().run()
    assert (shown_causes(page), text_of(page)) == before
    assert {widget.value for widget in page.radio} == {""}


def test_the_grade_is_told_where_a_strain_is_among_the_first_causes(knowledge: Knowledge) -> None:
    page = open_page()
    page.selectbox(key="population").set_value("uniform").run()
    answer(page, {"onset": "sudden", "belly_tenderness": "yes"})
    diagnosis = diagnose({"onset": "sudden", "belly_tenderness": "yes"}, knowledge=knowledge, population="uniform")
    assert all(percent(grade.probability) in text_of(page) for grade in diagnosis.grades)


def test_the_answers_given_are_listed(knowledge: Knowledge) -> None:
    page = open_page()
    answer(page, SUDDEN_POP)
    assert all(knowledge.content.findings[finding].question in text_of(page) for finding in SUDDEN_POP)


def test_one_sessions_answers_are_nowhere_in_another_and_not_in_the_address() -> None:
    first, second = open_page(), open_page()
    fresh = shown_causes(second), text_of(second)
    answer(first, SUDDEN_POP)
    second.run()
    assert (shown_causes(second), text_of(second)) == fresh
    third = open_page()
    assert (shown_causes(third), text_of(third)) == fresh
    assert not first.query_params


def test_faulty_priors_are_told_by_sentence_without_a_stack_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faulty = tmp_path / "faulty.toml"
    faulty.write_text('[thresholds]\nfloor = 2\nflor = 0.1\n[causes.strain]\nname = ""\n')
    monkeypatch.setenv(PRIORS, json.dumps([str(faulty)]))
    page = open_page()
    (shown,) = page.error
    assert all(key in shown.value for key in ("thresholds.floor", "flor", "causes.strain.name"))
    assert "Traceback" not in shown.value
    assert not page.radio


def test_an_unknown_population_is_told_by_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(POPULATION, "distance_runnerz")
    (shown,) = open_page().error
    assert "distance_runners" in shown.value.replace("\\", "")


def test_priors_and_population_of_the_command_line_are_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    overlays = []
    for number, name in enumerate(("First name of the strain", "Second name of the strain")):
        overlays.append(tmp_path / f"{number}.toml")
        overlays[-1].write_text(f'[causes.strain]\nname = "{name}"\n')
    monkeypatch.setenv(PRIORS, json.dumps([str(overlay) for overlay in overlays]))
    monkeypatch.setenv(POPULATION, "uniform")
    page = open_page()
    assert "Second name of the strain" in shown_causes(page)
    assert page.selectbox(key="population").value == "uniform"
    assert len(set(page.table[0].value["Base rate"])) == 1


def test_impossible_answers_are_told_kindly_and_their_red_flags_stand(
    knowledge: Knowledge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The floor of the shipped priors leaves nothing impossible, so the refusal itself is put in."""

    def refuse(case: dict[str, str], **options: Any) -> Diagnosis:
        if case:
            raise ImpossibleEvidenceError("impossible under every cause")
        return diagnose(case, **options)

    monkeypatch.setattr("thighdx.page.results.diagnose", refuse)
    page = open_page()
    answer(page, {"pop_felt": "yes"})
    flags = diagnose({"pop_felt": "yes"}, knowledge=knowledge).red_flags
    assert "No cause in the model goes with all of these answers" in text_of(page)
    assert flags
    assert all(flag.action in text_of(page) for flag in flags)
    page.button(key="start_over").click().run()
    assert "these are the base rates" in text_of(page)


@pytest.mark.parametrize("probability", [0.0, 1e-9, 0.0004, 0.0006, 0.12345, 0.9994, 0.9996, 1.0])
def test_only_what_is_none_or_all_reads_as_none_or_all(probability: float) -> None:
    said = percent(probability)
    assert (said == "0.0\u00a0%") == (probability == 0)
    assert (said == "100.0\u00a0%") == (probability == 1)


def test_the_chart_holds_every_share_and_is_the_same_in_a_notebook_and_on_the_page(knowledge: Knowledge) -> None:
    shares = diagnose(SUDDEN_POP, knowledge=knowledge).causes
    chart = share_chart(shares, groups=knowledge.origins)
    spec = share_spec(shares, groups=knowledge.origins)
    (rows,) = spec["datasets"].values()
    assert [(row["name"], row["probability"], row["base_rate"]) for row in rows] == [
        (share.name, share.probability, share.base_rate) for share in shares
    ]
    assert chart.to_dict() == spec
    share_spec(shares, groups=knowledge.origins)["layer"].clear()  # a caller's copy is its own
    assert share_spec(shares, groups=knowledge.origins) == spec
