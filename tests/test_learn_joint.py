"""Rows learnt from cases of unknown or half-known cause and from soft answers: by EM, exact, and never falling."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.handmade import shipped
from tests.test_learn_levels import Setting, setting, small
from thighdx.engine import Engine
from thighdx.evaluation.flat import flatten
from thighdx.learning import Learnt, learn
from thighdx.learning.answers import CellBook, Counts, Known, Open, learn_rows
from thighdx.learning.blocks import Stock
from thighdx.learning.joint import FittedRows, Stated, learn_jointly, with_enough
from thighdx.learning.network import Network
from thighdx.rows import Array
from thighdx.simulate import simulate
from thighdx.tables import Tables, build_tables

FLOOR = 0.001


def stated_of(at: Setting, weight: float, *, learn_rates: bool = True) -> Stated:
    counts = Counts(at.tables)
    cells = CellBook(at.tables).read(at.told)
    counts.add(at.cause[: at.known], cells[: at.known])
    causes = len(at.tables.causes)
    return Stated(
        weight * at.tables.prior + np.bincount(at.cause[: at.known], minlength=causes),
        [weight * finding.rows for finding in at.tables.findings],
        [counts.of(number, len(likelihood)) for number, likelihood in enumerate(at.stock.likelihood)],
        [np.ones(causes, dtype=bool)] * len(at.tables.findings),
        learn_rates,
    )


def fitted(at: Setting, weight: float = 4.0) -> FittedRows:
    return learn_jointly(at.network, at.stock, at.tables, stated_of(at, weight), FLOOR)


def log_posterior(at: Setting, tables: Tables, stated: Stated) -> float:
    """By the engine for cases of unknown cause, by margins for the answers of the others."""
    joint = Engine(tables).log_likelihood(at.told)[at.known :] + np.log(tables.prior)
    total = np.logaddexp.reduce(np.where(at.stock.may_be, joint, -np.inf), axis=1).sum()
    total += (stated.rates * np.log(tables.prior)).sum()
    for number, finding in enumerate(tables.findings):
        total += (stated.rows[number] * np.log(finding.rows)).sum()
        total += (stated.seen[number] * np.log(finding.rows @ at.stock.likelihood[number].T)).sum()
    return float(total)


@settings(max_examples=15)
@given(seed=st.integers(0, 10_000), weight=st.floats(0.5, 50), known=st.integers(0, 100))
def test_the_log_posterior_never_falls(seed: int, weight: float, known: int) -> None:
    at = setting(seed, 120, known=known)
    found = fitted(at, weight)
    assert (np.diff(found.trace) >= -1e-9 * abs(found.trace[0])).all()
    stated = stated_of(at, weight)
    gain = log_posterior(at, found.tables, stated) - log_posterior(at, at.tables, stated)
    assert gain == pytest.approx(found.trace[-1] - found.trace[0], abs=1e-6)
    for finding in found.tables.findings:
        assert finding.rows.min() >= FLOOR * (1 - 1e-9)
        np.testing.assert_allclose(finding.rows.sum(axis=1), 1)


def test_small_moves_from_the_end_gain_nothing() -> None:
    at = setting(3, 300, known=100)
    found, stated, rng = fitted(at), stated_of(at, 4.0), np.random.default_rng(0)
    best = log_posterior(at, found.tables, stated)
    for _ in range(60):
        rows = [finding.rows * np.exp(rng.normal(0, 0.02, finding.rows.shape)) for finding in found.tables.findings]
        rows = [one / one.sum(axis=1, keepdims=True) for one in rows]
        prior = found.tables.prior * np.exp(rng.normal(0, 0.02, len(at.tables.causes)))
        assert (
            log_posterior(at, at.network.tables(found.tables, rows=rows, prior=prior / prior.sum()), stated)
            < best + 1e-3
        )


def test_expected_answers_sum_to_the_answers_given() -> None:
    at = setting(2, 150, known=50)
    found = fitted(at)
    cells = CellBook(at.tables).read(at.told)
    for number, expected in enumerate(found.expected):
        assert expected.sum() == pytest.approx((cells[:, number] > 0).sum())
        assert (found.sure[number] <= expected.sum(axis=1) + 1e-9).all()


def test_of_naive_bayes_with_known_causes_it_is_counting() -> None:
    """Flat templates, and cases put in as if unknown but with a single cause possible: pseudo-cases and counts."""
    knowledge = flatten(small())
    tables = build_tables(knowledge)
    at = setting(1, 200, known=0)
    codes = (at.told.codes).copy()
    told = replace(
        at.told,
        codes=codes,
        soft_case=at.told.soft_case[:0],
        soft_finding=at.told.soft_finding[:0],
        soft_likelihood=at.told.soft_likelihood[:0],
    )
    book = CellBook(tables)
    cells = book.read(told)
    stock = Stock(tables, book, Known(cells[:0], at.cause[:0]), Open(cells, np.eye(3, dtype=bool)[at.cause]))
    here = Setting(tables, Network.of(knowledge, tables), stock, told, at.cause, 0)
    found = fitted(here)
    for number, finding in enumerate(tables.findings):
        counts = np.zeros_like(finding.rows)
        known = codes[:, number] > 0
        np.add.at(counts, (at.cause[known], codes[known, number] - 1), 1.0)
        expected = (4 * finding.rows + counts) / (4 + counts.sum(axis=1, keepdims=True))
        np.testing.assert_allclose(found.tables.findings[number].rows, expected, atol=2e-4)


def test_rows_with_too_few_expected_answers_are_held() -> None:
    at = setting(5, 60, known=20)
    stated = with_enough(stated_of(at, 4.0), at.stock, at.tables, 15.0)
    assert any(one.any() for one in stated.free)
    assert not all(one.all() for one in stated.free)
    found = learn_jointly(at.network, at.stock, at.tables, stated, FLOOR)
    for new, old, free in zip(found.tables.findings, at.tables.findings, stated.free, strict=True):
        np.testing.assert_array_equal(new.rows[~free], old.rows[~free])


# ----------------------------------------------------------------------------------------------- soft answers alone


def mixture_maximum(before: Array, weight: float, vectors: Array) -> Array:
    """The same by scipy's search over one row."""
    from scipy.optimize import minimize

    def minus(free: Array) -> float:
        row = np.exp(np.append(free, 0.0))
        row /= row.sum()
        return -float((weight * before * np.log(row)).sum() + np.log(vectors @ row).sum())

    best = np.exp(np.append(minimize(minus, np.zeros(len(before) - 1), tol=1e-12).x, 0.0))
    return np.asarray(best / best.sum())


