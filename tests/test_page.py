"""The page without a browser: what a clinician is shown, and that it is what `diagnose` says."""

from __future__ import annotations

import json
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from streamlit.testing.v1 import AppTest

from thighdx import ImpossibleEvidenceError, Knowledge, diagnose, load_knowledge, next_questions, same_decision
from thighdx.casereport.saved import rescaled
from thighdx.causecard import cause_card
from thighdx.charts import share_chart
from thighdx.encounter import bedside_kinds, question_groups
from thighdx.page.answers import answer_key
from thighdx.page.later import MOST_LEFT
from thighdx.page.launch import POPULATION, PRIORS
from thighdx.page.words import plain
from thighdx.reasoning.sentences import stays_sentence
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


def open_page(*folded: str) -> AppTest:
    """The page with the table of all causes open, and what else is named by its key: what is folded is not drawn."""
    page = AppTest.from_file(str(APP), default_timeout=60)
    for key in ("all_causes", *folded):
        page.session_state[key] = True
    page.run()
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
    said = (
        *page.markdown,
        *page.caption,
        *page.error,
        *page.warning,
        *page.info,
        *page.header,
        *page.subheader,
        *page.success,
    )
    told = [str(element.value) for element in said] + [button.label for button in page.button]
    told += [unescape(element.proto.body) for element in page.get("html")]
    return "\n".join(told).replace("\\", "")  # Markdown's escapes


def shown_causes(page: AppTest) -> dict[str, str]:
    """Cause -> probability, in the order of the full table."""
    (table,) = [table.value for table in page.table if "Now" in table.value]
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
    page = open_page("about_population")
    answer(page, SUDDEN_POP)
    for population, entry in knowledge.content.populations.items():
        page.selectbox(key="population").set_value(population).run()
        assert shown_causes(page) == expected(diagnose(SUDDEN_POP, knowledge=knowledge, population=population))
        assert entry.description in text_of(page)


def test_base_rates_not_meant_for_the_case_are_said_and_better_ones_are_a_click_away(knowledge: Knowledge) -> None:
    page = open_page()
    assert "not meant for this case" not in text_of(page)
    case = {"onset": "sudden", "pop_felt": "yes"}
    answer(page, case)
    (told,) = diagnose(case, knowledge=knowledge).not_for
    (box,) = [element for element in page.info if told.heading in str(element.value)]
    assert told.text in str(box.value).replace("\\", "")
    shown = {id(element): str(element.value) for element in (box, *page.header)}
    order = [shown[id(element)] for element in page if id(element) in shown]
    assert order[:3] == ["Red flags", str(box.value), "Most probable causes"]
    for other in told.rather:
        assert other.name in page.button(key=f"rather_{other.id}").label
    first = told.rather[0].id
    page.button(key=f"rather_{first}").click().run()
    assert not page.exception, page.exception
    assert page.selectbox(key="population").value == first
    assert given(page) == [f"remove_{finding}" for finding in case]
    assert shown_causes(page) == expected(diagnose(case, knowledge=knowledge, population=first))
    assert "not meant for this case" not in text_of(page)


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


def test_the_next_best_question_is_answered_in_place_or_passed_over(knowledge: Knowledge) -> None:
    page = open_page()
    first, second = next_questions({}, kind=bedside_kinds(), most=2, knowledge=knowledge).questions
    assert first.question in text_of(page)
    assert first.why in text_of(page)
    page.button(key=f"skip_{first.finding}").click().run()
    assert second.why in text_of(page)
    page.button(key=f"next_{second.finding}_{second.answers[0].state}").click().run()
    assert shown_causes(page) == expected(diagnose({second.finding: second.answers[0].state}, knowledge=knowledge))
    page.toggle(key="next_with_studies").set_value(True).run()
    assert not page.exception


def test_a_question_found_stands_alone_until_one_goes_back() -> None:
    page = open_page()
    reach(page, "onset")
    shown = [widget.key for widget in (*page.radio, *page.selectbox) if str(widget.key).startswith("answer_")]
    assert shown == [answer_key("onset")]
    page.button(key="back").click().run()
    assert answer_key("age_group") in {str(widget.key) for widget in page.radio}


def test_shares_of_the_origins_move_together_and_show_their_effect(knowledge: Knowledge) -> None:
    page = open_page("about_population")
    answer(page, SUDDEN_POP)
    page.slider(key="share_acute_hamstring").set_value(50.0).run()
    assert not page.exception
    shares = [page.slider(key=f"share_{origin}").value for origin in knowledge.origins]
    assert sum(float(str(share)) for share in shares) == pytest.approx(100, abs=0.2)
    own = knowledge.content.populations["distance_runners"].origins
    assert own is not None
    changed = knowledge.with_origins("distance_runners", rescaled(own.p, "acute_hamstring", 0.5))
    now = diagnose(SUDDEN_POP, knowledge=changed)
    assert shown_causes(page) == expected(now)
    (effect,) = [table.value for table in page.table if "Yours" in table.value]
    assert percent(now.top.probability) in set(effect["Yours"])
    page.button(key="own_origins").click().run()
    assert shown_causes(page) == expected(diagnose(SUDDEN_POP, knowledge=knowledge))
    page.selectbox(key="population").set_value("uniform").run()
    assert "states the share of every cause outright" in text_of(page)


