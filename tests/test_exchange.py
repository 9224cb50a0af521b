"""Files of other programs, read back by those programs and by ours: the same posteriors, the same names."""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tests.handmade import shipped, small_priors
from tests.oracle import Likelihoods, agrum_network, random_cases, random_tables, to_evidence
from thighdx import Knowledge, TableError
from thighdx.assess import Model, assess, get_model
from thighdx.cases import read_case
from thighdx.engine import Engine
from thighdx.errors import NetworkError
from thighdx.evaluation import evaluate_file
from thighdx.exchange import FORMATS, export_network, network_model, read_network
from thighdx.exchange.nodes import Node, nodes_of, tables_of
from thighdx.exchange.write import words
from thighdx.knowledge import build
from thighdx.reading import document_of
from thighdx.schema import CAUSE
from thighdx.scoring.batch import score_batch
from thighdx.tables import Tables
from thighdx.tuning.diff import diff_models

ENDINGS = [ending for one in FORMATS for ending in one.endings]


@cache
def small() -> Knowledge:
    return build(document_of(small_priors(), "small"))


def small_model() -> Model:
    return get_model(small())


def posteriors(tables: Tables, cases: Sequence[Likelihoods]) -> np.ndarray:
    return Engine(tables).posterior(to_evidence(tables, cases)).probability


# ------------------------------------------------------------------------------------------------ by other programs


def turn_parents(table: Any) -> None:
    """pyAgrum 3.3 takes the first parent for the fastest in these two formats, against UAI's rules, SMILE and pgmpy."""
    values = np.array(table.tolist())
    parents = tuple(range(values.ndim - 1))
    as_stated = values.reshape(*reversed(values.shape[:-1]), values.shape[-1])
    table.fillWith(np.transpose(as_stated, (*reversed(parents), len(parents))).ravel().tolist())


def agrum(path: Path, tables: Tables) -> tuple[Any, dict[str, str]]:
    """The network as pyAgrum reads it, and what it calls each node; names and states must be the model's (not of UAI).

    Rows of single precision do not sum to 1 in double, so they are brought to it.
    """
    import pyagrum

    network = pyagrum.loadBN(str(path))
    nodes = nodes_of(tables)
    assert network.size() == len(nodes)
    if path.suffix == ".uai":
        named = json.loads(Path(f"{path}.names.json").read_text())["variables"]
        assert [(one["id"], tuple(one["states"])) for one in named] == [(node.id, node.states) for node in nodes]
        name = {node.id: str(number) for number, node in enumerate(nodes)}
    else:
        name = {node.id: node.id for node in nodes}
        for node in nodes:
            assert tuple(network.variable(node.id).labels()) in {node.states, words(node.states)}
    if path.suffix in {".xdsl", ".uai"}:
        for node in nodes:
            turn_parents(network.cpt(name[node.id]))
    for node in nodes:
        network.cpt(name[node.id]).normalizeAsCPT()
    return network, name


def agrum_posteriors(network: Any, name: dict[str, str], tables: Tables, cases: Sequence[Likelihoods]) -> np.ndarray:
    """P(cause | e) by pyAgrum."""
    import pyagrum

    found = []
    for case in cases:
        inference = pyagrum.LazyPropagation(network)
        asked = zip(tables.findings, case, strict=True)
        inference.setEvidence({name[entry.id]: list(vector) for entry, vector in asked if min(vector) < 1})
        inference.makeInference()
        found.append(inference.posterior(name[CAUSE]).tolist())
    return np.array(found)


def as_read(network: Any, name: dict[str, str], tables: Tables) -> Tables:
    """The tables that pyAgrum holds, whose axes are its names from the last to the first."""
    ids = {called: node for node, called in name.items()}
    nodes = []
    for node in nodes_of(tables):
        held = network.cpt(name[node.id])
        *parents, _ = (ids[called] for called in reversed(held.names))
        nodes.append(replace(node, parents=tuple(parents), table=held.toarray()))
    return tables_of(nodes, tables, "pyAgrum")


