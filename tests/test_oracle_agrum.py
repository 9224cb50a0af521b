"""Engine = pyAgrum's lazy propagation on the shipped network, which pyAgrum gets from the tables and not from pgmpy."""

from __future__ import annotations

import numpy as np
import pytest

from tests.oracle import agrum_network, agrum_posterior, random_cases, to_evidence
from thighdx import load_knowledge
from thighdx.engine import Engine
from thighdx.tables import build_tables


@pytest.mark.parametrize("population", ["distance_runners", "uniform"])
def test_the_engine_is_pyagrum_on_the_shipped_network(population: str) -> None:
    """200 random sets of 1 to 40 answers, hard, one-of and soft, and five that answer everything: equal to 1e-9."""
    tables = build_tables(load_knowledge(), population)
    rng = np.random.default_rng(2)
    cases = random_cases(rng, tables, 200) + random_cases(rng, tables, 5, answers=len(tables.findings))
    found = Engine(tables).posterior(to_evidence(tables, cases)).probability
    network = agrum_network(tables)
    expected = [agrum_posterior(network, tables, case) for case in cases]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)
