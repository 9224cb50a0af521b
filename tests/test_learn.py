"""Learning gives back what cases were drawn from, within its stated error, and what it writes can be read."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.handmade import shipped
from tests.oracle import draw_cases, random_tables
from thighdx import TableError, load_knowledge
from thighdx.assess import get_model
from thighdx.audit import audit
from thighdx.engine import Engine
from thighdx.evidence import evidence
from thighdx.learning import Learnt, learn, learn_base_rates, write_learnt
from thighdx.learning.answers import CellBook, Counts, Known, Open
from thighdx.learning.blocks import Stock
from thighdx.learning.joint import Stated, learn_jointly
from thighdx.learning.learn import Learner, prior_weight
from thighdx.learning.network import Network
from thighdx.rows import Array
from thighdx.simulate import simulate
from thighdx.tables import build_tables
from thighdx.tomltext import toml_lines

NONE = np.zeros((0, 4))


def likelihoods(rng: np.random.Generator, cases: int, causes: int = 4) -> Array:
    return np.asarray(rng.gamma(0.5, size=(cases, causes)) + 1e-6)


# ------------------------------------------------------------------------------------------------------- base rates


def test_labelled_cases_are_counted_onto_the_pseudo_cases() -> None:
    before, counts = np.array([0.1, 0.2, 0.3, 0.4]), np.array([5.0, 0.0, 3.0, 2.0])
    found = learn_base_rates(before, 10.0, counts, NONE)
    np.testing.assert_allclose(found.after, (10 * before + counts) / 20)
    assert found.labelled == 10
    variance = found.after * (1 - found.after) / 20  # of a Dirichlet's mode, to the first order
    np.testing.assert_allclose(found.error, np.sqrt(variance), rtol=1e-9)


def test_without_cases_nothing_moves() -> None:
    before = np.array([0.1, 0.2, 0.3, 0.4])
    np.testing.assert_allclose(learn_base_rates(before, 10.0, np.zeros(4), NONE).after, before)


@given(seed=st.integers(0, 10_000), weight=st.floats(0.1, 100), cases=st.integers(0, 60))
def test_the_log_posterior_never_falls(seed: int, weight: float, cases: int) -> None:
    rng = np.random.default_rng(seed)
    before = rng.dirichlet(np.ones(4) * 2) * 0.99 + 0.0025
    counts = rng.integers(0, 5, size=4).astype(np.float64)
    found = learn_base_rates(before, weight, counts, likelihoods(rng, cases))
    steps = np.diff(found.trace)
    assert (steps >= -1e-9 * np.abs(found.trace[0])).all()
    assert found.after.sum() == pytest.approx(1)
    assert found.expected.sum() == pytest.approx(counts.sum() + cases)


def test_the_end_of_the_steps_is_the_maximum() -> None:
    """No other rates have a higher log posterior: scipy's own search ends at the same place."""
    from scipy.optimize import minimize

    rng = np.random.default_rng(1)
    before, counts, likelihood = np.full(4, 0.25), np.array([2.0, 1.0, 0.0, 4.0]), likelihoods(rng, 200)
    found = learn_base_rates(before, 5.0, counts, likelihood)

    def minus_log_posterior(free: Array) -> float:
        rates = np.exp(np.append(free, 0.0))
        rates /= rates.sum()
        return -float(((5 * before + counts) * np.log(rates)).sum() + np.log(likelihood @ rates).sum())

    best = np.exp(np.append(minimize(minus_log_posterior, np.zeros(3), tol=1e-12).x, 0.0))
    np.testing.assert_allclose(found.after, best / best.sum(), atol=1e-4)


def test_prior_shift_of_a_classifier_by_saerens() -> None:
    """Their algorithm on posteriors p(c|x) under old rates, written as they state it, gives the same new rates."""
    rng = np.random.default_rng(2)
    old, likelihood = np.array([0.4, 0.3, 0.2, 0.1]), likelihoods(rng, 500)
    posterior = likelihood * old / (likelihood @ old)[:, None]
    new = old.copy()
    for _ in range(5000):
        adjusted = posterior * new / old
        new = (adjusted / adjusted.sum(axis=1, keepdims=True)).mean(axis=0)
    found = learn_base_rates(old, 1e-9, np.zeros(4), likelihood)
    np.testing.assert_allclose(found.after, new, atol=1e-4)


def test_stated_errors_hold_the_truth_as_often_as_they_say() -> None:
    """Simulation-based: rates drawn from the prior, cases from the rates, half of them labelled."""
    rng = np.random.default_rng(3)
    tables = random_tables(rng, causes=(4, 4), findings=(6, 6), mechanisms=(0, 1), largest_joint=100_000)
    engine, before, weight = Engine(tables), np.array([0.4, 0.3, 0.2, 0.1]), 20.0
    inside = []
    for _ in range(150):
        rates = rng.dirichlet(weight * before)
        moved = type(tables)(tables.causes, rates, tables.mechanisms, tables.findings)
        drawn = draw_cases(moved, rng, 400)
        told = evidence((drawn.state + 1).astype(np.uint8), most_states=tables.most_states)
        likelihood = np.exp(engine.log_likelihood(told))[200:]
        counts = np.bincount(drawn.cause[:200], minlength=4).astype(np.float64)
        found = learn_base_rates(before, weight, counts, likelihood)
        inside.append(np.abs(found.after - rates) <= 1.96 * found.error)
    assert 0.91 <= np.mean(inside) <= 0.99


