"""Engine = enumerated joint = pgmpy on small random networks, where the definition can be summed in full."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracle import (
    enumerated_posterior,
    hard,
    joint,
    pgmpy_posterior,
    random_likelihoods,
    random_tables,
    to_evidence,
)
from thighdx.engine import Engine
from thighdx.network import build_network
from thighdx.tables import FindingTable, MechanismTable, Tables

seeds = st.integers(0, 2**32 - 1)


def by_hand() -> Tables:
    """Two causes alike beforehand; under the first two tests hang on a hidden level, under the second on nothing."""
    half = np.array([[0.5, 0.5], [0.5, 0.5]])
    given = np.array([[[0.9, 0.1], [0.1, 0.9]], [[0.5, 0.5], [0.5, 0.5]]])
    parent = np.array([0, -1], dtype=np.intp)
    tests = [FindingTable(name, ("negative", "positive"), half, parent, {0: given}) for name in ("one", "two")]
    hidden = MechanismTable("hidden", ("low", "high"), np.array([[0.5, 0.5], [0.9, 0.1]]))
    return Tables(("first", "second"), np.array([0.5, 0.5]), (hidden,), tuple(tests))


def test_the_enumeration_gives_what_is_worked_by_hand() -> None:
    """Both tests positive: 0.5 (0.1^2 + 0.9^2) = 0.41 under the first cause, 0.5^2 = 0.25 under the second."""
    tables = by_hand()
    found = enumerated_posterior(tables, hard(tables, {"one": "positive", "two": "positive"}))
    assert found.evidence == pytest.approx(0.5 * 0.41 + 0.5 * 0.25)
    assert found.causes == pytest.approx([0.41 / 0.66, 0.25 / 0.66])
    assert found.levels[0] == [pytest.approx([0.01 / 0.82, 0.81 / 0.82]), pytest.approx([0.9, 0.1])]


def test_the_engine_gives_what_is_worked_by_hand() -> None:
    tables = by_hand()
    found = Engine(tables).posterior(to_evidence(tables, [hard(tables, {"one": "positive", "two": "positive"})]))
    np.testing.assert_allclose(found.probability, [[0.41 / 0.66, 0.25 / 0.66]], rtol=1e-14)
    np.testing.assert_allclose(np.exp(found.log_evidence), [0.33], rtol=1e-14)


@given(seed=seeds, zeros=st.booleans())
def test_the_joint_of_a_random_network_sums_to_one_and_has_its_rows_as_margins(seed: int, zeros: bool) -> None:
    """The random networks keep the contract of `Tables`: a finding's row is its margin over the levels."""
    tables = random_tables(np.random.default_rng(seed), zeros=zeros)
    margins = [np.zeros(finding.rows.shape) for finding in tables.findings]
    total = 0.0
    for cause, _, states, probability in joint(tables):
        total += probability
        for finding, state in enumerate(states):
            margins[finding][cause, state] += probability
    assert total == pytest.approx(1, abs=1e-12)
    for table, margin in zip(tables.findings, margins, strict=True):
        np.testing.assert_allclose(margin, tables.prior[:, None] * table.rows, atol=1e-12)


@settings(max_examples=300)
@given(seed=seeds, zeros=st.booleans())
def test_the_engine_is_the_enumerated_joint(seed: int, zeros: bool) -> None:
    """P(e), P(cause | e) and P(level | cause, e), for hard, one-of and soft answers, impossible ones among them."""
    rng = np.random.default_rng(seed)
    tables = random_tables(rng, zeros=zeros)
    cases = [random_likelihoods(rng, tables) for _ in range(4)]
    engine, evidence = Engine(tables), to_evidence(tables, cases)
    expected = [enumerated_posterior(tables, case) for case in cases]
    found = engine.posterior(evidence)
    np.testing.assert_allclose(found.probability, [one.causes for one in expected], atol=1e-12)
    np.testing.assert_allclose(np.exp(found.log_evidence), [one.evidence for one in expected], rtol=1e-10, atol=1e-300)
    assert found.possible.tolist() == [one.evidence > 0 for one in expected]
    for number, mechanism in enumerate(tables.mechanisms):
        for position, cause in enumerate(tables.causes):
            levels = engine.level_posterior(evidence, mechanism.id, cause)
            for row, one in enumerate(expected):
                if one.causes[position] > 0:
                    np.testing.assert_allclose(levels[row], one.levels[number][position], atol=1e-12)


def test_impossible_evidence_is_said_and_never_nan() -> None:
    """`possible` is False exactly where the enumerated P(e) is 0; numbers there are 0 and -inf, without a warning."""
    impossible = 0
    for seed in range(150):
        rng = np.random.default_rng(seed)
        tables = random_tables(rng, zeros=True)
        cases = [random_likelihoods(rng, tables) for _ in range(3)]
        weights = np.array([enumerated_posterior(tables, case).evidence for case in cases])
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            found = Engine(tables).posterior(to_evidence(tables, cases))
        np.testing.assert_array_equal(found.possible, weights > 0)
        np.testing.assert_array_equal(found.probability[weights == 0], 0)
        np.testing.assert_array_equal(found.log_evidence[weights == 0], -np.inf)
        np.testing.assert_allclose(found.probability[weights > 0].sum(axis=1), 1, atol=1e-14)
        impossible += int((weights == 0).sum())
    assert impossible >= 20, "the seeds no longer give enough impossible evidence to test with"


@pytest.mark.parametrize("seed", range(15))
def test_the_pgmpy_network_is_the_enumerated_joint(seed: int) -> None:
    """The exported network answers as the definition does, with and without virtual evidence."""
    from pgmpy.inference import VariableElimination

    rng = np.random.default_rng(seed)
    tables = random_tables(rng)
    elimination = VariableElimination(build_network(tables))
    for _ in range(4):
        case = random_likelihoods(rng, tables)
        expected = enumerated_posterior(tables, case).causes
        np.testing.assert_allclose(pgmpy_posterior(elimination, tables, case), expected, atol=1e-10)


@pytest.mark.parametrize("seed", range(5))
def test_the_pgmpy_network_has_the_levels_of_the_engine(seed: int) -> None:
    """The mechanisms are nodes of the exported network, and P(level | cause, e) is the engine's."""
    from pgmpy.inference import VariableElimination

    rng = np.random.default_rng(100 + seed)
    tables = random_tables(rng, mechanisms=(1, 3))
    answers = {finding.id: finding.states[0] for finding in tables.findings}
    evidence = to_evidence(tables, [hard(tables, answers)])
    elimination = VariableElimination(build_network(tables))
    for mechanism in tables.mechanisms:
        for cause in tables.causes:
            found = elimination.query([mechanism.id], evidence=answers | {"cause": cause}, show_progress=False)
            expected = Engine(tables).level_posterior(evidence, mechanism.id, cause)[0]
            values = [found.get_value(**{mechanism.id: level}) for level in mechanism.levels]
            np.testing.assert_allclose(values, expected, atol=1e-10)
