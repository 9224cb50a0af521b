"""Tables as the nodes of a plain Bayesian network, and back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import product

import numpy as np

from thighdx.errors import Fault, NetworkError, one_of, unknown
from thighdx.rows import Array
from thighdx.schema import CAUSE
from thighdx.tables import FindingTable, MechanismTable, Tables

SUM_TOLERANCE = 5e-5  # other programs write six digits, of up to 31 causes; rows are scaled to sum 1
SAME = 1e-9  # probabilities closer than this are equal when it is asked what a table depends on


@dataclass(frozen=True)
class Node:
    """One variable: `table` is P(state | parents), an axis for each parent in order, the states last."""

    id: str
    states: tuple[str, ...]
    parents: tuple[str, ...]
    table: Array


def nodes_of(tables: Tables) -> tuple[Node, ...]:
    """`cause`, the mechanisms, the findings, parents before children.

    A finding's parents are the cause and every mechanism it names; its table is constant over the mechanisms that a
    cause does not use.
    """
    nodes = [Node(CAUSE, tables.causes, (), tables.prior)]
    nodes += [Node(one.id, one.levels, (CAUSE,), one.prior) for one in tables.mechanisms]
    for finding in tables.findings:
        numbers = sorted(finding.given)
        levels = [len(tables.mechanisms[number].levels) for number in numbers]
        table = np.empty((len(tables.causes), *levels, len(finding.states)))
        for cause, parent in enumerate(finding.parent.tolist()):
            row = finding.rows[cause]
            if parent == -1:
                table[cause] = row
            else:
                axis = numbers.index(parent)
                shape = [size if place == axis else 1 for place, size in enumerate(levels)]
                table[cause] = finding.given[parent][cause].reshape(*shape, len(finding.states))
        parents = (CAUSE, *(tables.mechanisms[number].id for number in numbers))
        nodes.append(Node(finding.id, finding.states, parents, table))
    return tuple(nodes)


def network_digest(tables: Tables, knowledge_digest: str, rates_of: str | None) -> str:
    """SHA-256 of a network over the knowledge that names its parts, as key-sorted JSON.

    `{"network": {id: {"parents", "states", "table"}}, "priors", "rates_of"}`: states and parents in the vocabulary's
    order, numbers as the shortest text that reads back to the same. It does not see the file's name, format or order.
    """
    network = {
        node.id: {"parents": node.parents, "states": node.states, "table": node.table.tolist()}
        for node in nodes_of(tables)
    }
    whole = {"network": network, "priors": knowledge_digest, "rates_of": rates_of}
    text = json.dumps(whole, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return sha256(text.encode()).hexdigest()


def tables_of(nodes: Sequence[Node], like: Tables, place: str) -> Tables:
    """The tables of a network with the ids and states of `like`; their order, and that of the parents, is free.

    A finding may hang on other mechanisms than in `like`, on one at most under each cause. Raises `NetworkError` with
    every node that is missing or unknown, has other states or parents, or a table that cannot be used.
    """
    wanted = {node.id: node for node in nodes_of(like)}
    found = {node.id: node for node in nodes}
    faults = [
        Fault(place, unknown(name, "a node of the network", list(wanted))) for name in found if name not in wanted
    ]
    faults += [Fault(place, f"'{name}' is missing") for name in wanted if name not in found]
    fitted: dict[str, Node] = {}
    mechanisms = tuple(one.id for one in like.mechanisms)
    for name, node in found.items():
        if name not in wanted:
            continue
        may_have = () if name == CAUSE else (CAUSE,) if name in mechanisms else (CAUSE, *mechanisms)
        wrong = list(_misfits(node, wanted[name], may_have))
        faults += [Fault(f"{place}: {name}", sentence) for sentence in wrong]
        if not wrong:
            fitted[name] = _in_order(node, wanted)
    if faults:
        raise NetworkError(faults)
    hidden = tuple(
        MechanismTable(one.id, one.levels, _over(fitted[one.id], (CAUSE,), wanted)) for one in like.mechanisms
    )
    findings = []
    for entry in like.findings:
        finding = _finding(fitted[entry.id], entry, hidden, wanted)
        if isinstance(finding, str):
            faults.append(Fault(f"{place}: {entry.id}", finding))
        else:
            findings.append(finding)
    if faults:
        raise NetworkError(faults)
    return Tables(like.causes, fitted[CAUSE].table, hidden, tuple(findings))


def _misfits(node: Node, wanted: Node, may_have: Sequence[str]) -> Iterator[str]:
    if sorted(node.states) != sorted(wanted.states):
        yield f"has states {', '.join(node.states)}; accepted: {', '.join(wanted.states)}"
    for parent in node.parents:
        if parent not in may_have:
            yield f"has parent '{parent}'; accepted: {one_of(may_have)}"
    if len(set(node.parents)) < len(node.parents):
        yield "names a parent twice"
    if not (np.isfinite(node.table).all() and (node.table >= 0).all() and (node.table <= 1 + SUM_TOLERANCE).all()):
        yield "has numbers that are no probabilities; accepted: 0 to 1"
    elif (np.abs(node.table.sum(axis=-1) - 1) > SUM_TOLERANCE).any():
        worst = node.table.sum(axis=-1).ravel()
        yield f"has a row that sums to {worst[np.abs(worst - 1).argmax()]:.10g}; accepted: 1"


def _in_order(node: Node, wanted: Mapping[str, Node]) -> Node:
    """The states of the node in the vocabulary's order, and each row scaled to sum 1 where it does not."""
    table = np.take(node.table, [node.states.index(state) for state in wanted[node.id].states], axis=-1)
    total = table.sum(axis=-1, keepdims=True)
    return replace(node, states=wanted[node.id].states, table=np.where(np.abs(total - 1) > SAME, table / total, table))


