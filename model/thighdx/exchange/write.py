"""Writers, one a format. All list P(state | parents) with the last parent running fastest and the states faster still.

Numbers are written to the last digit, so that a file read back gives the same posteriors.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from html import escape
from itertools import count
from pathlib import Path

from thighdx import __version__
from thighdx.assess import Model
from thighdx.casefiles import whole_file
from thighdx.errors import TableError, one_of
from thighdx.exchange.nodes import Node, configurations, nodes_of
from thighdx.schema import CAUSE

DIGIT_MARK = "s_"  # before a state that begins with a digit, where the format wants a letter first
NAMES_ENDING = ".names.json"  # beside a UAI file, which has no names
GENIE_STEP = 130, 90  # distance of nodes in GeNIe's and Hugin's drawing, pixels
ROW = 12  # nodes in a row of it


@dataclass(frozen=True)
class Written:
    """A network ready for a file: its nodes, what a person reads for each, and where it comes from."""

    nodes: tuple[Node, ...]
    names: Mapping[str, str]
    about: str

    def states(self) -> dict[str, tuple[str, ...]]:
        """States of each node."""
        return {node.id: node.states for node in self.nodes}


@dataclass(frozen=True)
class Format:
    """A file format: its endings, who uses it, what is lost in it, its writer."""

    name: str
    endings: tuple[str, ...]
    program: str
    loses: str
    write: Callable[[Written], Iterator[str]]


def export_network(model: Model, path: str) -> Format:
    """Write the network of a model in the format of the file's ending; the file appears whole or not at all.

    Beside a UAI file stands `FILE.names.json` with its variables and states. Raises `TableError` for another ending or
    a file that cannot be written.
    """
    chosen = format_of(path)
    written = _written(model)
    with ExitStack() as stack:
        partial = stack.enter_context(whole_file(Path(path)))
        if chosen is UAI:
            beside = stack.enter_context(whole_file(Path(path + NAMES_ENDING)))
            beside.write_text(_uai_names(written), encoding="utf-8")
        with partial.open("w", encoding="utf-8", newline="\n") as stream:
            stream.writelines(chosen.write(written))
    return chosen


def format_of(path: str) -> Format:
    """The format of a file's ending. Raises `TableError` for another one."""
    ending = Path(path).suffix.lower()
    for one in FORMATS:
        if ending in one.endings:
            return one
    accepted = [ending for one in FORMATS for ending in one.endings]
    found = f"ending '{ending}'" if ending else "a name without an ending"
    raise TableError(f"{path}: {found} is no network's; use {one_of(accepted)}")


def _written(model: Model) -> Written:
    content = model.knowledge.content
    names = {CAUSE: "Cause"}
    names |= {name: entry.name for name, entry in content.mechanisms.items()}
    names |= {name: entry.question for name, entry in content.findings.items()}
    population = "".join(sign for sign in model.population if sign.isalnum() or sign in "_.")  # it goes into comments
    about = f"thighdx {__version__}, population {population}, priors {model.digest}"
    return Written(nodes_of(model.tables), names, about)


def words(states: Iterable[str]) -> tuple[str, ...]:
    """State names that begin with a letter, each a different one."""
    given = tuple(states)
    marked = [DIGIT_MARK + state if state[0].isdigit() else state for state in given]
    taken = {state for state in given if not state[0].isdigit()}
    for place, state in enumerate(marked):
        while state in taken and given[place][0].isdigit():
            state = DIGIT_MARK + state  # noqa: PLW2901 - lengthened until it is no other's
        marked[place] = state
    return tuple(marked)


def _row(values: Iterable[float], between: str = ", ") -> str:
    return between.join(map(repr, values))


def _bif(network: Written) -> Iterator[str]:
    """Interchange format 0.15 (Cozman 1998)."""
    yield f"// {network.about}\nnetwork thighdx {{\n}}\n"
    spelt = {node.id: words(node.states) for node in network.nodes}
    for node in network.nodes:
        states = spelt[node.id]
        yield f"variable {node.id} {{\n  type discrete [ {len(states)} ] {{ {', '.join(states)} }};\n}}\n"
    for node in network.nodes:
        if not node.parents:
            yield f"probability ( {node.id} ) {{\n  table {_row(node.table.tolist())};\n}}\n"
            continue
        yield f"probability ( {node.id} | {', '.join(node.parents)} ) {{\n"
        yield from (f"  ({', '.join(at)}) {_row(row)};\n" for at, row in configurations(node, spelt))
        yield "}\n"


def _xmlbif(network: Written) -> Iterator[str]:
    """XMLBIF 0.3 (Cozman 1998)."""
    yield '<?xml version="1.0" encoding="UTF-8"?>\n<BIF VERSION="0.3">\n<NETWORK>\n<NAME>thighdx</NAME>\n'
    yield f"<PROPERTY>about = {escape(network.about)}</PROPERTY>\n"
    for node in network.nodes:
        outcomes = "".join(f"<OUTCOME>{state}</OUTCOME>" for state in node.states)
        about = f"<PROPERTY>description = {escape(network.names[node.id])}</PROPERTY>"
        yield f'<VARIABLE TYPE="nature"><NAME>{node.id}</NAME>{outcomes}{about}</VARIABLE>\n'
    for node in network.nodes:
        given = "".join(f"<GIVEN>{parent}</GIVEN>" for parent in node.parents)
        yield f"<DEFINITION><FOR>{node.id}</FOR>{given}<TABLE>\n"
        yield from (f"{_row(row, ' ')}\n" for _, row in configurations(node, network.states()))
        yield "</TABLE></DEFINITION>\n"
    yield "</NETWORK>\n</BIF>\n"


