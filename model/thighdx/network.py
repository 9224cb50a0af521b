"""Tables to a pgmpy network: the oracle of the tests, for export, and to read the structure.

The only module that imports pgmpy, and only when asked: importing it takes seconds.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from thighdx.errors import ThighdxError
from thighdx.schema import CAUSE
from thighdx.tables import FindingTable, Tables

if TYPE_CHECKING:
    from pgmpy.factors.discrete import TabularCPD
    from pgmpy.models import DiscreteBayesianNetwork


def build_network(tables: Tables) -> DiscreteBayesianNetwork:
    """The network as pgmpy knows it, checked by `check_model`.

    Nodes: `cause`, the mechanisms, the findings. A finding's parents are the cause and every mechanism it names; its
    columns are constant over the mechanisms that a cause does not use. Raises `ThighdxError` where pgmpy refuses it.
    """
    from pgmpy.models import DiscreteBayesianNetwork

    network = DiscreteBayesianNetwork()
    network.add_node(CAUSE)
    cpds = [_cpd(CAUSE, tables.causes, tables.prior[:, None], {})]
    for mechanism in tables.mechanisms:
        network.add_edge(CAUSE, mechanism.id)
        cpds.append(_cpd(mechanism.id, mechanism.levels, mechanism.prior.T, {CAUSE: tables.causes}))
    for finding in tables.findings:
        parents = [CAUSE, *(tables.mechanisms[number].id for number in sorted(finding.given))]
        network.add_edges_from((parent, finding.id) for parent in parents)
        cpds.append(_finding_cpd(tables, finding))
    network.add_cpds(*cpds)
    if not network.check_model():
        raise ThighdxError("pgmpy refuses the network")
    return network


def _finding_cpd(tables: Tables, finding: FindingTable) -> TabularCPD:
    """P(state | cause, levels of every mechanism named), the last parent running fastest."""
    numbers = sorted(finding.given)
    mechanisms = [tables.mechanisms[number] for number in numbers]
    columns = []
    for cause, *levels in product(range(len(tables.causes)), *(range(len(entry.levels)) for entry in mechanisms)):
        parent = finding.parent[cause]
        if parent == -1:
            columns.append(finding.rows[cause])
        else:
            columns.append(finding.given[parent][cause, levels[numbers.index(parent)]])
    states = {CAUSE: tables.causes} | {entry.id: entry.levels for entry in mechanisms}
    return _cpd(finding.id, finding.states, np.array(columns).T, states)


def _cpd(name: str, states: tuple[str, ...], values: np.ndarray, parents: dict[str, tuple[str, ...]]) -> TabularCPD:
    from pgmpy.factors.discrete import TabularCPD

    return TabularCPD(
        name,
        len(states),
        values,
        evidence=list(parents),
        evidence_card=[len(names) for names in parents.values()],
        state_names={name: list(states)} | {parent: list(names) for parent, names in parents.items()},
    )
