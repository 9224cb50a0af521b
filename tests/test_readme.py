"""The README's commands and code run as they stand."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = [line[2:] for block in re.findall(r"```console\n(.*?)```", TEXT, re.S) for line in block.splitlines()]
PYTHON = re.findall(r"```python\n(.*?)```", TEXT, re.S)
OVERLAY = '[findings.slump.rows]\nstrain = { p = { positive = 0.3 }, weight = 4, estimate = "a made-up clinic" }\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with what the commands name."""
    shutil.copytree(ROOT / "analysis" / "cases", tmp_path / "analysis" / "cases")
    (tmp_path / "overlay.toml").write_text(OVERLAY, encoding="utf-8")
    return tmp_path


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_the_readme_shows_commands_and_code() -> None:
    assert len(COMMANDS) >= 5
    assert PYTHON


@pytest.mark.parametrize("command", COMMANDS)
def test_command_runs(command: str, folder: Path) -> None:
    name, *words = shlex.split(command)
    assert name == "thighdx"
    if "spark" in words and shutil.which("java") is None:
        pytest.skip("no Java; on Debian: apt-get install default-jre")
    done = run([sys.executable, "-m", "thighdx", *words], folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout or "--out" in words or (folder / words[-1]).is_file()


@pytest.mark.parametrize("code", PYTHON)
def test_code_runs(code: str, folder: Path) -> None:
    done = run([sys.executable, "-c", code], folder)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("target", re.findall(r"^    make (\w+)", TEXT, re.M))
def test_make_target_exists(target: str) -> None:
    """Read, not run: even a dry run would follow `$(MAKE)` and so start these tests within themselves."""
    targets = re.findall(r"^(\w+):.*## \w", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    assert target in targets


def test_links_lead_somewhere() -> None:
    for link in re.findall(r"\]\((?!http)([^)#]+)\)", TEXT):
        assert (ROOT / link).exists(), link


def test_the_population_shown_in_the_priors_readme_can_be_used(tmp_path: Path) -> None:
    text = (ROOT / "priors" / "README.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"```toml\n(.*?)```", text, re.S)
    file = tmp_path / "my_clinic.toml"
    file.write_text(shown, encoding="utf-8")
    done = run([sys.executable, "-m", "thighdx", "diagnose", "--population", str(file)], tmp_path)
    assert done.returncode == 0, done.stderr
    assert "my_clinic" in done.stdout
