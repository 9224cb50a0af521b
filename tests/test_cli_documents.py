"""`thighdx cause` and `thighdx model-card`: what they print and write, and that nothing is left where they fail."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.handmade import nearly, shipped
from thighdx.documents.causepage import cause_page


def run(*words: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "thighdx", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, check=False)


def test_a_cause_is_printed_and_its_json_is_the_librarys() -> None:
    done = run("cause", "deep_vein_thrombosis")
    assert done.returncode == 0, done.stderr
    for words in ("Deep vein thrombosis", "Dangerous to miss", "A worked example", "Sources"):
        assert words in done.stdout
    said = json.loads(run("cause", "strain", "--population", "over_60s", "--json").stdout)
    assert said == nearly(cause_page(shipped(), "strain", "over_60s").to_dict())


def test_a_common_name_of_one_cause_shows_its_page_and_says_the_id(tmp_path: Path) -> None:
    named, asked = run("cause", "Slipped-Disc"), run("cause", "lumbar_radiculopathy")
    assert (named.returncode, named.stdout) == (0, asked.stdout)
    (line,) = named.stderr.splitlines()
    assert line == "'Slipped-Disc' is a name of lumbar_radiculopathy, which is shown"
    assert asked.stderr == ""
    said = json.loads(run("cause", "sciatica", "--json").stdout)
    assert said["card"]["id"] == "lumbar_radiculopathy"
    assert run("cause", "sciatica", "--out", tmp_path / "page.md").returncode == 0
    assert run("diagnose", "--cause", "sciatica").returncode == 2


@pytest.mark.parametrize("ending", ["md", "html"])
def test_one_page_to_a_file(ending: str, tmp_path: Path) -> None:
    done = run("cause", "tumour", "--out", tmp_path / f"tumour.{ending}")
    assert done.returncode == 0, done.stderr
    text = (tmp_path / f"tumour.{ending}").read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>" if ending == "html" else "# ")
    assert "Bone or soft-tissue tumour" in text


def test_all_pages_with_an_overlay_of_ones_own(tmp_path: Path) -> None:
    overlay = tmp_path / "overlay.toml"
    overlay.write_text(
        '[findings.slump.rows]\nstrain = { p = { positive = 0.3 }, weight = 4, estimate = "a made-up clinic" }\n',
        encoding="utf-8",
    )
    done = run("cause", "--all", "--out", tmp_path / "new" / "pages", "--html", "--priors", overlay)
    assert done.returncode == 0, done.stderr
    names = {one.name for one in (tmp_path / "new" / "pages").iterdir()}
    assert names == {"index.html", *(f"{cause}.html" for cause in shipped().causes)}
    assert shipped().digest not in (tmp_path / "new" / "pages" / "strain.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("ending", ["md", "html", "json"])
def test_the_model_card_by_its_ending(ending: str, tmp_path: Path) -> None:
    done = run("model-card", tmp_path / f"card.{ending}")
    assert done.returncode == 0, done.stderr
    text = (tmp_path / f"card.{ending}").read_text(encoding="utf-8")
    assert shipped().digest in text
    assert ending != "json" or json.loads(text)["figures"]["counts"]["causes"] == len(shipped().causes)
    assert run("model-card", "-").stdout.startswith("# Model card")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["cause"], "name a cause"),
        (["cause", "strain", "--all", "--out", "x"], "one of the two"),
        (["cause", "--all"], "--all needs --out"),
        (["cause", "strian"], "nearest: strain"),
        (["cause", "bursitis"], "Ischial (ischiogluteal) bursitis) or pes_anserine_bursitis ("),
        (["cause", "strain", "--out", "x.pdf"], "ending '.pdf'"),
        (["cause", "strain", "--json", "--out", "x.md"], "--json prints one cause"),
        (["cause", "strain", "--html"], "--html is for --all"),
        (["cause", "strain", "--out", "nofolder/x.md"], "cannot be written"),
        (["cause", "--all", "--out", "taken"], "is a file"),
        (["model-card"], "Missing argument"),
        (["model-card", "card.pdf"], "ending '.pdf'"),
        (["model-card", "nofolder/card.md"], "cannot be written"),
        (["model-card", "card.md", "--population", "nobody"], "nobody"),
    ],
)
def test_what_cannot_be_done_is_said_and_leaves_nothing(words: list[str], said: str, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("x", encoding="utf-8")
    done = run(*words, cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert [one.name for one in tmp_path.iterdir()] == ["taken"]