def test_reasons_fit_and_care_are_told(knowledge: Knowledge) -> None:
    page = open_page()
    answer(page, SUDDEN_POP)
    told = diagnose(SUDDEN_POP, knowledge=knowledge)
    second = told.causes[1]
    said = text_of(page)
    assert "Does the case fit?" in said or "No listed cause explains" in said
    assert "When to stop?" in said
    decision = same_decision(SUDDEN_POP, top=MOST_LEFT, knowledge=knowledge)
    assert plain(stays_sentence(decision)) in said  # word for word as `thighdx next` has it
    card = cause_card(knowledge, told.top.id)
    assert card.care is not None
    assert card.care.see in said
    page.selectbox(key="why_against").set_value(second.id).run()
    assert f"against {second.name}" in text_of(page)
    page.selectbox(key="why_cause").set_value(second.id).run()
    assert "compared with all others" in text_of(page)


def test_the_posterior_that_is_more_urgent_than_the_flags_says_so(knowledge: Knowledge) -> None:
    case = {"swelling": "calf_or_whole_leg", "d_dimer": "raised", "redness_warmth": "yes"}
    told = diagnose(case, knowledge=knowledge, population="over_60s")
    order = list(knowledge.content.urgencies)
    page = open_page()
    page.selectbox(key="population").set_value("over_60s").run()
    answer(page, case)
    assert told.triage_posterior is not None
    more = order.index(told.triage_posterior) < order.index(told.triage)
    assert ("By probability" in text_of(page)) == more


def test_an_unsure_answer_and_one_of_several_count_as_such(knowledge: Knowledge) -> None:
    page = open_page()
    answer(page, {"onset": "sudden"})
    reach(page, "onset")
    page.button(key="unsure_answer_onset").click().run()
    page.select_slider(key="sure_answer_onset").set_value(80).run()
    assert shown_causes(page) == expected(diagnose({"onset": "sudden@0.8"}, knowledge=knowledge))
    page.button_group(key="states_answer_onset").set_value(["sudden", "gradual"]).run()
    assert shown_causes(page) == expected(diagnose({"onset": "gradual|sudden"}, knowledge=knowledge))
    assert "Gradually or Suddenly" in text_of(page)
    page.button(key="plain_answer_onset").click().run()
    assert shown_causes(page) == expected(diagnose({}, knowledge=knowledge))
    assert widget_of(page, "onset").value == ""


def test_a_link_is_made_only_when_asked_for_and_leaves_the_address_when_taken_up(knowledge: Knowledge) -> None:
    page = open_page("share")
    answer(page, {"pop_felt": "yes"})
    assert not page.query_params
    assert not page.code
    page.button(key="make_link").click().run()
    (link,) = [code.value for code in page.code]
    assert not page.query_params
    other = AppTest.from_file(str(APP), default_timeout=60)
    other.query_params["case"] = link.partition("case=")[2]
    other.session_state["all_causes"] = True
    other.run()
    assert not other.exception
    assert shown_causes(other) == expected(diagnose({"pop_felt": "yes"}, knowledge=knowledge))
    assert "case" not in other.query_params
    bad = AppTest.from_file(str(APP), default_timeout=60)
    bad.query_params["case"] = "nonsense"
    assert "This link is not taken up" in text_of(bad.run())


def compare_page() -> None:
    """What `st.navigation` would draw with a case at hand; AppTest runs its first page alone."""
    import streamlit as st

    from thighdx import load_knowledge
    from thighdx.casereport.saved import Situation
    from thighdx.page import compare, state

    state.begin("distance_runners")
    if not state.answers():
        state.take_up(Situation({"pop_felt": "yes", "mri_thigh": "muscle_tear"}, "distance_runners"))
    compare.draw(load_knowledge(), state.population())
    assert st.session_state


def test_two_scenarios_are_what_diagnose_says_of_each(knowledge: Knowledge) -> None:
    page = AppTest.from_function(compare_page, default_timeout=60).run()
    assert not page.exception, page.exception
    case = {"pop_felt": "yes", "mri_thigh": "muscle_tear"}
    page.selectbox(key="compare_population_b").set_value("distance_runners").run()
    assert "Nothing: both scenarios say the same" in text_of(page)
    page.toggle(key="compare_studies_b").set_value(True).run()
    page.selectbox(key="compare_finding_a").set_value("onset").run()
    page.selectbox(key="compare_cell_a_onset").set_value("sudden").run()
    assert not page.exception, page.exception
    first = diagnose(case | {"onset": "sudden"}, knowledge=knowledge)
    second = diagnose({"pop_felt": "yes"}, knowledge=knowledge)
    table = page.table[0].value
    names = {share.name: share.id for share in first.causes}
    for name, one, two in zip(table["Cause"], table["First"], table["Second"], strict=True):
        cause = names[name.replace("\\", "")]
        assert (one, two) == (percent(first.probability(cause)), percent(second.probability(cause)))
    for told in (first, second):
        assert told.top.name in text_of(page)
        assert told.not_for[0].text in text_of(page)
    page.selectbox(key="compare_population_b").set_value("uniform").run()
    assert text_of(page).count(second.not_for[0].text) == 1


@pytest.mark.parametrize("probability", [0.0, 1e-9, 0.0004, 0.0006, 0.12345, 0.9994, 0.9996, 1.0])
def test_only_what_is_none_or_all_reads_as_none_or_all(probability: float) -> None:
    said = percent(probability)
    assert (said == "0.0\u00a0%") == (probability == 0)
    assert (said == "100.0\u00a0%") == (probability == 1)


def test_the_chart_holds_every_share(knowledge: Knowledge) -> None:
    shares = diagnose(SUDDEN_POP, knowledge=knowledge).causes
    (rows,) = share_chart(shares, groups=knowledge.origins).to_dict()["datasets"].values()
    assert [(row["name"], row["probability"], row["base_rate"]) for row in rows] == [
        (share.name, share.probability, share.base_rate) for share in shares
    ]