# ------------------------------------------------------------------------------------------------------- from cases


@cache
def cases() -> pd.DataFrame:
    """Cases of a population that is not the one learnt for."""
    return simulate(20_000, knowledge=shipped(), population="uniform", seed=11)


def check_recovered(found: Learnt, truth: Array) -> None:
    distance = np.abs(found.base_rates.after - truth)
    # the population is in error too: its own mix of age, sex and activity is not that of the cases
    assert (distance <= 5 * found.base_rates.error + 2e-3).all()


def test_base_rates_are_recovered_from_labels() -> None:
    found = learn(cases(), knowledge=shipped(), population="distance_runners")
    assert found.base_rates.labelled == len(cases())
    check_recovered(found, build_tables(shipped(), "uniform").prior)


def test_base_rates_are_recovered_without_labels() -> None:
    """From findings alone, by a population with the same mix and other base rates."""
    start = shipped().with_overlay(
        {
            "populations": {
                "uniform": {
                    "causes": {
                        "p": {"strain": 0.4, "lumbar_radiculopathy": 0.2},
                        "weight": 5,
                        "estimate": "a wrong start",
                    }
                }
            }
        }
    )
    found = learn(cases().drop(columns="diagnosis"), knowledge=start, population="uniform")
    assert found.base_rates.unlabelled == len(cases())
    assert not found.rows
    check_recovered(found, build_tables(shipped(), "uniform").prior)
    assert (np.diff(found.base_rates.trace) >= -1e-6).all()


def test_a_label_that_is_an_origin_rules_the_others_out() -> None:
    table = pd.DataFrame({"diagnosis": ["acute_hamstring"] * 40, "onset": ["sudden"] * 40})
    found = learn(table, knowledge=shipped(), population="uniform")
    acute = np.array([entry.origin == "acute_hamstring" for entry in shipped().content.causes.values()])
    assert found.base_rates.expected[acute].sum() == pytest.approx(40)
    assert found.base_rates.expected[~acute].sum() == pytest.approx(0)


def test_rows_are_pseudo_cases_and_counts() -> None:
    found = learn(cases(), knowledge=shipped(), population="uniform")
    tables = build_tables(shipped(), "uniform")
    assert len(found.rows) > 1000
    for row in found.rows[:200]:
        mine = cases()[cases()["diagnosis"] == row.cause][row.finding].value_counts()
        counts = np.array([mine.get(state, 0) for state in row.states], dtype=np.float64)
        assert list(row.counts) == counts.tolist()
        finding = tables.findings[tables.finding_index[row.finding]]
        before = finding.rows[tables.causes.index(row.cause)]
        expected = (row.weight * before + counts) / (row.weight + counts.sum())
        np.testing.assert_allclose(row.after, expected, atol=2e-3)  # the floor raises the rarest states
        assert row.told == pytest.approx(counts.sum() / (row.weight + counts.sum()))


def test_rows_are_those_of_pgmpys_estimator_with_the_same_pseudo_counts() -> None:
    from pgmpy.estimators import BayesianEstimator
    from pgmpy.models import DiscreteBayesianNetwork

    found = learn(cases(), knowledge=shipped(), population="uniform")
    rows = [row for row in found.rows if row.finding == "slump" and min(row.after) > 0.01]
    assert rows
    data = cases()[["diagnosis", "slump"]].dropna().astype(str)
    causes = sorted(data["diagnosis"].unique())
    network = DiscreteBayesianNetwork([("diagnosis", "slump")])
    estimator = BayesianEstimator(network, data)
    for row in rows[:5]:
        states = sorted(row.states)
        pseudo = np.array([[row.weight * row.before[row.states.index(state)]] * len(causes) for state in states])
        cpd = estimator.estimate_cpd("slump", prior_type="dirichlet", pseudo_counts=pseudo)
        for state in row.states:
            expected = cpd.get_value(slump=state, diagnosis=row.cause)
            assert row.after[row.states.index(state)] == pytest.approx(expected, abs=1e-9)


def test_faulty_rows_are_counted_and_teach_nothing() -> None:
    table = {"diagnosis": ["strain", "strian", "strain", ""], "onset": ["sudden", "sudden", "suddn", ""]}
    learner = Learner(get_model(shipped(), "uniform"))
    problems = learner.add(table, 4)
    found = learner.finish("the table", 1)
    assert [problem.row for problem in problems] == [1, 2]
    assert "'strian' is not a cause or an origin; nearest: strain" in problems[0].message
    assert found.faulty == 2
    assert (found.base_rates.labelled, found.base_rates.unlabelled) == (1, 1)


