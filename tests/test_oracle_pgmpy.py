"""Engine = pgmpy's variable elimination on the shipped network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.oracle import CAUSE, pgmpy_posterior, random_cases, to_evidence
from thighdx import load_knowledge
from thighdx.engine import Engine
from thighdx.network import build_network
from thighdx.tables import Tables, build_tables

if TYPE_CHECKING:
    from pgmpy.inference import VariableElimination


@pytest.fixture(scope="module", params=["distance_runners", "uniform"])
def tables(request: pytest.FixtureRequest) -> Tables:
    return build_tables(load_knowledge(), request.param)


@pytest.fixture(scope="module")
def elimination(tables: Tables) -> VariableElimination:
    from pgmpy.inference import VariableElimination

    return VariableElimination(build_network(tables))


def test_the_engine_is_pgmpy_on_the_shipped_network(tables: Tables, elimination: VariableElimination) -> None:
    """200 random sets of 1 to 40 answers, hard, one-of and soft, and five that answer everything: equal to 1e-9."""
    rng = np.random.default_rng(1)
    cases = random_cases(rng, tables, 200) + random_cases(rng, tables, 5, answers=len(tables.findings))
    found = Engine(tables).posterior(to_evidence(tables, cases)).probability
    expected = [pgmpy_posterior(elimination, tables, case) for case in cases]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)


def test_the_exported_network_has_the_tables_as_its_margins(tables: Tables, elimination: VariableElimination) -> None:
    """P(state | cause) in pgmpy, the mechanisms summed out there, is the row of the tables."""
    for finding in tables.findings:
        joint = elimination.query([CAUSE, finding.id], show_progress=False)
        rows = [
            [joint.get_value(**{CAUSE: cause, finding.id: state}) for state in finding.states]
            for cause in tables.causes
        ]
        np.testing.assert_allclose(rows, tables.prior[:, None] * finding.rows, rtol=0, atol=1e-12)
