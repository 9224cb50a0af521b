"""Levels learnt by EM: the log posterior never falls, margins stay, single answers say nothing, truth comes back."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.handmade import small_priors, write_priors
from tests.oracle import draw_cases
from thighdx import Knowledge, load_knowledge
from thighdx.engine import Engine
from thighdx.evidence import Evidence, evidence
from thighdx.knowledge import build
from thighdx.learning import learn, write_learnt
from thighdx.learning.answers import CellBook, Known, Open
from thighdx.learning.blocks import Stock
from thighdx.learning.expected import expected_of
from thighdx.learning.levels import FittedLevels, cases_with_two, learn_levels
from thighdx.learning.network import Network
from thighdx.reading import document_of
from thighdx.rows import Array
from thighdx.tables import Tables, build_tables


@cache
def small() -> Knowledge:
    return build(document_of(small_priors(), "small"))


@dataclass(frozen=True)
class Setting:
    """Cases of the small network, the first `known` of them labelled."""

    tables: Tables
    network: Network
    stock: Stock
    told: Evidence
    cause: np.ndarray
    known: int


def setting(seed: int, cases: int, *, known: int, levels: list[Array] | None = None, missing: float = 0.3) -> Setting:
    tables = build_tables(small())
    network, rng = Network.of(small(), tables), np.random.default_rng(seed)
    drawn = draw_cases(network.tables(tables, levels=levels), rng, cases)
    codes = (drawn.state + 1).astype(np.uint8)
    codes[rng.random(codes.shape) < missing] = 0
    soft = []
    for row in range(0, cases, 7):  # soft and one-of answers among them
        finding = int(rng.integers(codes.shape[1]))
        states = len(tables.findings[finding].states)
        vector = [0.7] + [0.3 / (states - 1)] * (states - 1) if row % 2 else [1.0] * (states - 1) + [0.0]
        codes[row, finding] = 0
        soft.append((row, finding, vector))
    told = evidence(codes, soft, most_states=tables.most_states)
    book = CellBook(tables)
    cells = book.read(told)
    may_be = np.ones((cases - known, len(tables.causes)), dtype=bool)
    may_be[::5, 2] = False  # some whose origin is known
    stock = Stock(tables, book, Known(cells[:known], drawn.cause[:known]), Open(cells[known:], may_be))
    return Setting(tables, network, stock, told, drawn.cause, known)


def fitted(at: Setting, weight: float = 4.0) -> FittedLevels:
    weights = [np.full(len(at.tables.causes), weight) for _ in at.tables.mechanisms]
    free = [np.ones(len(at.tables.causes), dtype=bool) for _ in at.tables.mechanisms]
    return learn_levels(at.network, at.stock, at.tables, weights, free)


def log_posterior(at: Setting, tables: Tables, weight: float) -> float:
    """By the engine, case by case, and not by blocks."""
    engine, causes = Engine(tables), len(tables.causes)
    log = engine.log_likelihood(at.told)
    labelled = log[np.arange(at.known), at.cause[: at.known]].sum()
    joint = np.where(at.stock.may_be, log[at.known :] + np.log(tables.prior), -np.inf)
    mixed = np.logaddexp.reduce(joint, axis=1).sum()
    stated = sum(
        float((weight * old.prior[old.prior > 0] * np.log(new.prior[old.prior > 0])).sum())
        for old, new in zip(at.tables.mechanisms, tables.mechanisms, strict=True)
    )
    assert causes
    return float(labelled + mixed + stated)


@settings(max_examples=15)
@given(seed=st.integers(0, 10_000), weight=st.floats(0.5, 50), known=st.integers(0, 120))
def test_the_log_posterior_never_falls(seed: int, weight: float, known: int) -> None:
    at = setting(seed, 120, known=known)
    found = fitted(at, weight)
    assert (np.diff(found.trace) >= -1e-9 * abs(found.trace[0])).all()
    # and it is the log posterior: what the engine says moves by as much as the trace
    gain = log_posterior(at, found.tables, weight) - log_posterior(at, at.tables, weight)
    assert gain == pytest.approx(found.trace[-1] - found.trace[0], abs=1e-6)


def test_the_end_of_the_steps_is_the_maximum() -> None:
    """scipy's own search over the levels, through the engine, finds nothing better."""
    from scipy.optimize import minimize

    at = setting(4, 300, known=200, missing=0.1)
    found = fitted(at)
    shapes = [one.prior.shape for one in at.tables.mechanisms]
    at_zero = [one.prior == 0 for one in at.tables.mechanisms]

    def tables_at(free: Array) -> Tables:
        levels, start = [], 0
        for shape, zero in zip(shapes, at_zero, strict=True):
            size = int(np.prod(shape))
            logits = np.where(zero, -np.inf, free[start : start + size].reshape(shape))
            logits = logits - logits.max(axis=1, keepdims=True)
            levels.append(np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True))
            start += size
        return at.network.tables(at.tables, levels=levels)

    begin = np.concatenate([np.log(np.maximum(one, 1e-9)).ravel() for one in found.levels])
    best = minimize(
        lambda free: -log_posterior(at, tables_at(free), 4.0), begin, method="BFGS", options={"maxiter": 30}
    )
    assert -best.fun <= log_posterior(at, found.tables, 4.0) + 0.02