def test_a_table_without_a_readable_case_is_refused() -> None:
    with pytest.raises(TableError, match="no case to learn from"):
        learn(pd.DataFrame({"diagnosis": ["strian"]}), knowledge=shipped())
    with pytest.raises(TableError, match="no case to learn from"):
        learn(pd.DataFrame({"onset": []}), knowledge=shipped())


# -------------------------------------------------------------------------------------------------------- the files


def test_what_is_written_is_what_was_learnt(tmp_path: Path) -> None:
    found = learn(cases().iloc[:3000], knowledge=shipped(), population="distance_runners")
    write_learnt(found, shipped(), str(tmp_path / "learnt"))
    after = load_knowledge(tmp_path / "learnt" / "rows.toml", tmp_path / "learnt" / "population.toml")
    tables = build_tables(after, "learnt")
    np.testing.assert_allclose(tables.prior, found.base_rates.after, atol=1e-5)
    for row in found.rows:
        finding = tables.findings[tables.finding_index[row.finding]]
        np.testing.assert_allclose(finding.rows[tables.causes.index(row.cause)], row.after, atol=1e-5)
        assert after.content.findings[row.finding].rows[row.cause].weight <= after.content.thresholds.largest_weight
    report = json.loads((tmp_path / "learnt" / "report.json").read_text())
    assert len(report["rows"]) == len(found.rows)
    assert {"learnt_cases"} == {one.source for one in audit(after).figures if one.figure.startswith("learnt_")}


def test_nothing_is_written_over_or_left_behind(tmp_path: Path) -> None:
    found = learn(cases().iloc[:100], knowledge=shipped(), population="uniform")
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "mine.txt").write_text("mine")
    for place in (taken, taken / "mine.txt"):
        with pytest.raises(TableError, match="is there already"):
            write_learnt(found, shipped(), str(place))
    assert [path.name for path in tmp_path.rglob("*")] == ["taken", "mine.txt"]


def test_prior_weights_are_the_populations_own() -> None:
    for name, entry in shipped().content.populations.items():
        row = entry.causes or entry.origins
        assert row is not None
        assert prior_weight(shipped(), name) == row.weight


def test_tables_are_written_as_toml_that_reads_back() -> None:
    import tomli

    tables = {"a": {"b": {"p": {"x": 0.25, "y": 1e-06}, "note": 'a "quoted" \\ text', "list": ["s", "t"]}, "c": {}}}
    assert tomli.loads("".join(toml_lines(tables)))["a"]["b"] == tables["a"]["b"]


def test_rates_and_rows_of_cases_with_missing_answers_are_those_of_pyagrums_em() -> None:
    """The same net, half of its causes hidden and some answers missing: its EM ends at the same numbers."""
    import pyagrum

    rng = np.random.default_rng(5)
    tables = random_tables(rng, causes=(2, 2), findings=(3, 3), mechanisms=(0, 0), largest_joint=1000)
    drawn, known = draw_cases(tables, rng, 3000), np.arange(3000) < 1500
    names = {finding.id: finding.states for finding in tables.findings}
    codes = np.where(rng.random((3000, 3)) > 0.1, drawn.state + 1, 0).astype(np.uint8)
    data = pd.DataFrame({name: np.array(("?", *names[name]))[codes[:, n]] for n, name in enumerate(names)})
    data.insert(0, "cause", np.where(known, np.array(tables.causes)[drawn.cause], "?"))
    network = pyagrum.BayesNet()
    for name, states in {"cause": tables.causes, **names}.items():
        network.add(pyagrum.LabelizedVariable(name, "", list(states)))
    for name in names:
        network.addArc("cause", name)
    learner = pyagrum.BNLearner(data, network, ["?"])
    learner.useEM(1e-8)
    theirs = learner.learnParameters(network.dag())

    book, counts, all_rows = CellBook(tables), Counts(tables), np.ones(2, dtype=bool)
    cells = book.read(evidence(codes, most_states=tables.most_states))
    counts.add(drawn.cause[known], cells[known])
    stock = Stock(tables, book, Known(cells[:0], drawn.cause[:0]), Open(cells[~known], np.ones((1500, 2), dtype=bool)))
    stated = Stated(
        np.bincount(drawn.cause[known], minlength=2).astype(np.float64),
        [1e-9 * finding.rows for finding in tables.findings],
        [counts.of(number, len(one)) for number, one in enumerate(stock.likelihood)],
        [all_rows] * 3,
        learn_rates=True,
    )
    ours = learn_jointly(Network(()), stock, tables, stated, 1e-6).tables
    label = theirs.variable("cause").labels().index
    prior = theirs.cpt("cause").tolist()
    np.testing.assert_allclose(ours.prior, [prior[label(name)] for name in tables.causes], atol=3e-3)
    for finding in ours.findings:
        expected = [
            [theirs.cpt(finding.id)[{"cause": cause, finding.id: state}] for state in finding.states]
            for cause in tables.causes
        ]
        np.testing.assert_allclose(finding.rows, expected, atol=5e-3)