@pytest.mark.parametrize("ending", ENDINGS)
def test_pyagrum_finds_the_same_posteriors_in_the_shipped_network(ending: str, tmp_path: Path) -> None:
    """On the numbers it read; of three formats it keeps them in single precision, so they are not all that was written.

    Its own parser of these adds rounding of a few units in the last of seven digits.
    """
    model = get_model(shipped(), "distance_runners")
    path = tmp_path / f"network{ending}"
    export_network(model, str(path))
    if ending in {".xmlbif", ".xml"}:  # pyAgrum goes by another ending
        path = path.rename(tmp_path / "network.bifxml")
    cases = random_cases(np.random.default_rng(4), model.tables, 20)
    network, name = agrum(path, model.tables)
    found, read = agrum_posteriors(network, name, model.tables, cases), as_read(network, name, model.tables)
    np.testing.assert_allclose(found, posteriors(read, cases), rtol=0, atol=1e-9)
    digits = 1e-15 if path.suffix in {".bifxml", ".xdsl"} else 1e-6
    for one, other in zip(nodes_of(read), nodes_of(model.tables), strict=True):
        np.testing.assert_allclose(one.table, other.table, rtol=digits)
    exact = 1e-9 if path.suffix in {".bifxml", ".xdsl"} else 1e-6
    np.testing.assert_allclose(found, posteriors(model.tables, cases), rtol=0, atol=exact)


def test_a_network_that_pyagrum_saves_again_in_six_digits_is_read_and_has_not_moved(tmp_path: Path) -> None:
    import pyagrum

    model = get_model(shipped(), "uniform")
    export_network(model, str(tmp_path / "network.bifxml"))
    pyagrum.saveBN(pyagrum.loadBN(str(tmp_path / "network.bifxml")), str(tmp_path / "again.bifxml"))
    again = network_model(str(tmp_path / "again.bifxml"), shipped(), "uniform")
    assert not diff_models(model, again).changes
    cases = random_cases(np.random.default_rng(5), model.tables, 20)
    np.testing.assert_allclose(posteriors(again.tables, cases), posteriors(model.tables, cases), rtol=0, atol=2e-3)


def pgmpy_reader(ending: str) -> Any:
    from pgmpy.readwrite import BIFReader, NETReader, XDSLReader, XMLBIFReader

    by_ending = {".bif": BIFReader, ".xdsl": XDSLReader, ".net": NETReader}
    return by_ending.get(ending, XMLBIFReader)


def pgmpy_posteriors(path: Path, model: Model, cases: int) -> None:
    """P(cause | e) of random hard answers by pgmpy from the file, against ours."""
    from pgmpy.inference import VariableElimination

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network = pgmpy_reader(path.suffix)(str(path)).get_model()
        assert network.check_model()
    marked = path.suffix in {".bif", ".xdsl"}
    plain = {node.id: words(node.states) if marked else node.states for node in nodes_of(model.tables)}
    elimination, rng = VariableElimination(network), np.random.default_rng(0)
    for _ in range(cases):
        told: dict[str, Any] = {}
        case = []
        for entry in model.tables.findings:
            state, asked = int(rng.integers(len(entry.states))), rng.random() < 0.5
            case.append([float(place == state or not asked) for place in range(len(entry.states))])
            if asked:
                told[entry.id] = plain[entry.id][state]
        found = elimination.query([CAUSE], evidence=told, show_progress=False).values
        np.testing.assert_allclose(found, posteriors(model.tables, [case])[0], rtol=0, atol=1e-9)


