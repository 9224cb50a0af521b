"""Readers of networks edited elsewhere, one a format. What they say is checked, nothing in them is run."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

import numpy as np

from thighdx.assess import Model
from thighdx.errors import Fault, NetworkError
from thighdx.exchange.nodes import Node, network_digest, nodes_of, tables_of
from thighdx.exchange.write import BIF, NAMES_ENDING, NET, UAI, XDSL, XMLBIF, Format, format_of, words
from thighdx.fast.adaptive import AdaptiveEngine
from thighdx.knowledge import Knowledge
from thighdx.tables import Tables, build_tables

LARGEST_NETWORK = 64 * 2**20  # bytes; the shipped network takes below 5 MiB
MOST_CELLS = 10_000_000  # of one table
WRITTEN_DIGITS = 1e-5  # base rates closer than this are the same, written by a program with fewer digits
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|//[^\n]*|/\*.*?\*/|%[^\n]*|[^\s(){}|;,=\[\]"]+|[(){}|;,=\[\]]', re.DOTALL)

Raw = tuple[tuple[str, ...], tuple[str, ...], list[float]]  # states, parents, numbers


def read_network(path: str, like: Tables) -> Tables:
    """The tables of a network with the ids and states of `like`, by the file's ending.

    The names of a UAI file are in `FILE.names.json` beside it. Raises `NetworkError` with every fault, and `TableError`
    for an ending that is no network's.
    """
    chosen = format_of(path)
    content = _content(path)
    try:
        raw = _read_uai(content, _content(path + NAMES_ENDING)) if chosen is UAI else READERS[chosen](content)
    except (ValueError, RecursionError, expat.ExpatError) as error:
        raise NetworkError([Fault(path, f"not valid {chosen.name}: {error}")]) from error
    nodes, faults = [], []
    for name, (states, parents, numbers) in raw.items():
        shape = [*(len(raw[parent][0]) if parent in raw else 0 for parent in parents), len(states)]
        if 0 in shape:
            faults.append(Fault(f"{path}: {name}", "has no states, or a parent that is no node"))
        elif np.prod(shape) > MOST_CELLS or len(numbers) != int(np.prod(shape)):
            faults.append(Fault(f"{path}: {name}", f"{len(numbers)} numbers; accepted: {int(np.prod(shape))}"))
        else:
            nodes.append(Node(name, states, parents, np.array(numbers).reshape(shape)))
    if faults:
        raise NetworkError(faults)
    wanted = {node.id: node.states for node in nodes_of(like)}
    return tables_of([_as_written(node, wanted.get(node.id, ())) for node in nodes], like, path)


def network_model(path: str, knowledge: Knowledge, population: str | None = None) -> Model:
    """A model that answers by a network edited elsewhere; red flags, names and origins are those of `knowledge`.

    Raises as `read_network`, and `UnknownNameError` for an unknown population.
    """
    chosen, _ = knowledge.population(population)
    like = build_tables(knowledge, chosen)
    tables = read_network(path, like)
    # base rates that were a convention before the network was exported are one still
    same = bool(np.abs(tables.prior - like.prior).max() < WRITTEN_DIGITS)
    rates_of = chosen if same else None
    digest = network_digest(tables, knowledge.digest, rates_of)
    return Model(knowledge, Path(path).name, AdaptiveEngine(tables), rates_of=rates_of, by_network=digest)


def _content(path: str) -> bytes:
    try:
        with Path(path).open("rb") as stream:
            content = stream.read(LARGEST_NETWORK + 1)
    except OSError as error:
        raise NetworkError([Fault(path, f"cannot be read: {error.strerror}")]) from error
    if len(content) > LARGEST_NETWORK:
        raise NetworkError([Fault(path, f"larger than {LARGEST_NETWORK} bytes")])
    return content


def _as_written(node: Node, wanted: Sequence[str]) -> Node:
    """The vocabulary's states for those that were written with a mark before a digit."""
    meant = dict(zip(words(wanted), wanted, strict=True))
    return replace(node, states=tuple(meant.get(state, state) for state in node.states))


def _numbers(text: str) -> list[float]:
    return [float(word) for word in text.split()]


# -------------------------------------------------------------------------------------------------------------- XML


def _xml(content: bytes) -> Element:
    """The root of an XML text. A document type may be there, entities and outside references may not."""
    builder = TreeBuilder()
    parser = expat.ParserCreate()

    def refuse(*_: object) -> int:
        raise ValueError("declares entities, which are not read")

    parser.EntityDeclHandler = refuse
    parser.ExternalEntityRefHandler = refuse
    parser.StartElementHandler = lambda name, attributes: builder.start(name, attributes) and None
    parser.EndElementHandler = lambda name: builder.end(name) and None
    parser.CharacterDataHandler = builder.data
    parser.buffer_text = True
    parser.Parse(content, True)
    return builder.close()


