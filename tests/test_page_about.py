"""The page About: that its figures are measured and of the priors in use, and what is said when they are not."""

from __future__ import annotations

import importlib.util
import json
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from tests.handmade import shipped
from thighdx import __version__
from thighdx.charts_performance import reliability_chart, stage_chart
from thighdx.evaluation.performance import NAME, performance
from thighdx.page.launch import SETTINGS
from thighdx.versions import libraries
from thighdx.wording import percent

ROOT = Path(__file__).resolve().parents[1]


def _draw() -> None:
    from thighdx import load_knowledge
    from thighdx.page import about

    about.draw(load_knowledge(), "uniform")


def _draw_other_priors() -> None:
    from thighdx import load_knowledge
    from thighdx.page import about

    overlay = {"causes": {"strain": {"name": "Another name"}}}
    about.draw(load_knowledge().with_overlay(overlay), "uniform")


def open_page(draw: Any = _draw) -> AppTest:
    page = AppTest.from_function(draw, default_timeout=60).run()
    assert not page.exception, page.exception
    return page


def text_of(page: AppTest) -> str:
    said = (*page.markdown, *page.caption, *page.header, *page.warning)
    return "\n".join([*(str(element.value) for element in said), *(element.proto.body for element in page.get("html"))])


def test_the_figures_are_what_the_model_does_on_the_published_cases() -> None:
    """When this fails: python analysis/performance.py."""
    place = ROOT / "analysis" / "performance.py"
    spec = importlib.util.spec_from_file_location("performance_script", place)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    kept = (files("thighdx.evaluation") / NAME).read_text(encoding="utf-8")
    measured, kept_figures = json.loads(script.measure().to_json()), json.loads(kept)
    assert measured.keys() == kept_figures.keys()
    assert measured["priors_digest"] == kept_figures["priors_digest"], "run: python analysis/performance.py"
    assert _numbers(measured) == pytest.approx(_numbers(kept_figures), abs=2e-6), "run: python analysis/performance.py"


def _numbers(value: Any) -> list[float]:
    if isinstance(value, dict):
        return [number for inner in value.values() for number in _numbers(inner)]
    if isinstance(value, list):
        return [number for inner in value for number in _numbers(inner)]
    return [float(value)] if isinstance(value, int | float) else []


def test_the_page_says_what_it_is_not_for_and_shows_the_measured_figures() -> None:
    told = text_of(open_page())
    assert "Not a medical device" in told
    assert __version__ in told
    assert shipped().digest in told
    found = performance()
    for measure in (found.leads, found.first_three, found.missed, found.over_triage):
        assert measure.value is not None
        assert percent(measure.value) in told
    assert "other priors" not in told


def test_figures_of_other_priors_are_marked_as_such() -> None:
    assert "These figures are of other priors than those in use" in text_of(open_page(_draw_other_priors))


def test_every_stage_and_bin_is_in_the_charts() -> None:
    found = performance()
    for dark in (False, True):
        spec = stage_chart(found, {one.id: one.id for one in found.stages}, dark=dark).to_dict()
        (rows,) = spec["datasets"].values()
        assert len(rows) == 2 * len(found.stages)
        rows = max(reliability_chart(found, dark=dark).to_dict()["datasets"].values(), key=len)
        assert sum(row["count"] for row in rows) == found.cases


def test_the_libraries_are_those_of_the_package() -> None:
    stated = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    names = {one.name.casefold() for one in libraries()}
    assert names <= {requirement.split(">")[0].casefold() for requirement in stated}
    assert {"streamlit", "numpy"} <= names
    assert all(one.licence for one in libraries())


def test_a_checkout_and_a_wheel_have_the_same_settings() -> None:
    """`streamlit run app.py` reads config.toml; an installed wheel has none, so `thighdx app` passes them."""
    tables = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    config = dict(_flat(tables))
    passed = {name: value for name, value in SETTINGS.items() if name != "server.fileWatcherType"}
    assert config == passed


def _flat(table: dict[str, Any], before: str = "") -> list[tuple[str, str]]:
    found = []
    for key, value in table.items():
        if isinstance(value, dict):
            found += _flat(value, f"{before}{key}.")
        else:
            found.append((f"{before}{key}", str(value).lower() if isinstance(value, bool) else str(value)))
    return found


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("server.address", "localhost"),
        ("server.enableXsrfProtection", "true"),
        ("browser.gatherUsageStats", "false"),
        ("client.showErrorDetails", "none"),
        ("server.maxUploadSize", "20"),
    ],
)
def test_what_keeps_visitors_safe_is_set(name: str, value: str) -> None:
    assert SETTINGS[name] == value