@pytest.mark.parametrize("ending", [".bif", ".xmlbif", ".xdsl", ".net"])
def test_pgmpy_finds_the_same_posteriors_in_a_small_network(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"network{ending}"
    export_network(small_model(), str(path))
    pgmpy_posteriors(path, small_model(), 20)


@pytest.mark.parametrize("ending", [".bif", ".xmlbif", ".xdsl"])
def test_pgmpy_finds_the_same_posteriors_in_the_shipped_network(ending: str, tmp_path: Path) -> None:
    """NET takes it minutes to read."""
    model = get_model(shipped(), "uniform")
    path = tmp_path / f"network{ending}"
    export_network(model, str(path))
    pgmpy_posteriors(path, model, 5)


def test_a_uai_file_holds_every_number_by_the_rules_of_the_format(tmp_path: Path) -> None:
    """Scopes end with the variable itself, and the last variable of a scope runs fastest."""
    model = get_model(shipped(), "uniform")
    path = tmp_path / "network.uai"
    export_network(model, str(path))
    variables = json.loads(Path(f"{path}.names.json").read_text())["variables"]
    numbers = iter(path.read_text().split())
    assert next(numbers) == "BAYES"
    cards = [int(next(numbers)) for _ in range(int(next(numbers)))]
    assert cards == [len(one["states"]) for one in variables]
    scopes = [[int(next(numbers)) for _ in range(int(next(numbers)))] for _ in range(int(next(numbers)))]
    nodes = []
    for scope in scopes:
        table = np.array([float(next(numbers)) for _ in range(int(next(numbers)))])
        *parents, own = (variables[place] for place in scope)
        shape = [cards[place] for place in scope]
        given = tuple(one["id"] for one in parents)
        nodes.append(Node(own["id"], tuple(own["states"]), given, table.reshape(shape)))
    assert next(numbers, None) is None
    again = tables_of(nodes, model.tables, "uai")
    cases = random_cases(np.random.default_rng(7), model.tables, 20)
    np.testing.assert_allclose(posteriors(again, cases), posteriors(model.tables, cases), rtol=0, atol=1e-9)


# ------------------------------------------------------------------------------------------------------ by ourselves


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_file_read_back_is_the_same_network(ending: str, tmp_path: Path) -> None:
    model = get_model(shipped(), "uniform")
    path = str(tmp_path / f"network{ending}")
    export_network(model, path)
    again = read_network(path, model.tables)
    np.testing.assert_array_equal(again.prior, model.tables.prior)
    for found, expected in zip(again.findings, model.tables.findings, strict=True):
        assert found.parent.tolist() == expected.parent.tolist()
        np.testing.assert_allclose(found.rows, expected.rows, rtol=0, atol=1e-12)
    cases = random_cases(np.random.default_rng(5), model.tables, 50)
    np.testing.assert_allclose(posteriors(again, cases), posteriors(model.tables, cases), rtol=0, atol=1e-12)


@pytest.mark.parametrize("zeros", [False, True])
@pytest.mark.parametrize("seed", range(10))
def test_nodes_of_random_networks_give_their_tables_back(seed: int, zeros: bool) -> None:
    """The order of nodes, parents and states is free."""
    rng = np.random.default_rng([seed, zeros])
    tables = random_tables(rng, zeros=zeros)
    nodes = []
    for node in nodes_of(tables):
        axes, states = rng.permutation(len(node.parents)), rng.permutation(len(node.states))
        table = np.take(np.transpose(node.table, [*axes, len(axes)]), states, axis=-1)
        parents = tuple(node.parents[axis] for axis in axes)
        nodes.append(type(node)(node.id, tuple(node.states[state] for state in states), parents, table))
    again = tables_of([nodes[place] for place in rng.permutation(len(nodes))], tables, "random")
    cases = random_cases(rng, tables, 20, answers=1)
    np.testing.assert_allclose(posteriors(again, cases), posteriors(tables, cases), rtol=0, atol=1e-12)


@pytest.mark.parametrize("ending", [".bif", ".bifxml", ".net"])
def test_networks_that_pyagrum_wrote_are_read(ending: str, tmp_path: Path) -> None:
    """Read, written again by another program with six digits, and read back."""
    import pyagrum

    model = small_model()
    ours, theirs = tmp_path / "ours.bifxml", tmp_path / f"theirs{ending}"
    export_network(model, str(ours))
    pyagrum.saveBN(pyagrum.loadBN(str(ours)), str(theirs))
    again = read_network(str(theirs), model.tables)
    cases = random_cases(np.random.default_rng(6), model.tables, 20, answers=3)
    np.testing.assert_allclose(posteriors(again, cases), posteriors(model.tables, cases), rtol=0, atol=1e-5)


def test_an_edited_network_answers_with_what_was_edited(tmp_path: Path) -> None:
    path = tmp_path / "network.bif"
    export_network(small_model(), str(path))
    text = path.read_text()
    prior = small_model().tables.prior.tolist()
    before = f"table {', '.join(map(repr, prior))};"
    assert before in text
    path.write_text(text.replace(before, "table 0.5, 0.25, 0.25;"))
    model = network_model(str(path), small())
    assert model.tables.prior.tolist() == [0.5, 0.25, 0.25]
    assert model.population == "network.bif"


# ------------------------------------------------------------------------------------------------ what is refused


def broken(tmp_path: Path, ending: str, before: str, after: str) -> str:
    path = tmp_path / f"network{ending}"
    export_network(small_model(), str(path))
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))
    with pytest.raises(NetworkError) as error:
        read_network(str(path), small_model().tables)
    return str(error.value)


