"""Changes of a model: what moved, saved and laid over again; rows from what people know."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta

from tests.handmade import shipped
from thighdx import ThighdxError, load_knowledge
from thighdx.assess import get_model
from thighdx.cases import read_columns
from thighdx.cli import cli
from thighdx.exchange import export_network, network_model
from thighdx.tuning import (
    diff_models,
    from_counts,
    from_likelihood_ratio,
    from_quantiles,
    from_sensitivity,
    overlay_text,
    save_overlay,
)


def test_nothing_moves_from_a_model_to_itself() -> None:
    model = get_model(shipped(), "uniform")
    found = diff_models(model, model, read_columns(shipped(), {"onset": ["sudden", ""]}, 2))
    assert not found.tables
    assert [case.moved for case in found.cases] == [0, 0]
    assert found.leaders_changed == 0


def test_a_changed_row_is_found_with_its_numbers_and_no_other() -> None:
    changed = shipped().with_row("slump", "strain", {"positive": 0.4}, weight=4, estimate="a try")
    found = diff_models(get_model(shipped(), "uniform"), get_model(changed, "uniform"))
    before = shipped().content.findings["slump"].rows["strain"]
    assert {(one.table, one.cause, one.state) for one in found.changes} == {
        ("slump", "strain", "positive"),
        ("slump", "strain", "negative"),
    }
    (positive,) = (one for one in found.changes if one.state == "positive")
    assert positive.after == pytest.approx(0.4)
    assert positive.before == pytest.approx(dict(getattr(before, "p", {}))["positive"])
    assert {one.table for one in found.conditional} <= {"slump"}
    assert [name for name, *_ in found.tables] == ["slump"]


def test_changed_base_rates_are_found_and_cases_move_as_the_engine_says() -> None:
    changed = shipped().with_origins("distance_runners", {"acute_hamstring": 0.5})
    before, after = get_model(shipped(), "distance_runners"), get_model(changed, "distance_runners")
    cases = read_columns(shipped(), {"onset": ["sudden", "gradual", "odd"]}, 3)
    found = diff_models(before, after, cases)
    assert {one.table for one in found.changes} == {"cause"}
    assert len(found.cases) == 2  # the third cannot be read
    first, second = (model.engine.posterior(cases.evidence).probability for model in (before, after))
    for case in found.cases:
        distance = np.abs(first[case.row - 1] - second[case.row - 1]).sum() / 2
        assert case.moved == pytest.approx(distance)
    assert found.leaders_changed == sum(first[row].argmax() != second[row].argmax() for row in (0, 1))


def test_moved_cases_are_named_by_their_ids_and_by_their_row_where_there_is_none(tmp_path: Path) -> None:
    overlay, cases = tmp_path / "o.toml", tmp_path / "c.csv"
    overlay.write_text(
        '[findings.onset]\nbackground = { p = { sudden = 0.6, gradual = 0.3 }, weight = 4, estimate = "a try" }\n'
    )
    words = ["diff", str(overlay), "--cases", str(cases), "--population", "uniform", "--all"]

    def told(table: str) -> list[list[str]]:
        cases.write_text(table)
        lines = CliRunner().invoke(cli, words).output.splitlines()
        shown = lines[[line.startswith("Case ") for line in lines].index(True) + 1 :]
        return sorted(re.split(r"  +", line)[0].split() for line in shown)

    rows = ["slump,case_id,onset", "positive,p1,sudden", ",,gradual", ",twice,odd", ",p2,sudden", ",twice,gradual"]
    named = told("\n".join([*rows, "positive,twice,sudden\n"]))
    assert named == [["p1"], ["p2"], ["row", "2"], ["twice", "(row", "5)"], ["twice", "(row", "6)"]]
    assert told("onset\nsudden\ngradual\n") == [["row", "1"], ["row", "2"]]
    said = json.loads(CliRunner().invoke(cli, [*words, "--json"]).output)
    assert sorted((case["row"], case["case_id"]) for case in said["cases"]) == [(1, ""), (2, "")]


def test_a_network_edited_elsewhere_is_compared(tmp_path: Path) -> None:
    changed = shipped().with_row("slump", "strain", {"positive": 0.4}, weight=4, estimate="a try")
    export_network(get_model(changed, "uniform"), str(tmp_path / "edited.xdsl"))
    edited = network_model(str(tmp_path / "edited.xdsl"), shipped(), "uniform")
    by_file = diff_models(get_model(shipped(), "uniform"), edited)
    by_row = diff_models(get_model(shipped(), "uniform"), get_model(changed, "uniform"))
    assert [(one.table, one.cause, one.state) for one in by_file.changes] == [
        (one.table, one.cause, one.state) for one in by_row.changes
    ]


def test_models_of_other_causes_are_not_compared(knowledge: object) -> None:
    from thighdx import Knowledge

    assert isinstance(knowledge, Knowledge)
    with pytest.raises(ThighdxError, match="same causes"):
        diff_models(get_model(shipped()), get_model(knowledge))


def test_a_saved_change_laid_over_again_gives_the_same_priors(tmp_path: Path) -> None:
    changed = shipped().with_row("slump", "strain", {"positive": 0.4}, weight=4, estimate='said "so"\nby me')
    changed = changed.with_origins("distance_runners", {"acute_hamstring": 0.2}, estimate="a club")
    changed = changed.with_overlay({"thresholds": {"floor": 0.002}})
    path = tmp_path / "change.toml"
    save_overlay(shipped(), changed, path, who="A. Clinician", why="our own\ncases")
    assert load_knowledge(path).digest == changed.digest
    text = path.read_text()
    assert "# who: A. Clinician" in text
    assert "# cases" in text
    assert shipped().digest in text


def test_every_kind_of_table_can_be_saved() -> None:
    """The shipped priors themselves, written and read back."""
    import tomli

    from thighdx.reading import thawed
    from thighdx.tomltext import toml_lines

    tables = thawed(shipped().document.tables)
    assert tomli.loads("".join(f"{key} = {value!r}\n" for key, value in [("format", 1)])) == {"format": 1}
    scalars = {key: value for key, value in tables.items() if not isinstance(value, dict)}
    rest = {key: value for key, value in tables.items() if isinstance(value, dict)}
    read = tomli.loads("".join(toml_lines({**scalars, **rest})))
    assert read == tables


def test_what_cannot_be_saved_is_said() -> None:
    with pytest.raises(ThighdxError, match="nothing to save"):
        overlay_text(shipped(), shipped(), who="x", why="y")
    alike = {"p": {}, "weight": 1, "estimate": "a try"}
    more = shipped().with_overlay({"populations": {"more": {"name": "x", "description": "y", "causes": alike}}})
    with pytest.raises(ThighdxError, match=r"populations\.more is gone, which no overlay can say"):
        overlay_text(more, shipped(), who="x", why="y")


# ------------------------------------------------------------------------------------------------------ elicitation


@given(mean=st.floats(0.05, 0.95), weight=st.floats(3, 200))
def test_quantiles_of_a_beta_give_the_beta_back(mean: float, weight: float) -> None:
    quantiles = {level: float(beta.ppf(level, mean * weight, (1 - mean) * weight)) for level in (0.05, 0.5, 0.95)}
    if min(quantiles.values()) < 1e-4 or max(quantiles.values()) > 1 - 1e-4:
        return
    found = from_quantiles(quantiles)
    assert found.remark is None
    assert found.probability == pytest.approx(mean, abs=0.01)
    assert found.weight == pytest.approx(weight, rel=0.1)


def test_quantiles_no_beta_has_are_said_to_fit_badly() -> None:
    assert "fits badly" in str(from_quantiles({0.05: 0.1, 0.5: 0.15, 0.95: 0.9}).remark)


@pytest.mark.parametrize("quantiles", [{0.5: 0.3}, {0.1: 0.5, 0.9: 0.2}, {0.0: 0.1, 0.9: 0.2}, {0.1: 0.0, 0.9: 0.2}])
def test_quantiles_that_cannot_be_are_refused(quantiles: dict[float, float]) -> None:
    with pytest.raises(ValueError, match="accepted"):
        from_quantiles(quantiles)


def test_counts_sensitivities_and_ratios() -> None:
    assert from_counts(3, 12, worth=0.5).probability == 0.25
    assert from_counts(3, 12, worth=0.5).weight == 6
    positive, others = from_sensitivity(0.9, 0.8, 40, 60)
    assert (positive.probability, positive.weight) == (0.9, 40)
    assert others.probability == pytest.approx(0.2)
    assert others.weight == 60
    assert from_likelihood_ratio(4.0, 0.2, weight=5).probability == pytest.approx(0.8)
    assert from_likelihood_ratio(4.9, 0.2, weight=5).remark is not None


@pytest.mark.parametrize(
    "call",
    [
        lambda: from_counts(5, 4),
        lambda: from_counts(0, 0),
        lambda: from_sensitivity(1.2, 0.5, 10, 10),
        lambda: from_sensitivity(0.9, 0.5, 0, 10),
        lambda: from_likelihood_ratio(6.0, 0.2, weight=5),
        lambda: from_likelihood_ratio(0.0, 0.2, weight=5),
    ],
)
def test_what_cannot_be_is_refused(call: object) -> None:
    assert callable(call)
    with pytest.raises(ValueError, match="accepted"):
        call()
