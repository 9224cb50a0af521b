"""The page in a real browser: one encounter from the first look to the next patient."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from thighdx import diagnose, load_knowledge, next_questions
from thighdx.encounter import bedside_kinds, question_groups

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Locator, Page

    from thighdx import Knowledge

pytestmark = pytest.mark.browser

PATIENCE = 30_000  # milliseconds; a slow machine is no wrong page
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    return load_knowledge()


@contextmanager
def visit(browser: Browser, url: str, **device: Any) -> Iterator[Page]:
    """The page as a new person sees it; what the browser complains of fails the test."""
    expect.set_options(timeout=PATIENCE)
    context = browser.new_context(**({"viewport": {"width": 1400, "height": 1000}} | device))
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(url)
    expect(page.locator(".st-key-posterior .bars")).to_be_visible()
    expect(page.locator(".st-key-answers")).to_contain_text("None yet")
    yield page
    context.close()
    assert not complaints


def reach(page: Page, knowledge: Knowledge, finding: str) -> None:
    """Open the group of a question, and what it keeps back where the question is not among the first."""
    group = next(group for group in question_groups(knowledge) if finding in group.findings)
    button = page.locator(".st-key-group").get_by_text(group.name)
    button.click()
    questions = page.locator('.st-key-questions [class*="st-key-answer_"]')
    shown = ", ".join(f".st-key-answer_{name}" for name in group.findings)
    expect(page.locator(shown).first).to_be_visible()
    expect(questions.first).to_be_visible()
    if not page.locator(f".st-key-answer_{finding}").count():
        page.get_by_text("less telling ones too").click()


def answer(page: Page, knowledge: Knowledge, finding: str, state: str) -> None:
    reach(page, knowledge, finding)
    label = label_of(knowledge, finding, state)
    question = page.locator(f".st-key-answer_{finding}")
    question.get_by_text(label, exact=True).click()
    expect(question.get_by_role("radio", name=label, exact=True)).to_be_checked()
    expect(page.locator(".st-key-answers")).to_contain_text(knowledge.content.findings[finding].question)


def label_of(knowledge: Knowledge, finding: str, state: str) -> str:
    return knowledge.content.findings[finding].labels.get(state, state.replace("_", " ").capitalize())


def causes(page: Page) -> Locator:
    """The first column of the table of all causes."""
    return page.locator(".st-key-posterior tbody tr td:first-child")


def test_an_encounter(browser: Browser, page_server: str, knowledge: Knowledge) -> None:
    """Open, answer, see red flag and ranking, look at another population, start over."""
    case = {"onset": "sudden", "pop_felt": "yes", "sit_bone_tenderness": "yes"}
    flags = diagnose(case, knowledge=knowledge).red_flags
    assert flags
    with visit(browser, page_server) as page:
        page.locator(".st-key-posterior").get_by_text("causes as a table").click()
        ranking = {
            population: {
                "before": [share.name for share in diagnose({}, knowledge=knowledge, population=population).causes],
                "after": [share.name for share in diagnose(case, knowledge=knowledge, population=population).causes],
            }
            for population in knowledge.populations
        }
        default = knowledge.content.default_population
        other = next(name for name in knowledge.populations if name != default)
        expect(causes(page)).to_have_text(ranking[default]["before"])
        expect(page.locator(".st-key-red-flags")).to_contain_text("None among the answers given")
        expect(page.locator(".st-key-origins .bars")).to_be_visible()

        for finding, state in case.items():
            answer(page, knowledge, finding, state)
        for flag in flags:
            expect(page.locator(".st-key-red-flags")).to_contain_text(flag.action)
        assert ranking[default]["after"] != ranking[default]["before"]
        expect(causes(page)).to_have_text(ranking[default]["after"])

        page.get_by_role("heading", level=1).scroll_into_view_if_needed()  # a list closes while the page scrolls
        page.locator(".st-key-population input").click()
        page.get_by_role("option", name=knowledge.content.populations[other].name).click()
        expect(causes(page)).to_have_text(ranking[other]["after"])
        expect(page.locator(".st-key-red-flags")).to_contain_text(flags[0].action)

        page.get_by_role("button", name="Start over").click()
        expect(causes(page)).to_have_text(ranking[other]["before"])
        expect(page.locator(".st-key-answers")).to_contain_text("None yet")
        expect(page.locator(".st-key-red-flags")).to_contain_text("None among the answers given")
        expect(page.locator(".st-key-answer_sit_bone_tenderness").get_by_role("radio").first).to_be_checked()


def test_the_next_question_is_answered_where_it_stands(
    browser: Browser, page_server: str, knowledge: Knowledge
) -> None:
    best = next_questions({}, kind=bedside_kinds(), most=1, knowledge=knowledge).questions[0]
    with visit(browser, page_server) as page:
        card = page.locator(".st-key-next-question")
        expect(card).to_contain_text(best.question)
        expect(card).to_contain_text(best.why.replace("\u00a0", " "))
        card.get_by_role("button", name=best.answers[0].label).click()
        expect(page.locator(".st-key-answers")).to_contain_text(best.question)
        expect(card).not_to_contain_text(best.question)
        expect(page.locator(".st-key-explanation")).to_contain_text("log-odds")
        expect(page.locator(".st-key-fit")).to_contain_text("Does the case fit?")
        page.locator(".st-key-answers button:visible").first.click()
        expect(page.locator(".st-key-answers")).to_contain_text("None yet")


@pytest.mark.parametrize("device", [{}, PHONE], ids=["desk", "phone"])
def test_base_rates_not_meant_for_the_case_are_left_with_one_click(
    browser: Browser, page_server: str, knowledge: Knowledge, device: dict[str, Any]
) -> None:
    case = {"pop_felt": "yes"}
    (told,) = diagnose(case, knowledge=knowledge).not_for
    better = diagnose(case, knowledge=knowledge, population=told.rather[0].id)
    with visit(browser, page_server, **device) as page:
        expect(page.locator(".st-key-not-for")).to_have_count(0)
        answer(page, knowledge, "pop_felt", "yes")
        notice = page.locator(".st-key-not-for")
        expect(notice).to_contain_text(told.text)
        assert not serious_faults(page)
        notice.get_by_role("button", name=told.rather[0].name).click()
        expect(page.locator(".st-key-posterior .bars li").first).to_contain_text(better.top.name)
        expect(notice).to_have_count(0)
        expect(page.locator(".st-key-answers")).to_contain_text(knowledge.content.findings["pop_felt"].question)


def test_a_report_is_downloaded_and_taken_up_again(
    browser: Browser, page_server: str, knowledge: Knowledge, tmp_path: Path
) -> None:
    with visit(browser, page_server) as page:
        answer(page, knowledge, "pop_felt", "yes")
        files = {}
        for kind, ending in (("pdf", ".pdf"), ("html", ".html"), ("json", ".json")):
            with page.expect_download() as download:
                page.locator(f".st-key-report_{kind} button:visible").click()
            files[kind] = tmp_path / download.value.suggested_filename
            assert files[kind].suffix == ending
            download.value.save_as(files[kind])
    assert files["pdf"].read_bytes().startswith(b"%PDF")
    assert knowledge.digest in files["html"].read_text()
    assert json.loads(files["json"].read_text())["answers"] == {"pop_felt": "yes"}
    with visit(browser, page_server) as page:
        page.get_by_text("Take up a saved case").click()
        page.locator(".st-key-report input[type=file]").set_input_files(files["json"])
        expect(page.locator(".st-key-answers")).to_contain_text(knowledge.content.findings["pop_felt"].question)
        expect(page.locator(".st-key-red-flags")).to_contain_text("URGENT")


@pytest.mark.parametrize(
    "device",
    [{}, {"color_scheme": "dark"}, PHONE, {"viewport": {"width": 700, "height": 500}, "device_scale_factor": 2}],
    ids=["light", "dark", "phone", "zoomed"],
)
def test_nothing_keeps_anyone_from_reading_it(
    browser: Browser, page_server: str, knowledge: Knowledge, device: dict[str, Any]
) -> None:
    """Judged by axe-core: no serious fault with red flags, an unsure answer and the reasons on the page."""
    with visit(browser, page_server, **device) as page:
        answer(page, knowledge, "saddle_numbness", "yes")
        answer(page, knowledge, "bruising", "yes")
        answer(page, knowledge, "pop_felt", "yes")
        page.locator(".st-key-unsure_answer_pop_felt button:visible").click()
        expect(page.locator(".st-key-states_answer_pop_felt")).to_be_visible()
        expect(page.locator(".st-key-fit")).to_contain_text("No listed cause explains this case well")
        assert not serious_faults(page)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_two_scenarios_stand_side_by_side_and_the_case_is_kept(
    browser: Browser, page_server: str, knowledge: Knowledge
) -> None:
    with visit(browser, page_server) as page:
        answer(page, knowledge, "pop_felt", "yes")
        page.get_by_role("link", name="Compare").click()
        expect(page.locator(".st-key-differences table")).to_be_visible()
        assert not serious_faults(page)
        page.get_by_role("link", name="Case").click()
        expect(page.locator(".st-key-answers")).to_contain_text(knowledge.content.findings["pop_felt"].question)


def serious_faults(page: Page) -> list[str]:
    found = Axe().run(page)
    return [
        f"{fault['id']}: {[node['html'] for node in fault['nodes']]}"
        for fault in found.response["violations"]
        if fault["impact"] in {"serious", "critical"}
    ]


def test_two_people_at_once_do_not_see_each_others_answers(
    browser: Browser, page_server: str, knowledge: Knowledge
) -> None:
    with visit(browser, page_server) as first, visit(browser, page_server) as second:
        answer(first, knowledge, "pop_felt", "yes")
        expect(first.locator(".st-key-answers")).to_contain_text(knowledge.content.findings["pop_felt"].question)
        assert first.url.rstrip("/") == page_server
        answer(second, knowledge, "onset", "gradual")
        expect(second.locator('.st-key-answers [class*="st-key-remove_"]')).to_have_count(1)
        expect(second.locator(".st-key-red-flags")).to_contain_text("None among the answers given")


def test_on_a_phone_red_flags_stay_in_sight_and_nothing_is_cut_off(
    browser: Browser, page_server: str, knowledge: Knowledge
) -> None:
    with visit(browser, page_server, **PHONE) as page:
        answer(page, knowledge, "pop_felt", "yes")
        glance = page.locator(".glance")
        expect(glance).to_contain_text("URGENT")
        expect(glance).to_contain_text("base rates are not meant for this case")
        expect(glance).to_be_in_viewport()
        page.get_by_role("heading", level=1).scroll_into_view_if_needed()
        expect(page.locator(".st-key-red-flags")).not_to_be_in_viewport()
        glance.get_by_role("link").click()
        expect(page.locator(".st-key-red-flags")).to_be_in_viewport()
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