@pytest.mark.parametrize(
    ("ending", "before", "after", "message"),
    [
        (".bif", "variable bruise", "variable bruse", "names no variable"),
        (".bif", "{ no, yes }", "{ no, maybe }", "has states no, maybe; accepted: no, yes"),
        (".bif", "probability ( bruise", "nonsense ( bruise", "accepted: network, variable or probability"),
        (".bif", "table ", "table 0.1, ", "numbers; accepted: 3"),
        (".xmlbif", "<FOR>bruise</FOR>", "<FOR>slump</FOR>", "'slump' is defined twice"),
        (".xmlbif", "<GIVEN>irritation</GIVEN>", "<GIVEN>bruise</GIVEN>", "has parent 'bruise'"),
        (".xmlbif", "<OUTCOME>tear</OUTCOME>", "", "accepted: 2"),
        (".xmlbif", "</BIF>", "", "not valid XMLBIF"),
        (".xdsl", 'id="slump"', 'id="slmp"', "'slmp' is not a node of the network"),
        (".xdsl", "<probabilities>0.3", "<probabilities>0.2", "sums to 0.9"),
        (".xdsl", "<probabilities>0.", "<probabilities>-0.", "no probabilities"),
        (".xdsl", "<probabilities>0.", "<probabilities>nan 0.", "numbers; accepted"),
        (".net", "potential (bruise", "potential (brse", "is no node"),
    ],
)
def test_faults_of_a_network_are_named(tmp_path: Path, ending: str, before: str, after: str, message: str) -> None:
    assert message in broken(tmp_path, ending, before, after)


def test_all_missing_nodes_are_said_at_once(tmp_path: Path) -> None:
    path = tmp_path / "network.xdsl"
    path.write_text('<smile><nodes><cpt id="cause"><state id="tear" /></cpt></nodes></smile>')
    with pytest.raises(NetworkError) as error:
        read_network(str(path), small_model().tables)
    assert "accepted: 1" in str(error.value)
    path.write_text("<smile><nodes></nodes></smile>")
    with pytest.raises(NetworkError) as error:
        read_network(str(path), small_model().tables)
    assert len(error.value.faults) == len(nodes_of(small_model().tables))


def test_a_finding_on_two_mechanisms_under_one_cause_is_refused() -> None:
    """The engine's blocks are independent given the cause; more is not ours to answer."""
    tables = small_model().tables
    nodes = {node.id: node for node in nodes_of(tables)}
    walking = nodes["walking"]
    table = walking.table.copy()
    table[0, :, 1] = table[0, :, 1][:, ::-1]
    nodes["walking"] = type(walking)(walking.id, walking.states, walking.parents, table)
    with pytest.raises(NetworkError, match="depends on damage and irritation under 'tear'"):
        tables_of(list(nodes.values()), tables, "edited")