def test_margins_stay_what_they_are() -> None:
    """Levels move, and P(state | cause, level) with them, but no published row does."""
    at = setting(5, 400, known=400)
    found = fitted(at)
    assert (
        max(np.abs(new - old.prior).max() for new, old in zip(found.levels, at.tables.mechanisms, strict=True)) > 0.05
    )
    for new, old in zip(found.tables.findings, at.tables.findings, strict=True):
        for cause, parent in enumerate(new.parent.tolist()):
            row = new.rows[cause] if parent == -1 else found.levels[parent][cause] @ new.given[parent][cause]
            np.testing.assert_allclose(row, old.rows[cause], atol=1e-11)


def test_single_answers_say_nothing_of_levels() -> None:
    at = setting(6, 200, known=200)
    cells = np.zeros((200, len(at.tables.findings)), dtype=np.uint32)
    cells[:, 1] = 1 + np.arange(200) % 2  # one answer on one mechanism
    book = CellBook(at.tables)
    none = Open(cells[:0], np.zeros((0, 3), dtype=bool))
    stock = Stock(at.tables, book, Known(cells, at.cause), none)
    assert all(not one.any() for one in cases_with_two(stock, at.tables))
    found = fitted(Setting(at.tables, at.network, stock, at.told, at.cause, 200))
    for new, old in zip(found.levels, at.tables.mechanisms, strict=True):
        np.testing.assert_allclose(new, old.prior, atol=1e-9)
    assert all((told < 1e-9).all() for told in found.told)


def test_expected_counts_are_those_of_the_engines_posteriors() -> None:
    """Of cause and level, given all a case answers."""
    at = setting(7, 60, known=0)
    shares = at.stock.shares(at.tables)
    engine = Engine(at.tables)
    joint = np.where(at.stock.may_be, engine.log_likelihood(at.told) + np.log(at.tables.prior), -np.inf)
    posterior = np.exp(joint - np.logaddexp.reduce(joint, axis=1)[:, None])
    np.testing.assert_allclose(shares.by_cause, posterior.sum(axis=0), rtol=1e-9)
    for block in at.stock.blocks:
        mechanism = at.tables.mechanisms[block.mechanism]
        expected = expected_of(at.stock, block, at.tables, shares.weight)
        says = at.stock._column[len(at.stock.free) + block.mechanism] >= 0
        for cause, name in enumerate(at.tables.causes):
            levels = engine.level_posterior(at.told, mechanism.id, name)
            wanted = (posterior[says, cause, None] * levels[says]).sum(axis=0)
            np.testing.assert_allclose(expected.levels[cause], wanted, atol=1e-9)


def test_levels_come_back_within_their_stated_errors() -> None:
    """Levels drawn from the prior, cases from the levels: the truth is within 1.96 errors as often as it should."""
    tables, rng, weight = build_tables(small()), np.random.default_rng(8), 12.0
    inside = []
    for seed in range(40):
        levels = []
        for one in tables.mechanisms:
            drawn = rng.gamma(np.maximum(weight * one.prior, 1e-12)) * (one.prior > 0)
            levels.append(
                (drawn + 1e-9 * (one.prior > 0)) / (drawn + 1e-9 * (one.prior > 0)).sum(axis=1, keepdims=True)
            )
        at = setting(seed, 1500, known=1500, levels=levels, missing=0.1)
        found = fitted(at, weight)
        for new, true, error in zip(found.levels, levels, found.error, strict=True):
            inside.append((np.abs(new - true) <= 1.96 * error)[error > 0])
    assert 0.88 <= np.concatenate(inside).mean() <= 0.995


def frame(cases: int = 600) -> pd.DataFrame:
    at = setting(9, cases, known=cases, missing=0.2)
    columns = {"diagnosis": [at.tables.causes[number] for number in at.cause]}
    for number, finding in enumerate(at.tables.findings):
        columns[finding.id] = [("", *finding.states)[code] for code in at.told.codes[:, number].tolist()]
    return pd.DataFrame(columns)


def test_learnt_levels_are_written_and_read_back(tmp_path: Path) -> None:
    folder = write_priors(tmp_path / "priors")
    knowledge = load_knowledge(folder)
    found = learn(frame(), knowledge=knowledge, what=["levels"])
    assert found.what == ("levels",)
    assert not found.rows
    assert found.levels
    write_learnt(found, knowledge, str(tmp_path / "learnt"))
    assert sorted(path.name for path in (tmp_path / "learnt").iterdir()) == ["report.json", "rows.toml"]
    tables = build_tables(load_knowledge(folder, tmp_path / "learnt" / "rows.toml"))
    index = {one.id: one for one in tables.mechanisms}
    for one in found.levels:
        np.testing.assert_allclose(index[one.mechanism].prior[tables.causes.index(one.cause)], one.after, atol=1e-5)
        assert one.after[0] == 0 or one.before[0] > 0  # a level that a cause cannot have stays so


def test_rows_are_learnt_first_and_levels_with_them_held() -> None:
    both = learn(frame(), knowledge=small(), what=["rows", "levels"])
    rows = learn(frame(), knowledge=small(), what=["rows"])
    assert both.rows == rows.rows
    alone = learn(frame(), knowledge=small(), what=["levels"])
    assert [one.after for one in both.levels] != [one.after for one in alone.levels]


@pytest.mark.parametrize(("what", "rows_from"), [(["row"], "labelled"), ([], "labelled"), (["rows"], "some")])
def test_other_words_are_refused(what: list[str], rows_from: str) -> None:
    with pytest.raises(ValueError, match="accepted"):
        learn(frame(20), knowledge=small(), what=what, rows_from=rows_from)
