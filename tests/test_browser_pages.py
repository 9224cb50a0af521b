"""Batch, Knowledge and About in a real browser: a table with bad rows, downloads, a phone, dark, zoomed, axe."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.handmade import shipped
from thighdx import score

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

PATIENCE = 60_000  # milliseconds; a slow machine is no wrong page
DEVICES: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1400, "height": 1000}},
    "dark": {"viewport": {"width": 1400, "height": 1000}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True},
    "zoomed": {"viewport": {"width": 640, "height": 400}, "device_scale_factor": 2},  # 1280 by 800 at 200 %
}
VIEWS = (
    "Cause by finding", "Likelihood ratios", "Network", "Base rates", "Red flags", "Published figures", "Settings",
)  # fmt: skip
BAD_ROWS = "case_id,slump,pop_felt,colour\na,positive,yes,red\nb,positiv,maybe,blue\n<b>c</b>,negative,no,red\n"


@contextmanager
def visit(browser: Browser, url: str, device: str) -> Iterator[Page]:
    """A page of its own, as a new person sees it; errors of its scripts fail the test."""
    expect.set_options(timeout=PATIENCE)
    context = browser.new_context(**DEVICES[device])
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(url)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    yield page
    context.close()
    assert not complaints


def settled(page: Page) -> None:
    page.wait_for_timeout(300)
    expect(page.locator(".stApp[data-test-script-state=notRunning]")).to_be_visible()
    page.wait_for_timeout(700)  # charts are drawn a moment later


def no_serious_fault(page: Page) -> None:
    """Axe finds nothing serious or critical, and nothing is cut off at the side."""
    settled(page)
    page.mouse.move(0, 0)
    found = [
        (one["id"], one["nodes"][0]["html"][:200])
        for one in Axe().run(page).response["violations"]
        if one["impact"] in {"serious", "critical"}
    ]
    assert not found
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize("device", ["light", "dark"])
@pytest.mark.parametrize("state", ["hovered", "pressed", "focused"])
def test_the_main_button_is_read_in_every_state(browser: Browser, page_server: str, device: str, state: str) -> None:
    """Contrast of 4.5 to 1 at least; axe judges what it meets, so the button is brought into each state first."""
    with visit(browser, f"{page_server}/batch", device) as page:
        button = page.get_by_role("button", name="Try an example")
        expect(button).to_be_visible()
        settled(page)
        if state == "focused":
            button.focus()
        else:
            button.hover()
        if state == "pressed":
            page.mouse.down()
        page.wait_for_timeout(500)  # colours change over a moment
        assert contrast(button.evaluate(COLOURS_OF)) >= 4.5
        if state == "hovered":
            found = Axe().run(page, context='[data-testid="stBaseButton-primary"]').response["violations"]
            assert not [one["id"] for one in found]


COLOURS_OF = """button => [button, button.querySelector('p')].map((each, place) =>
    getComputedStyle(each)[place ? 'color' : 'backgroundColor'].match(/[0-9.]+/g).slice(0, 3).map(Number))"""


def contrast(colours: list[list[float]]) -> float:
    """The contrast ratio of two sRGB colours (WCAG 2.2, relative luminance)."""

    def luminance(colour: list[float]) -> float:
        parts = [one / 255 for one in colour]
        linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
        return sum(share * one for share, one in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    low, high = sorted(luminance(one) for one in colours)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("device", ["light", "phone", "zoomed"])
def test_every_page_is_one_click_away(browser: Browser, page_server: str, device: str) -> None:
    """And what leads there does not stay in front of it."""
    with visit(browser, page_server, device) as page:
        settled(page)
        for name, heading in (("Compare", "Compare two scenarios"), ("About", "About"), ("Case", "Pain in the back")):
            page.get_by_role("link", name=name, exact=True).click()
            title = page.get_by_role("heading", level=1, name=heading)
            expect(title).to_be_in_viewport()
            title.click(trial=True)  # nothing covers it


def test_a_table_with_bad_rows_is_told_scored_and_taken_away(
    browser: Browser, page_server: str, tmp_path: Path
) -> None:
    table = tmp_path / "mine.csv"
    table.write_text(BAD_ROWS, encoding="utf-8")
    with visit(browser, f"{page_server}/batch", "light") as page:
        page.locator('input[type="file"]').set_input_files(table)
        look = page.locator(".st-key-batch-look")
        expect(look).to_contain_text("1 row will not be scored")
        expect(look).to_contain_text("nearest: positive")
        expect(look).to_contain_text("colour")
        expect(page.locator(".st-key-batch-results")).to_have_count(0)
        page.get_by_role("button", name="Score 3 rows").click()
        expect(page.locator(".st-key-batch-results svg.marks").first).to_be_visible()
        with page.expect_download() as csv:
            page.get_by_role("button", name="Scored table as CSV").click()
        with page.expect_download() as parquet:
            page.get_by_role("button", name="As Parquet").click()
        assert csv.value.suggested_filename == "mine_scored.csv"
        taken = pd.read_csv(csv.value.path())
        assert parquet.value.suggested_filename == "mine_scored.parquet"
        assert len(pd.read_parquet(parquet.value.path())) == len(taken)
    expected = score(pd.read_csv(table, dtype=str), knowledge=shipped())
    numbers = list(expected.select_dtypes("number"))
    pd.testing.assert_frame_equal(taken[numbers], expected[numbers].astype(float), atol=1e-9, rtol=0)
    assert taken["status"].tolist() == expected["status"].tolist()


def test_a_table_that_cannot_be_read_is_told_kindly(browser: Browser, page_server: str, tmp_path: Path) -> None:
    table = tmp_path / "mine.csv"
    table.write_bytes(b"\xff\xfe\x00\x00")
    with visit(browser, f"{page_server}/batch", "phone") as page:
        page.locator('input[type="file"]').set_input_files(table)
        expect(page.get_by_role("alert")).to_contain_text("This table cannot be used")
        expect(page.get_by_text("Traceback")).to_have_count(0)


@pytest.mark.parametrize("device", DEVICES)
def test_batch_has_no_serious_fault(browser: Browser, page_server: str, device: str) -> None:
    with visit(browser, f"{page_server}/batch", device) as page:
        expect(page.get_by_role("button", name="Try an example")).to_be_visible()
        no_serious_fault(page)
        page.get_by_role("button", name="Try an example").click()
        page.get_by_role("button", name="Score 40 rows").click()
        expect(page.locator(".st-key-batch-results svg.marks").first).to_be_visible()
        no_serious_fault(page)


@pytest.mark.parametrize("device", DEVICES)
def test_knowledge_has_no_serious_fault_in_any_view(browser: Browser, page_server: str, device: str) -> None:
    with visit(browser, f"{page_server}/knowledge", device) as page:
        for view in VIEWS:
            page.get_by_role("radio", name=view, exact=True).click()
            expect(page.get_by_role("radio", name=view, exact=True)).to_be_checked()
            no_serious_fault(page)


@pytest.mark.parametrize("device", DEVICES)
def test_about_has_no_serious_fault(browser: Browser, page_server: str, device: str) -> None:
    with visit(browser, f"{page_server}/about", device) as page:
        expect(page.locator(".st-key-performance svg.marks").first).to_be_visible()
        no_serious_fault(page)


def test_a_row_is_found_by_a_word_and_its_source_opens_beside_the_page(browser: Browser, page_server: str) -> None:
    with visit(browser, f"{page_server}/knowledge", "light") as page:
        search = page.get_by_role("textbox", name="Search")
        search.fill("slump radiculopathy")
        search.press("Enter")
        card = page.locator(".card", has_text="Slump test").first
        expect(card).to_contain_text("radiculopathy")
        source = card.get_by_role("link").first
        expect(source).to_have_attribute("target", "_blank")
        expect(source).to_have_attribute("rel", "noopener noreferrer")


def test_every_chart_has_a_text_beside_it(browser: Browser, page_server: str) -> None:
    with visit(browser, f"{page_server}/about", "light") as page:
        expect(page.locator(".st-key-performance svg.marks")).to_have_count(2)
        charts = page.get_by_test_id("stVegaLiteChart").all()
        labels = [chart.get_attribute("aria-label") for chart in charts]
        assert all(labels)
        assert any(label and "leads" in label for label in labels)