def test_a_finding_may_be_moved_to_another_mechanism() -> None:
    tables = small_model().tables
    nodes = {node.id: node for node in nodes_of(tables)}
    walking = nodes["walking"]
    table = walking.table.copy()
    table[0] = np.array([[0.2, 0.3, 0.5], [0.6, 0.3, 0.1]])[None]  # under a tear by irritation instead of damage
    nodes["walking"] = type(walking)(walking.id, walking.states, walking.parents, table)
    again = tables_of(list(nodes.values()), tables, "edited")
    index = tables.finding_index["walking"]
    assert again.mechanisms[again.findings[index].parent[0]].id == "irritation"
    expected = tables.mechanisms[1].prior[0] @ table[0, 0]
    np.testing.assert_allclose(again.findings[index].rows[0], expected)


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE BIF [<!ENTITY a "aaaa">]><BIF><NETWORK><NAME>&a;</NAME></NETWORK></BIF>',
        '<!DOCTYPE BIF [<!ENTITY a SYSTEM "file:///etc/passwd">]><BIF>&a;</BIF>',
    ],
)
def test_entities_are_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "network.xmlbif"
    path.write_text(text)
    with pytest.raises(NetworkError, match="declares entities"):
        read_network(str(path), small_model().tables)


def test_a_document_type_without_entities_is_read(tmp_path: Path) -> None:
    path = tmp_path / "network.xmlbif"
    export_network(small_model(), str(path))
    kind = "<!DOCTYPE BIF [<!ELEMENT BIF ( NETWORK )*>]>\n<BIF"
    path.write_text(path.read_text().replace("<BIF", kind, 1))
    assert read_network(str(path), small_model().tables).causes == small_model().tables.causes


def test_files_that_are_no_networks_are_refused(tmp_path: Path) -> None:
    tables = small_model().tables
    for name, error, message in (
        ("network.txt", TableError, "ending '.txt' is no network's"),
        ("network.uai", NetworkError, "cannot be read"),
        ("nowhere.bif", NetworkError, "cannot be read"),
    ):
        with pytest.raises(error, match=message):
            read_network(str(tmp_path / name), tables)
    for content in (b"\xff\xfe", b"network x {", b"probability"):
        (tmp_path / "odd.bif").write_bytes(content)
        with pytest.raises(NetworkError):
            read_network(str(tmp_path / "odd.bif"), tables)


def test_states_that_begin_with_a_digit_get_a_letter_each_a_different_one() -> None:
    assert words(["18_39", "s_18_39", "old"]) == ("s_s_18_39", "s_18_39", "old")
    for entry in shipped().content.findings.values():
        assert len(set(words(entry.states))) == len(entry.states)


# --------------------------------------------------------------------------------------- answering by a network


@pytest.mark.parametrize("ending", [".bif", ".bifxml", ".xdsl", ".net", ".uai"])
def test_scores_by_an_edited_network_are_pyagrums_own(ending: str, tmp_path: Path) -> None:
    """The network is edited in pyAgrum (a base rate, a row of levels), and asked there and by `thighdx score`."""
    import pandas as pd
    import pyagrum

    model, path = small_model(), tmp_path / f"edited{ending}"
    edited = {node.id: node for node in nodes_of(model.tables)}
    cause, slump = edited[CAUSE], edited["slump"]
    table = slump.table.copy()
    table[0] = [[0.9, 0.1], [0.35, 0.65]]
    edited |= {
        CAUSE: Node(CAUSE, cause.states, (), np.array([0.2, 0.5, 0.3])),
        "slump": Node("slump", slump.states, slump.parents, table),
    }
    tables = tables_of(list(edited.values()), model.tables, "edited")
    export_network(Model(model.knowledge, "edited", Engine(tables)), str(path))
    again = network_model(str(path), small())
    assert again.population == path.name
    codes = np.random.default_rng(3).integers(0, 3, size=(20, len(tables.findings)))
    rows = [
        {one.id: one.states[code - 1] for one, code in zip(tables.findings, row, strict=True) if code}
        for row in codes.tolist()
    ]
    network = agrum_network(tables)
    found = score_batch(again, pa.Table.from_pandas(pd.DataFrame(rows))).batch.to_pandas()
    for number, row in enumerate(rows):
        inference = pyagrum.LazyPropagation(network)
        inference.setEvidence(row)
        inference.makeInference()
        expected = inference.posterior(CAUSE).tolist()
        mine = found.loc[number, [f"p_{name}" for name in tables.causes]].to_numpy(dtype=float)
        np.testing.assert_allclose(mine, expected, atol=1e-9)
    assert set(found["population"]) == {path.name}


