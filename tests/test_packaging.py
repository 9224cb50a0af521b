"""The built wheel, installed alone: what a user gets who has no checkout."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tarfile
import time
import tomllib
import urllib.request
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.conftest import Serve

ROOT = Path(__file__).resolve().parents[1]
PRIORS = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "priors").rglob("*.toml"))

pytestmark = pytest.mark.slow


def run(command: Sequence[str | Path], cwd: Path) -> str:
    """What the command prints; its messages are shown if it fails."""
    leading = {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"}  # to other packages than the interpreter's own
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={name: value for name, value in os.environ.items() if name not in leading},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        words = " ".join(str(part) for part in command)
        pytest.fail(f"{words}\nended with status {done.returncode}\n{done.stdout}\n{done.stderr}", pytrace=False)
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the sdist, and with the wheel that was built from it."""
    folder = tmp_path_factory.mktemp("built")
    run([sys.executable, "-m", "build", "--outdir", folder, ROOT], cwd=folder)
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    (wheel,) = built.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The commands of a new environment that holds the wheel and its core dependencies, nothing else."""
    environment = tmp_path_factory.mktemp("installed") / "env"
    run([sys.executable, "-m", "venv", environment], cwd=wheel.parent)
    commands = environment / "bin"
    # --no-compile: of all the modules installed few are imported here.
    install = ["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check", "--no-compile"]
    run([commands / "python", *install, wheel], cwd=wheel.parent)
    return commands


def test_the_wheel_holds_the_package_and_all_priors(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert PRIORS
    data = {"thighdx/page/reference.css", "thighdx/page/style.css", "thighdx/evaluation/performance.json"}
    assert {f"thighdx/{name}" for name in PRIORS} | {"thighdx/py.typed", "thighdx/page/main.py"} | data <= set(names)
    assert {name.split("/")[0].split("-")[0] for name in names} == {"thighdx"}


def test_the_sdist_holds_nothing_but_what_is_named(built: Path) -> None:
    """Case tables lie about in a checkout, so none may slip in."""
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        top = {Path(name).parts[1] for name in archive.getnames()}
    metadata = {"pyproject.toml", "PKG-INFO", "LICENSE", "README.md", ".gitignore"}
    assert top - metadata == {"model", "priors", "tests", "app.py"}


def test_the_wheel_is_what_python_imports(installed: Path, tmp_path: Path) -> None:
    """The tests below meet the wheel's modules, not the checkout's."""
    imported = run([installed / "python", "-c", "import thighdx; print(thighdx.__file__)"], cwd=tmp_path)
    assert Path(imported.strip()).is_relative_to(installed.parent)


def test_the_priors_are_found_in_the_package(installed: Path, tmp_path: Path) -> None:
    script = "from importlib.resources import files; print(files('thighdx') / 'priors' / 'vocabulary.toml')"
    found = Path(run([installed / "python", "-c", script], cwd=tmp_path).strip())
    assert found.read_bytes() == (ROOT / "priors" / "vocabulary.toml").read_bytes()


def test_the_command_knows_its_version(installed: Path, wheel: Path, tmp_path: Path) -> None:
    version = wheel.name.split("-")[1]
    assert version in run([installed / "thighdx", "--version"], cwd=tmp_path)


def test_a_case_is_diagnosed(installed: Path, tmp_path: Path) -> None:
    answer = run([installed / "thighdx", "diagnose", "onset=sudden", "pop_felt=yes", "--json"], cwd=tmp_path)
    assert "avulsion" in json.dumps(json.loads(answer))


def test_the_page_draws(installed: Path, tmp_path: Path) -> None:
    script = """
from streamlit.testing.v1 import AppTest
page = AppTest.from_string("from thighdx.page.main import main; main()", default_timeout=60).run()
assert not page.exception, page.exception
"""
    run([installed / "python", "-c", script], cwd=tmp_path)


@pytest.mark.parametrize("source", ["wheel", "checkout"])
def test_the_page_starts_without_a_question(
    source: str, request: pytest.FixtureRequest, tmp_path: Path, serve: Serve
) -> None:
    """Neither start waits for an e-mail address, on a machine with a display that has never seen Streamlit."""
    opener = tmp_path / "bin"  # stands in for the desktop's, so that no browser opens
    opener.mkdir()
    for name in ("xdg-open", "open"):
        (opener / name).symlink_to("/bin/true")
    env = {"DISPLAY": ":99", "PATH": f"{opener}{os.pathsep}{os.environ['PATH']}"}
    if source == "wheel":
        command, cwd = [request.getfixturevalue("installed") / "thighdx", "app"], tmp_path
    else:
        command, cwd = [sys.executable, "-m", "streamlit", "run", "app.py"], ROOT
    with serve(command, cwd=cwd, env=env) as served:
        printed = served.log.read_text().lower()
    assert "email" not in printed
    assert "usage statistics" not in printed


def test_the_installed_page_has_the_settings_of_the_checkout(installed: Path, tmp_path: Path, serve: Serve) -> None:
    """Read from the process that serves, not from the list that it was to be given."""
    asked = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    wanted = {
        "server.address": "localhost",
        "browser.gatherUsageStats": False,
        "server.maxUploadSize": asked["server"]["maxUploadSize"],
        "client.showErrorDetails": "none",
        "theme.light.primaryColor": asked["theme"]["light"]["primaryColor"],
        "theme.dark.primaryColor": asked["theme"]["dark"]["primaryColor"],
    }
    told = tmp_path / "settings.json"
    script = f"""
import json, sys, threading, time
from pathlib import Path

def tell():
    from streamlit import config
    from streamlit.runtime import exists
    while not exists():
        time.sleep(0.05)
    Path({str(told)!r}).write_text(json.dumps({{name: config.get_option(name) for name in {list(wanted)!r}}}))

threading.Thread(target=tell, daemon=True).start()
from thighdx.cli import main
sys.argv = ["thighdx", "app"]
main()
"""
    with serve([installed / "python", "-c", script], cwd=tmp_path) as served:
        port = int(served.url.rpartition(":")[2])
        give_up = time.monotonic() + 30
        while not told.exists() and time.monotonic() < give_up:
            time.sleep(0.1)
        assert json.loads(told.read_text()) == wanted
        page = urllib.request.build_opener(urllib.request.ProxyHandler({})).open(served.url, timeout=10).read()
        assert b"<html" in page
        for address in _other_addresses():
            with pytest.raises(OSError):  # noqa: PT011 - refused or unreachable, in the words of the machine
                socket.create_connection((address, port), timeout=2).close()


def _other_addresses() -> list[str]:
    """This machine's addresses that others could reach."""
    found = {str(one[4][0]) for one in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, suppress(OSError):
        probe.connect(("192.0.2.1", 9))  # of the documentation; nothing is sent
        found.add(probe.getsockname()[0])
    return sorted(one for one in found if not one.startswith("127."))
