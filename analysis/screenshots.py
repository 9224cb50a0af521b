"""Takes the README's pictures of the page from the real page: light, dark and on a phone.

    python analysis/screenshots.py

Needs Chromium. The case is made up; nothing of a patient is in the pictures.
"""

import shutil
from pathlib import Path

from page_load import served
from playwright.sync_api import sync_playwright

OUT = Path(__file__).resolve().parents[1] / "docs" / "screenshots"
DESK = {"viewport": {"width": 1280, "height": 900}}
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
ANSWERS = 4  # given to what the page proposes


def settle(page):
    """Until the script has run and charts are drawn."""
    page.wait_for_timeout(500)
    page.locator(".stApp[data-test-script-state=notRunning]").wait_for()
    page.wait_for_timeout(900)


def answer(page):
    """Some of the most telling questions, the last state proposed of each: mostly a finding that is there."""
    for _ in range(ANSWERS):
        page.locator('.st-key-next-question [class*="st-key-next_"] button').last.click()
        settle(page)


def case(page, url):
    page.goto(url)
    page.locator(".st-key-next-question button").first.wait_for()
    settle(page)
    answer(page)


def batch(page, url):
    page.goto(f"{url}/batch")
    page.get_by_role("button", name="Try an example").click()
    page.get_by_role("button", name="Score").click()
    page.get_by_text("Leading causes").first.wait_for()
    settle(page)
    scrolled_to(page, "batch-results")


def network(page, url):
    page.goto(f"{url}/knowledge")
    page.get_by_role("radio", name="Network").click()
    page.get_by_role("radio", name="Around a mechanism").click()
    settle(page)
    scrolled_to(page, "network")


def scrolled_to(page, key):
    """A container at the top, out from under the bar of pages."""
    page.locator(f".st-key-{key}").evaluate("element => element.scrollIntoView()")
    page.mouse.move(640, 450)
    page.mouse.wheel(0, -80)
    page.wait_for_timeout(500)


def about(page, url):
    page.goto(f"{url}/about")
    page.get_by_text("How good it is").wait_for()
    settle(page)


PICTURES = {
    "case_light": (case, DESK),
    "case_dark": (case, DESK | {"color_scheme": "dark"}),
    "case_phone": (case, PHONE),
    "batch_light": (batch, DESK),
    "knowledge_dark": (network, DESK | {"color_scheme": "dark"}),
    "about_light": (about, DESK),
}


def main():
    """Every picture, each in a browser that has seen nothing."""
    OUT.mkdir(parents=True, exist_ok=True)
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with served() as (port, _), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for name, (draw, device) in PICTURES.items():
            context = browser.new_context(**device)
            page = context.new_page()
            draw(page, f"http://localhost:{port}")
            page.mouse.move(0, 0)
            page.screenshot(path=OUT / f"{name}.png")
            context.close()
            print(OUT / f"{name}.png")
        browser.close()


if __name__ == "__main__":
    main()