def test_the_digest_says_which_network_gave_the_numbers(tmp_path: Path) -> None:
    """Of whatever name and format; another as soon as one number, the priors or the verdict on danger are others."""
    model = small_model()
    written = []
    for ending in (".bif", ".bifxml", ".xdsl", ".net", ".uai"):
        written.append(str(tmp_path / f"as{ending}"))
        export_network(model, written[-1])
    one, *others = [network_model(path, small()).digest for path in written]
    assert {one} == set(others)
    rows = replace(model.tables.findings[0], rows=model.tables.findings[0].rows[::-1])
    moved = replace(model.tables, findings=(rows, *model.tables.findings[1:]))
    export_network(Model(small(), "moved", Engine(moved)), str(tmp_path / "moved.net"))
    renamed = small().with_overlay({"causes": {"ache": {"name": "An ache"}}})
    different = [
        small().digest,
        network_model(str(tmp_path / "moved.net"), small()).digest,
        network_model(written[0], renamed).digest,
        network_model(written[0], small(), "alike").digest,
    ]
    assert len({one, *different}) == 5
    assert model.digest == small().digest  # without a network nothing is new


def test_the_digest_of_a_network_can_be_made_from_its_description(tmp_path: Path) -> None:
    path = str(tmp_path / "as.net")
    export_network(small_model(), path)
    found = network_model(path, small())
    said = {
        node.id: {"parents": list(node.parents), "states": list(node.states), "table": node.table.tolist()}
        for node in nodes_of(found.tables)
    }
    whole = {"network": said, "priors": small().digest, "rates_of": "clinic"}
    text = json.dumps(whole, sort_keys=True, separators=(",", ":"))
    assert found.digest == sha256(text.encode()).hexdigest()


def test_scored_and_evaluated_by_a_network_both_say_its_digest(tmp_path: Path) -> None:
    path, cases = str(tmp_path / "as.net"), tmp_path / "cases.csv"
    export_network(small_model(), path)
    found = network_model(path, small())
    cases.write_text("bruise,diagnosis\nyes,tear\nno,root\n")
    scored = score_batch(found, pa.table({"bruise": ["yes", "no"]})).batch.column("priors_digest").to_pylist()
    assert scored == [found.digest] * 2
    assert evaluate_file(found, str(cases), draws=100).priors_digest == found.digest != small().digest


def test_a_network_with_base_rates_of_its_own_gets_a_verdict_on_danger_a_convention_gets_none(tmp_path: Path) -> None:
    convention = small().with_overlay(
        {"populations": {"alike": {"causes": {"p": {}, "weight": 1, "estimate": "all alike", "exact": True}}}}
    )
    path = str(tmp_path / "network.bif")
    export_network(get_model(convention, "alike"), path)
    case = read_case(convention, {"slump": "positive"})
    for population, verdict in (("alike", False), ("clinic", True)):
        found = assess(network_model(path, convention, population), case)
        assert (found.triage >= 0).all() == verdict


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("BAYES", "MARKOV", "accepted: BAYES first"),
        ("BAYES\n8", "BAYES\n7", "another number of variables"),
        ("BAYES\n8\n3", "BAYES\n8\n4", "another number of states"),
        ("\n2 0 1\n", "\n2 0 99\n", "a whole number up to 7"),
        ("\n2 0 1\n", "\n2 1 0\n", "about"),
        ("0.3", "nothing", "could not convert"),
    ],
)
def test_faults_of_a_uai_file_are_named(tmp_path: Path, before: str, after: str, message: str) -> None:
    assert message in broken(tmp_path, ".uai", before, after)


@pytest.mark.parametrize("names", ["[]", "{}", '{"variables": [{"id": 1}]}', "no json", '{"variables": []}'])
def test_names_of_a_uai_file_are_checked(tmp_path: Path, names: str) -> None:
    path = tmp_path / "network.uai"
    export_network(small_model(), str(path))
    Path(f"{path}.names.json").write_text(names)
    with pytest.raises(NetworkError, match="not valid UAI"):
        read_network(str(path), small_model().tables)
