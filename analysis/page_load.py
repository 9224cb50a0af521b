"""How fast the page answers when many people use it at once, and whether anything fails.

    python analysis/page_load.py                      # 20 people, a pause of some seconds between answers
    python analysis/page_load.py --pause 0 --people 5

Starts `thighdx app`, opens a session for each person over Streamlit's own WebSocket, and lets each answer the most
telling question again and again, as the page proposes it. One more person sits at a real browser (Chromium), where a
click is timed to the redrawn posterior. Reported: time from the click to the posterior sent and to the whole page sent,
in the browser to the posterior drawn; median and 95th percentile, messages and bytes a click, errors, and the server's
largest memory. Then an encounter of five answers, alone: its clicks, and the seconds of each.
"""

import argparse
import asyncio
import os
import random
import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import connect

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 60  # seconds; longer is an error
ENCOUNTER = 5  # answers of an encounter
CLICK = """async () => {
  const said = () => document.querySelector('.st-key-posterior')?.innerText ?? '';
  const before = said(), start = performance.now();
  document.querySelector('.st-key-next-question [class*="st-key-next_"] button').click();
  while (said() === before && performance.now() - start < 60000) await new Promise(requestAnimationFrame);
  return (performance.now() - start) / 1000;
}"""


@contextmanager
def served():
    """`thighdx app` on a free port: its address and process."""
    with socket.create_server(("localhost", 0)) as probe:
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "thighdx", "app", "--port", str(port)]
    env = os.environ | {"STREAMLIT_SERVER_HEADLESS": "true"}
    with subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:  # noqa: S603
        try:
            await_health(f"http://localhost:{port}/_stcore/health")
            yield port, process
        finally:
            process.terminate()


def await_health(url):
    """Return once the server answers; a proxy knows no localhost, so none is asked."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    give_up = time.monotonic() + PATIENCE
    while True:
        try:
            direct.open(url, timeout=5).close()
        except OSError:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.2)
        else:
            return


class Person:
    """A session that answers what is proposed; `sent` and `whole` are seconds from a click."""

    def __init__(self, socket, number):
        self._socket, self._random = socket, random.Random(number)  # noqa: S311
        self.sent, self.whole, self.weight, self.errors = [], [], [], []

    async def run(self, *, pressed=""):
        """Ask for the page, with a button pressed; returns the buttons that propose an answer."""
        asked = BackMsg()
        asked.rerun_script.query_string = ""
        if pressed:
            state = asked.rerun_script.widget_states.widgets.add()
            state.id, state.trigger_value = pressed, True
        start, posterior, buttons, first = time.perf_counter(), None, [], None
        messages, size = 0, 0
        await self._socket.send(asked.SerializeToString())
        while True:
            received = await asyncio.wait_for(self._socket.recv(), PATIENCE)
            message, messages, size = ForwardMsg.FromString(received), messages + 1, size + len(received)
            kind = message.WhichOneof("type")
            if kind == "delta":
                path, delta = tuple(message.metadata.delta_path), message.delta
                if delta.WhichOneof("type") == "add_block" and delta.add_block.id.endswith("-posterior"):
                    posterior = path
                elif delta.WhichOneof("type") == "new_element":
                    element = delta.new_element
                    if element.WhichOneof("type") == "exception":
                        self.errors.append(element.exception.message)
                    if element.WhichOneof("type") == "button" and "-next_" in element.button.id:
                        buttons.append(element.button.id)
                    bars = element.WhichOneof("type") in {"html", "arrow_vega_lite_chart"}
                    if first is None and bars and posterior and path[: len(posterior)] == posterior:
                        first = time.perf_counter() - start
            elif kind == "script_finished":
                if message.script_finished != ForwardMsg.FINISHED_SUCCESSFULLY:
                    self.errors.append(f"ended with status {message.script_finished}")
                if pressed:
                    self.whole.append(time.perf_counter() - start)
                    self.sent += [] if first is None else [first]
                    self.weight.append((messages, size))
                return buttons

    async def visit(self, answers, pause):
        """Open the page and answer so many questions."""
        buttons = await self.run()
        for _ in range(answers):
            await asyncio.sleep(pause * self._random.uniform(0.5, 1.5))
            if not buttons:
                break
            buttons = await self.run(pressed=self._random.choice(buttons))


async def people(port, count, answers, pause):
    """So many sessions at once; all are open before anyone answers when there is no pause."""

    async def one(number):
        place = f"ws://localhost:{port}/_stcore/stream"
        async with connect(
            place, origin=f"http://localhost:{port}", subprotocols=["streamlit"], max_size=2**26, proxy=None
        ) as socket:
            person = Person(socket, number)
            try:
                await person.visit(answers, pause)
            except (TimeoutError, OSError) as error:
                person.errors.append(repr(error))
            return person

    return await asyncio.gather(*(one(number) for number in range(count)))


def five_answers(port):
    """An encounter of five answers in a browser of its own, without a pause to think: clicks and seconds of each.

    The machine's part of "five answers in under a minute": what is left of the minute is the clinician's.
    """
    with chromium_page() as page:
        if page is None:
            return []
        start = time.perf_counter()
        page.goto(f"http://localhost:{port}")
        given = page.locator('.st-key-answers [class*="st-key-remove_"]')
        offered = page.locator('.st-key-next-question [class*="st-key-next_"] button')
        offered.first.wait_for(timeout=PATIENCE * 1000)
        steps = [("the page", 0, time.perf_counter() - start)]
        for number in range(ENCOUNTER):
            start = time.perf_counter()
            asked = page.locator(".st-key-next-question h3").inner_text()
            offered.last.click()
            given.nth(number).wait_for(timeout=PATIENCE * 1000)
            page.locator(".stApp[data-test-script-state=notRunning]").wait_for(timeout=PATIENCE * 1000)
            steps.append((asked, 1, time.perf_counter() - start))
        return steps


@contextmanager
def chromium_page():
    """A page of the machine's Chromium, or None where there is none."""
    from playwright.sync_api import sync_playwright

    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        yield None
        return
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        yield browser.new_page(viewport={"width": 1400, "height": 1000})
        browser.close()