def _text(element: Element | None) -> str:
    return "" if element is None else "".join(element.itertext()).strip()


def _read_xmlbif(content: bytes) -> dict[str, Raw]:
    root = _xml(content)
    states = {
        _text(variable.find("NAME")): tuple(map(_text, variable.iter("OUTCOME"))) for variable in root.iter("VARIABLE")
    }
    raw: dict[str, Raw] = {}
    for definition in root.iter("DEFINITION"):
        name = _text(definition.find("FOR"))
        if name in raw or name not in states:
            raise ValueError(f"'{name[:80]}' is defined twice or is no variable")
        parents = tuple(map(_text, definition.iter("GIVEN")))
        raw[name] = states[name], parents, _numbers(_text(definition.find("TABLE")))
    return raw


def _read_xdsl(content: bytes) -> dict[str, Raw]:
    raw: dict[str, Raw] = {}
    for node in _xml(content).iter("cpt"):
        name = node.get("id", "")
        if name in raw:
            raise ValueError(f"'{name[:80]}' is defined twice")
        states = tuple(state.get("id", "") for state in node.iter("state"))
        raw[name] = states, tuple(_text(node.find("parents")).split()), _numbers(_text(node.find("probabilities")))
    return raw


# ------------------------------------------------------------------------------------------------------ BIF and NET


class _Tokens:
    """The words of a text, comments left out."""

    def __init__(self, content: bytes) -> None:
        text = content.decode("utf-8-sig")
        self._words = (word for word in TOKEN.findall(text) if not word.startswith(("//", "/*", "%")))

    def next(self) -> str:
        """The next word. Raises `ValueError` at the end."""
        word = self.maybe()
        if word is None:
            raise ValueError("ends in the middle")
        return word

    def maybe(self) -> str | None:
        """The next word, or None at the end."""
        word: str | None = next(self._words, None)
        return word

    def until(self, *ends: str) -> list[str]:
        """The words up to one of `ends`, which is taken and left out."""
        words_ = []
        while (word := self.next()) not in ends:
            words_.append(word)
        return words_

    def block(self) -> Iterator[list[str]]:
        """The statements of a block in braces, each up to its semicolon."""
        self.until("{")
        statement: list[str] = []
        depth = 0
        while True:
            word = self.next()
            if word == "}" and depth == 0:
                return
            depth += (word == "{") - (word == "}")
            if word == ";" and depth == 0:
                yield statement
                statement = []
            else:
                statement.append(word)


def _names(words_: Sequence[str]) -> tuple[str, ...]:
    return tuple(word.strip('"') for word in words_ if word not in {",", "(", ")", "{", "}", "[", "]"})


def _read_bif(content: bytes) -> dict[str, Raw]:
    tokens = _Tokens(content)
    states: dict[str, tuple[str, ...]] = {}
    raw: dict[str, Raw] = {}
    while (word := tokens.maybe()) is not None:
        if word == "network":
            list(tokens.block())
        elif word == "variable":
            name = tokens.next()
            for statement in tokens.block():
                if statement[:1] == ["type"]:
                    states[name] = _names(statement[statement.index("{") :])
        elif word == "probability":
            tokens.until("(")
            head = tokens.until(")")
            bar = head.index("|") if "|" in head else len(head)
            (name,), parents = _names(head[:bar]), _names(head[bar + 1 :])
            if name in raw or any(one not in states for one in (name, *parents)):
                raise ValueError(f"'{name[:80]}' is defined twice or names no variable")
            raw[name] = states[name], parents, _bif_table(list(tokens.block()), name, parents, states)
        else:
            raise ValueError(f"found '{word[:80]}'; accepted: network, variable or probability")
    return raw