def test_soft_and_one_of_answers_count_by_what_they_leave_open() -> None:
    before = np.array([[0.5, 0.3, 0.2]])
    likelihood = np.vstack([np.ones(3), np.eye(3), [0.8, 0.1, 0.1], [0.0, 1.0, 1.0]])
    seen = np.array([[0.0, 3, 1, 0, 12, 7]])
    found = learn_rows(before, np.array([5.0]), seen, likelihood, FLOOR)
    vectors = np.repeat(likelihood, seen[0].astype(int), axis=0)
    np.testing.assert_allclose(found.rows[0], mixture_maximum(before[0], 5.0, vectors), atol=1e-4)
    assert (np.diff(found.trace) >= -1e-12 * abs(found.trace[0])).all()
    assert found.expected.sum() == pytest.approx(seen.sum())
    assert 4 < found.sure[0] < seen.sum()


def test_hard_answers_alone_are_counted_to_the_digit() -> None:
    likelihood, seen = np.vstack([np.ones(2), np.eye(2)]), np.array([[0.0, 3, 7], [0, 0, 0]])
    found = learn_rows(np.full((2, 2), 0.5), np.array([4.0, 4.0]), seen, likelihood, FLOOR)
    assert found.expected.tolist() == [[3, 7], [0, 0]]
    np.testing.assert_allclose(found.rows, [[5 / 14, 9 / 14], [0.5, 0.5]])
    assert found.sure.tolist() == [10, 0]


def test_soft_answers_in_a_table_move_rows() -> None:
    """As much as hard ones where they are certain, less where they are not."""

    def after(cell: str) -> float:
        table = pd.DataFrame({"diagnosis": ["strain"] * 30, "pop_felt": [cell] * 30})
        rows = learn(table, knowledge=shipped(), population="uniform").rows
        return next(row.after[row.states.index("yes")] for row in rows if row.finding == "pop_felt")

    assert after("yes") == pytest.approx(after("yes@1"))
    assert after("yes") > after("yes@0.9") > after("yes@0.6") > after("no")
    tables = build_tables(shipped(), "uniform")
    finding = tables.findings[tables.finding_index["pop_felt"]]
    before = finding.rows[tables.causes.index("strain")][finding.states.index("yes")]
    assert after("yes@0.5") == pytest.approx(before, abs=1e-6)  # says nothing


# ------------------------------------------------------------------------------------------------------- from cases


def moved_towards(found: Learnt, truth: Tables, start: Tables) -> tuple[float, float]:
    """Mean distance from the truth of the rows that were learnt, before and after."""
    before, after = [], []
    for row in found.rows:
        place = truth.finding_index[row.finding], truth.causes.index(row.cause)
        true = truth.findings[place[0]].rows[place[1]]
        before.append(np.abs(start.findings[place[0]].rows[place[1]] - true).sum())
        after.append(np.abs(np.array(row.after) - true).sum())
    return float(np.mean(before)), float(np.mean(after))


def test_rows_are_recovered_from_cases_of_unknown_cause() -> None:
    """A clinic whose bruises and slump tests differ: half its cases unlabelled, some known by origin."""
    clinic = small().with_row("bruise", "tear", {"yes": 0.9}, weight=4, estimate="t")
    clinic = clinic.with_row("quality", "root", {"burning": 0.9}, weight=4, estimate="t")
    table = simulate(3000, knowledge=clinic, seed=4, complete=True)
    truth = table["diagnosis"].astype(object)
    origin = truth.map({name: entry.origin for name, entry in clinic.content.causes.items()})
    table["diagnosis"] = truth.where(table.index < 300, origin.where(table.index < 900, None))
    everything = learn(table, knowledge=small(), rows_from="all")
    before, after = moved_towards(everything, build_tables(clinic), build_tables(small()))
    assert after < 0.7 * before
    learnt = {(row.finding, row.cause): row.after for row in everything.rows}
    assert learnt["bruise", "tear"][1] == pytest.approx(0.9, abs=0.04)
    assert learnt["quality", "root"][2] == pytest.approx(0.9, abs=0.06)
    labelled = learn(table, knowledge=small())
    assert max(row.told for row in everything.rows) > max(row.told for row in labelled.rows)
    assert everything.rows_trace
    assert not labelled.rows_trace


def test_without_cases_of_unknown_cause_all_is_labelled() -> None:
    table = simulate(300, knowledge=small(), seed=4)
    assert learn(table, knowledge=small(), rows_from="all").rows == learn(table, knowledge=small()).rows
