"""What all tests share: hypothesis profiles, skips that count as failures, Chromium, and running Streamlit servers.

The environment variables: THIGHDX_FORBID_SKIPS=1 turns every skipped test into a failure, since in CI a check that
did not run is no check; HYPOTHESIS_PROFILE chooses between `dev` (new examples each run) and `ci` (the same ones).
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

import pytest
from hypothesis import settings

from tests.handmade import write_priors
from thighdx import Knowledge, load_knowledge

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from playwright.sync_api import Browser

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)

ROOT = Path(__file__).resolve().parents[1]
FORBID_SKIPS = os.environ.get("THIGHDX_FORBID_SKIPS") == "1"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
NO_CHROMIUM = "no Chromium on the PATH; on Debian: apt-get install chromium"
# No sandbox: root, as in CI, cannot have one. The rest keeps the browser from talking to anyone but the page.
CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SERVER_START_SECONDS = 90  # the first start on a slow machine also compiles some thousand modules

# No deadline: a slow machine is no wrong result.
settings.register_profile("dev", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if FORBID_SKIPS else "dev"))


# ------------------------------------------------------------------------------------------------------- small priors


@pytest.fixture(scope="module")
def knowledge(tmp_path_factory: pytest.TempPathFactory) -> Knowledge:
    """The small priors of `tests.handmade`; a test module may have others under this name."""
    return load_knowledge(write_priors(tmp_path_factory.mktemp("priors")))


# ---------------------------------------------------------------------------------------------- what runs, and where


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Browser tests are skipped where there is no Chromium."""
    if CHROMIUM is None and item.get_closest_marker("browser"):
        pytest.skip(NO_CHROMIUM)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    return _without_skip((yield))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    return _without_skip((yield))


def _without_skip(report: Report) -> Report:
    """The report, failed instead of skipped where skips are forbidden. An expected failure is no skip."""
    if FORBID_SKIPS and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"THIGHDX_FORBID_SKIPS=1 forbids skips. {reason}"
    return report


# ------------------------------------------------------------------------------------------------------------ servers


class Served(NamedTuple):
    """A Streamlit server that answers: its address, and the file that holds what it printed."""

    url: str
    log: Path


class Serve(Protocol):
    """How the `serve` fixture is called."""

    def __call__(
        self, command: Sequence[str | Path], *, cwd: Path, env: Mapping[str, str] | None = None
    ) -> AbstractContextManager[Served]: ...


def clean_environment() -> dict[str, str]:
    """This process's environment without what would lead a child to other packages or to Streamlit settings."""
    return {
        name: value
        for name, value in os.environ.items()
        if name not in {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"} and not name.startswith("STREAMLIT_")
    }


@pytest.fixture(scope="session")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Serve:
    """Start a command that serves a Streamlit page; it ends with the `with` block.

    It runs as on a machine that has never seen Streamlit (an empty HOME), without a display and without standard
    input, on a free port; `env` is put on top.
    """

    @contextmanager
    def start(command: Sequence[str | Path], *, cwd: Path, env: Mapping[str, str] | None = None) -> Iterator[Served]:
        home = tmp_path_factory.mktemp("home")
        log = home / "server.log"
        with socket.create_server(("localhost", 0)) as probe:
            port = probe.getsockname()[1]
        environment = clean_environment() | {
            "HOME": str(home),
            "STREAMLIT_SERVER_PORT": str(port),
            "STREAMLIT_SERVER_FILE_WATCHER_TYPE": "none",
        }
        for display in ("DISPLAY", "WAYLAND_DISPLAY"):
            environment.pop(display, None)
        with log.open("wb") as output:
            process = subprocess.Popen(
                [str(part) for part in command],
                cwd=cwd,
                env=environment | dict(env or {}),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            url = f"http://localhost:{port}"
            _await_health(process, url, log)
            yield Served(url, log)
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    return start


def _await_health(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    """Return once Streamlit's health check answers `ok`; fail with what the server printed if it does not."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # a proxy knows no localhost
    give_up = time.monotonic() + SERVER_START_SECONDS
    while time.monotonic() < give_up and process.poll() is None:
        try:
            with direct.open(f"{url}/_stcore/health", timeout=5) as answer:
                if answer.read().strip() == b"ok":
                    return
        except OSError:
            pass
        time.sleep(0.1)
    ended = f"ended with status {process.returncode}" if process.returncode is not None else "did not answer"
    pytest.fail(f"The server at {url} {ended}. It printed:\n{log.read_text(errors='replace')}", pytrace=False)


@pytest.fixture(scope="session")
def page_server(serve: Serve) -> Iterator[str]:
    """The address of this checkout's page, served by `streamlit run app.py` with this interpreter."""
    command = [sys.executable, "-m", "streamlit", "run", "app.py"]
    with serve(command, cwd=ROOT, env={"STREAMLIT_SERVER_HEADLESS": "true"}) as served:
        yield served.url


# ------------------------------------------------------------------------------------------------------------ browser


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the machine's Chromium."""
    if CHROMIUM is None:
        pytest.skip(NO_CHROMIUM)
    return CHROMIUM


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    """The machine's Chromium under Playwright; open a page of your own with `browser.new_page()`, and close it.

    Once it runs, `asyncio.run` fails in the same process: Playwright keeps a loop running (notebooks and AppTest work).
    """
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGS)
        yield launched
        launched.close()