def in_browser(port, answers, pause):
    """Click to posterior drawn, in a real browser."""
    with chromium_page() as page:
        if page is None:
            return []
        page.goto(f"http://localhost:{port}")
        page.locator(".st-key-next-question button").first.wait_for(timeout=PATIENCE * 1000)
        page.wait_for_timeout(3000)
        taken = []
        for _ in range(answers):
            page.wait_for_timeout(1000 * max(pause, 1.5))
            taken.append(page.evaluate(CLICK))
        return taken


async def measure(count, answers, pause):
    """Everything at once; the first session, alone, warms the server up."""
    with served() as (port, process):
        await people(port, 1, 2, 0)
        crowd = asyncio.create_task(people(port, count, answers, pause))
        drawn = await asyncio.to_thread(in_browser, port, answers, pause)
        told = await crowd
        return told, drawn, await asyncio.to_thread(five_answers, port), memory_of(process)


def memory_of(process):
    """The server's largest memory in MB, where Linux tells it."""
    status = Path(f"/proc/{process.pid}/status")
    if not status.exists():
        return None
    return next(int(line.split()[1]) / 1024 for line in status.read_text().splitlines() if line.startswith("VmHWM"))


def said(name, taken):
    """One line of the report."""
    if not taken:
        return f"{name:<34} not measured"
    ranked = sorted(taken)
    high = ranked[min(len(ranked) - 1, int(0.95 * len(ranked)))]
    return f"{name:<34} {1000 * statistics.median(ranked):6.0f} ms  {1000 * high:6.0f} ms  ({len(ranked)} clicks)"


def main():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--answers", type=int, default=8, help="by each person")
    parser.add_argument("--pause", type=float, default=6.0, help="mean seconds between two answers of a person")
    asked = parser.parse_args()
    crowd, drawn, encounter, memory = asyncio.run(measure(asked.people, asked.answers, asked.pause))
    errors = [error for person in crowd for error in person.errors]
    print(f"{asked.people} people, {asked.answers} answers each, some {asked.pause:g} s between them")
    print(f"{'from the click':<34} {'median':>9}  {'95th pct':>9}")
    print(said("to the posterior sent", [one for person in crowd for one in person.sent]))
    print(said("to the whole page sent", [one for person in crowd for one in person.whole]))
    print(said("to the posterior drawn (browser)", drawn))
    messages, sizes = ([one[place] for person in crowd for one in person.weight] for place in (0, 1))
    if messages:
        kib = statistics.median(sizes) / 1024
        print(f"a click sends {statistics.median(messages):.0f} messages, {kib:.0f} KiB (median)")
    if encounter:
        clicks, seconds = (sum(one[place] for one in encounter) for place in (1, 2))
        print(f"{ENCOUNTER} answers, alone, first look to last posterior: {clicks} clicks, {seconds:.1f} s")
        for name, _, taken in encounter:
            print(f"  {taken:5.1f} s  {name}")
    print(f"errors: {len(errors)}" + (f", first: {errors[0]}" if errors else ""))
    if memory is not None:
        print(f"server's largest memory: {memory:.0f} MB")
    sys.exit(1 if errors else 0)


if __name__ == "__main__":
    main()