def _over(node: Node, parents: Sequence[str], wanted: Mapping[str, Node]) -> Array:
    """The node's table with an axis for each of `parents`, which may be more than its own."""
    own = [parent for parent in parents if parent in node.parents]
    table = np.transpose(node.table, [*(node.parents.index(parent) for parent in own), len(node.parents)])
    shape = [len(wanted[parent].states) if parent in own else 1 for parent in parents]
    full = [len(wanted[parent].states) for parent in parents]
    return np.ascontiguousarray(np.broadcast_to(table.reshape(*shape, -1), (*full, len(node.states))))


def _finding(
    node: Node, like: FindingTable, mechanisms: tuple[MechanismTable, ...], wanted: Mapping[str, Node]
) -> FindingTable | str:
    """A finding's tables, or under which cause it hangs on more than one mechanism."""
    ids = [one.id for one in mechanisms]
    numbers = sorted({*like.given, *(ids.index(parent) for parent in node.parents if parent != CAUSE)})
    table = _over(node, (CAUSE, *(ids[number] for number in numbers)), wanted)
    parent = like.parent.copy()
    for cause in range(len(table)):
        moves = [number for axis, number in enumerate(numbers) if _varies(table[cause], axis)]
        if len(moves) > 1:
            names = " and ".join(ids[number] for number in moves)
            return f"depends on {names} under '{wanted[CAUSE].states[cause]}'; accepted: one mechanism under each cause"
        if moves:
            parent[cause] = moves[0]
    rows = np.empty((len(table), len(node.states)))
    given = {number: np.empty((len(table), len(mechanisms[number].levels), len(node.states))) for number in numbers}
    for cause, own in enumerate(parent.tolist()):
        by_level = _first(table[cause], numbers.index(own)) if own != -1 else None
        rows[cause] = table[cause][(0,) * len(numbers)] if by_level is None else mechanisms[own].prior[cause] @ by_level
        for number in numbers:
            given[number][cause] = rows[cause] if number != own or by_level is None else by_level
    return FindingTable(node.id, node.states, rows, parent, given)


def _varies(table: Array, axis: int) -> bool:
    return bool((np.ptp(table, axis=axis) > SAME).any())


def _first(table: Array, axis: int) -> Array:
    """The table over one axis and the states, at the first level of all others."""
    index = tuple(slice(None) if place in (axis, table.ndim - 1) else 0 for place in range(table.ndim))
    return table[index]


def configurations(node: Node, states: Mapping[str, Sequence[str]]) -> Iterator[tuple[tuple[str, ...], list[float]]]:
    """Each combination of parents' states with its row, the last parent running fastest."""
    rows = node.table.reshape(-1, len(node.states)).tolist()
    yield from zip(product(*(states[parent] for parent in node.parents)), rows, strict=True)