def _bif_table(
    statements: Sequence[list[str]], name: str, parents: Sequence[str], states: dict[str, tuple[str, ...]]
) -> list[float]:
    """Numbers of a probability block, rows in any order; a `default` row stands for those not named."""
    table = np.full([len(states[one]) for one in (*parents, name)], np.nan)
    if table.size > MOST_CELLS:
        raise ValueError(f"'{name[:80]}' has {table.size} numbers")
    for statement in statements:
        if statement[0] == "table":
            numbers = [float(word) for word in _names(statement[1:])]
            if len(numbers) != table.size:
                raise ValueError(f"'{name[:80]}' has {len(numbers)} numbers; accepted: {table.size}")
            # in a `table` of this format the states of the variable run slowest
            table = np.moveaxis(np.array(numbers).reshape(table.shape[-1:] + table.shape[:-1]), 0, -1)
        elif statement[0] == "default":
            table[np.isnan(table).any(axis=-1)] = [float(word) for word in _names(statement[1:])]
        elif statement[0] == "(":
            close = statement.index(")")
            at = _names(statement[1:close])
            place = tuple(states[parent].index(state) for parent, state in zip(parents, at, strict=True))
            table[place] = [float(word) for word in _names(statement[close + 1 :])]
    return [float(number) for number in table.ravel()]


def _read_net(content: bytes) -> dict[str, Raw]:
    tokens = _Tokens(content)
    states: dict[str, tuple[str, ...]] = {}
    raw: dict[str, Raw] = {}
    while (word := tokens.maybe()) is not None:
        if word == "net":
            list(tokens.block())
        elif word in {"node", "discrete"}:
            name = tokens.next() if word == "node" else tokens.next() and tokens.next()
            for statement in tokens.block():
                if statement[:2] == ["states", "="]:
                    states[name] = _names(statement[2:])
        elif word == "potential":
            tokens.until("(")
            head = tokens.until(")")
            bar = head.index("|") if "|" in head else len(head)
            (name,), parents = _names(head[:bar]), _names(head[bar + 1 :])
            if name in raw or name not in states:
                raise ValueError(f"'{name[:80]}' is defined twice or is no node")
            data = [statement for statement in tokens.block() if statement[:2] == ["data", "="]]
            raw[name] = states[name], parents, [float(number) for one in data for number in _names(one[2:])]
        else:
            raise ValueError(f"found '{word[:80]}'; accepted: net, node or potential")
    return raw


# -------------------------------------------------------------------------------------------------------------- UAI


def _read_uai(content: bytes, names: bytes) -> dict[str, Raw]:
    """The numbers of a UAI file with the names beside it; the last variable of a function is the one it is about."""
    variables = _uai_variables(names)
    words_ = iter(content.decode("utf-8-sig").split())

    def whole(most: int) -> int:
        word = next(words_, "")
        if not word.isdecimal() or int(word) > most:
            raise ValueError(f"found '{word[:80]}'; accepted: a whole number up to {most}")
        return int(word)

    kind = next(words_, "")
    if kind != "BAYES":
        raise ValueError(f"found '{kind[:80]}'; accepted: BAYES first")
    if whole(MOST_CELLS) != len(variables):
        raise ValueError(f"has another number of variables than its {NAMES_ENDING}: {len(variables)}")
    for name, states in variables:
        if whole(MOST_CELLS) != len(states):
            raise ValueError(f"'{name[:80]}' has another number of states than in its {NAMES_ENDING}: {len(states)}")
    functions = whole(MOST_CELLS)
    if functions != len(variables):
        raise ValueError(f"has {functions} functions; accepted: one a variable, {len(variables)}")
    scopes = [[whole(len(variables) - 1) for _ in range(whole(len(variables)))] for _ in variables]
    raw: dict[str, Raw] = {}
    for scope in scopes:
        numbers = [float(next(words_, "nothing")) for _ in range(whole(MOST_CELLS))]
        if not scope or variables[scope[-1]][0] in raw:
            raise ValueError("a function is about no variable, or about one that has its own already")
        name, states = variables[scope[-1]]
        raw[name] = states, tuple(variables[place][0] for place in scope[:-1]), numbers
    return raw


def _uai_variables(content: bytes) -> list[tuple[str, tuple[str, ...]]]:
    """Id and states of each variable, in the order of the file."""
    told = json.loads(content.decode("utf-8"))
    variables = told.get("variables") if isinstance(told, dict) else None
    if not isinstance(variables, list):
        raise ValueError(f"its {NAMES_ENDING} has no list 'variables'")  # noqa: TRY004 - a fault of the file
    found = []
    for one in variables:
        name, states = (one.get("id"), one.get("states")) if isinstance(one, dict) else (None, None)
        if not isinstance(name, str) or not isinstance(states, list) or not all(isinstance(x, str) for x in states):
            raise ValueError(f"a variable in its {NAMES_ENDING} has no 'id', or no list of 'states'")
        found.append((name, tuple(states)))
    return found


READERS: dict[Format, Callable[[bytes], dict[str, Raw]]] = {
    BIF: _read_bif,
    XMLBIF: _read_xmlbif,
    XDSL: _read_xdsl,
    NET: _read_net,
}
