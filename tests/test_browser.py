"""The page in a real browser: one encounter from the first look to the next patient."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from thighdx import diagnose, load_knowledge

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    expect(page.locator(".st-key-posterior svg.marks")).to_be_visible()
    expect(page.locator(".st-key-answers")).to_contain_text("None yet")
    yield page
    context.close()
    assert not complaints


def tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name).click()


def answer(page: Page, finding: str, label: str) -> None:
    question = page.locator(f".st-key-answer_{finding}")
    question.get_by_text(label, exact=True).click()
    expect(question.get_by_role("radio", name=label, exact=True)).to_be_checked()


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
        expect(page.locator(".st-key-origins svg.marks")).to_be_visible()

        tab(page, "The story")
        for finding in ("onset", "pop_felt"):
            answer(page, finding, label_of(knowledge, finding, case[finding]))
        tab(page, "Look and feel")
        answer(page, "sit_bone_tenderness", label_of(knowledge, "sit_bone_tenderness", "yes"))
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


def test_every_finding_is_on_the_page(browser: Browser, page_server: str, knowledge: Knowledge) -> None:
    with visit(browser, page_server) as page:
        for finding in knowledge.findings:
            expect(page.locator(f".st-key-answer_{finding}")).to_have_count(1)


def test_two_people_at_once_do_not_see_each_others_answers(
    browser: Browser, page_server: str, knowledge: Knowledge
) -> None:
    with visit(browser, page_server) as first, visit(browser, page_server) as second:
        tab(first, "The story")
        answer(first, "pop_felt", label_of(knowledge, "pop_felt", "yes"))
        expect(first.locator(".st-key-answers")).to_contain_text(knowledge.content.findings["pop_felt"].question)
        assert first.url.rstrip("/") == page_server
        tab(second, "The story")
        answer(second, "onset", label_of(knowledge, "onset", "gradual"))
        expect(second.locator(".st-key-answers li")).to_have_count(1)
        expect(second.locator(".st-key-red-flags")).to_contain_text("None among the answers given")


def test_on_a_phone_red_flags_stay_in_sight_and_nothing_is_cut_off(
    browser: Browser, page_server: str, knowledge: Knowledge
) -> None:
    with visit(browser, page_server, **PHONE) as page:
        tab(page, "The story")
        answer(page, "pop_felt", label_of(knowledge, "pop_felt", "yes"))
        glance = page.locator(".glance")
        expect(glance).to_contain_text("URGENT")
        expect(glance).to_be_in_viewport()
        expect(page.locator(".st-key-red-flags")).not_to_be_in_viewport()
        glance.get_by_role("link").click()
        expect(page.locator(".st-key-red-flags")).to_be_in_viewport()
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