def _xdsl(network: Written) -> Iterator[str]:
    """GeNIe's and SMILE's own format, with a place for each node on the canvas."""
    yield f'<?xml version="1.0" encoding="UTF-8"?>\n<!-- {network.about} -->\n'
    yield '<smile version="1.0" id="thighdx" numsamples="1000">\n<nodes>\n'
    spelt = {node.id: words(node.states) for node in network.nodes}
    for node in network.nodes:
        yield f'<cpt id="{node.id}">\n'
        yield from (f'<state id="{state}" />\n' for state in spelt[node.id])
        if node.parents:
            yield f"<parents>{' '.join(node.parents)}</parents>\n"
        rows = (_row(row, " ") for _, row in configurations(node, spelt))
        yield f"<probabilities>{' '.join(rows)}</probabilities>\n</cpt>\n"
    yield '</nodes>\n<extensions>\n<genie version="1.0" app="thighdx" name="thighdx">\n'
    for node, (left, top) in zip(network.nodes, _places(), strict=False):
        place = f"{left} {top} {left + GENIE_STEP[0] - 20} {top + GENIE_STEP[1] - 30}"
        # pyAgrum takes the name for the id, so the two are the same
        yield f'<node id="{node.id}">\n<name>{node.id}</name>\n'
        yield '<interior color="e5f6f7" />\n<outline color="000080" />\n<font color="000000" name="Arial" size="8" />\n'
        yield f"<position>{place}</position>\n</node>\n"
    yield "</genie>\n</extensions>\n</smile>\n"


def _net(network: Written) -> Iterator[str]:
    """Hugin's NET language."""
    yield f"% {network.about}\n"
    yield f'net\n{{\n  name = "thighdx";\n  node_size = ({GENIE_STEP[0] - 20} {GENIE_STEP[1] - 30});\n}}\n'
    for node, (left, top) in zip(network.nodes, _places(), strict=False):
        label = network.names[node.id].replace("\\", "/").replace('"', "'")
        states = " ".join(f'"{state}"' for state in node.states)
        yield f"node {node.id}\n{{\n  states = ({states});\n"
        yield f'  label = "{label}";\n  position = ({left} {top});\n}}\n'
    for node in network.nodes:
        given = f" | {' '.join(node.parents)}" if node.parents else ""
        yield f"potential ({node.id}{given})\n{{\n  data = {_nested(node.table.tolist())};\n}}\n"


def _nested(values: object) -> str:
    """Numbers in a pair of parentheses for each axis."""
    if isinstance(values, list):
        return f"({' '.join(map(_nested, values))})"
    return repr(values)


def _uai(network: Written) -> Iterator[str]:
    """The format of the UAI inference competitions: numbers only."""
    place = {node.id: number for number, node in enumerate(network.nodes)}
    yield f"BAYES\n{len(place)}\n{' '.join(str(len(node.states)) for node in network.nodes)}\n{len(place)}\n"
    for node in network.nodes:
        scope = [*(place[parent] for parent in node.parents), place[node.id]]
        yield f"{len(scope)} {' '.join(map(str, scope))}\n"
    for node in network.nodes:
        yield f"\n{node.table.size}\n"
        yield from (f" {_row(row, ' ')}\n" for _, row in configurations(node, network.states()))


def _uai_names(network: Written) -> str:
    variables = [{"id": node.id, "states": list(node.states)} for node in network.nodes]
    return json.dumps({"about": network.about, "variables": variables}, indent=1) + "\n"


def _places() -> Iterator[tuple[int, int]]:
    for number in count():
        yield 20 + number % ROW * GENIE_STEP[0], 20 + number // ROW * GENIE_STEP[1]


STATES_CHANGE = f"states that begin with a digit get {DIGIT_MARK} before them (18_39 is {DIGIT_MARK}18_39)"
BIF = Format("BIF", (".bif",), "pgmpy, pyAgrum, bnlearn", f"questions, names of mechanisms; {STATES_CHANGE}", _bif)
XMLBIF = Format("XMLBIF", (".bifxml", ".xmlbif", ".xml"), "pgmpy, pyAgrum, Weka, SamIam", "nothing", _xmlbif)
XDSL = Format("XDSL", (".xdsl",), "GeNIe, pgmpy", f"questions, names of mechanisms; {STATES_CHANGE}", _xdsl)
NET = Format("NET", (".net",), "Hugin, pyAgrum", "nothing", _net)
UAI = Format("UAI", (".uai",), "solvers of the UAI competitions", f"all names; they are in FILE{NAMES_ENDING}", _uai)
FORMATS = (BIF, XMLBIF, XDSL, NET, UAI)
