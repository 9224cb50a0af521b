"""What must hold whatever the priors say: on the shipped network and on small random ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from itertools import combinations, pairwise
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.oracle import draw_cases, hard, random_likelihoods, random_tables, to_evidence
from thighdx import Knowledge, engine, load_knowledge
from thighdx.cases import read_case
from thighdx.engine import Engine, Posterior
from thighdx.evidence import Evidence, evidence
from thighdx.rows import complete
from thighdx.schema import Row
from thighdx.tables import FindingTable, MechanismTable, Tables, build_tables

Array = NDArray[np.float64]

seeds = st.integers(0, 2**32 - 1)
small = seeds.map(lambda seed: random_tables(np.random.default_rng(seed)))


@cache
def shipped() -> Knowledge:
    return load_knowledge()


POPULATIONS = shipped().populations


@cache
def shipped_tables(population: str = "uniform") -> Tables:
    return build_tables(shipped(), population)


@cache
def shipped_engine(population: str = "uniform") -> Engine:
    return Engine(shipped_tables(population))


def drawn(tables: Tables, rng: np.random.Generator, cases: int, answered: float) -> tuple[NDArray[np.intp], Evidence]:
    """Cases drawn from the model, each finding told with probability `answered`: their causes, and what is known."""
    found = draw_cases(tables, rng, cases)
    known = rng.random(found.state.shape) < answered
    return found.cause, evidence(np.where(known, found.state + 1, 0).astype(np.uint8))


def mixed(tables: Tables, rng: np.random.Generator, cases: int) -> Evidence:
    """Drawn cases in which some cells are soft or one-of."""
    _, told = drawn(tables, rng, cases, 0.3)
    soft = []
    for row in rng.choice(cases, size=cases // 3, replace=False).tolist():
        finding = int(rng.integers(len(tables.findings)))
        told.codes[row, finding] = 0
        soft.append((row, finding, rng.random(len(tables.findings[finding].states)).tolist()))
    return evidence(told.codes, soft, most_states=tables.most_states)


def nothing(tables: Tables, cases: int = 1) -> Evidence:
    return evidence(np.zeros((cases, len(tables.findings)), dtype=np.uint8))


def case_posterior(case: Mapping[str, object]) -> Posterior:
    """What the shipped model says of one case as a person would write it."""
    return shipped_engine().posterior(read_case(shipped(), case).evidence)


def rows_of(told: Evidence, rows: NDArray[np.intp]) -> Evidence:
    """The cases `rows`, in that order."""
    soft = [
        (place, int(told.soft_finding[cell]), told.soft_likelihood[cell].tolist())
        for place, row in enumerate(rows)
        for cell in np.flatnonzero(told.soft_case == row)
    ]
    return evidence(told.codes[rows], soft, most_states=told.soft_likelihood.shape[1])


def same(one: Posterior, other: Posterior, atol: float = 1e-13) -> None:
    np.testing.assert_allclose(one.probability, other.probability, rtol=0, atol=atol)
    np.testing.assert_allclose(one.log_evidence, other.log_evidence, rtol=1e-12, atol=1e-12)


# ------------------------------------------------------------------------------------------------ tables and priors


@pytest.mark.parametrize("population", POPULATIONS)
def test_every_row_of_the_shipped_tables_sums_to_one(population: str) -> None:
    tables = shipped_tables(population)
    arrays = [tables.prior, *(mechanism.prior for mechanism in tables.mechanisms)]
    arrays += [table for finding in tables.findings for table in (finding.rows, *finding.given.values())]
    for array in arrays:
        np.testing.assert_allclose(array.sum(axis=-1), 1, rtol=0, atol=1e-12)
        assert (array >= 0).all()


@pytest.mark.parametrize("population", POPULATIONS)
def test_every_row_is_returned_as_a_margin(population: str) -> None:
    """sum_m P(m | c) P(s | c, m) is the finding's row under every cause, whichever mechanism it hangs on there."""
    tables = shipped_tables(population)
    for finding in tables.findings:
        for number, table in finding.given.items():
            margin = np.einsum("cl,cls->cs", tables.mechanisms[number].prior, table)
            np.testing.assert_allclose(margin, finding.rows, rtol=0, atol=1e-12, err_msg=finding.id)


@pytest.mark.parametrize("population", POPULATIONS)
def test_the_engine_returns_every_row_to_a_single_answer(population: str) -> None:
    """P(one answer | cause), mechanisms summed out by the engine, is the row's entry."""
    tables = shipped_tables(population)
    for position, finding in enumerate(tables.findings):
        told = nothing(tables, len(finding.states))
        told.codes[:, position] = np.arange(len(finding.states)) + 1
        found = np.exp(shipped_engine(population).log_likelihood(told))
        np.testing.assert_allclose(found.T, finding.rows, rtol=0, atol=1e-12, err_msg=finding.id)


def test_every_stated_row_is_returned_to_the_digit() -> None:
    """P(state | cause) as written in `priors/`, wherever no state of the row lies below the floor; the floor else."""
    content, tables = shipped().content, shipped_tables()
    floor = content.thresholds.floor
    checked = 0
    for name, finding in content.findings.items():
        rows = tables.findings[tables.finding_index[name]].rows
        for cause, row in finding.rows.items():
            if not isinstance(row, Row):
                continue
            found = dict(zip(finding.states, rows[tables.causes.index(cause)].tolist(), strict=True))
            whole = complete(row.p, finding.states, complete(finding.background.p, finding.states))
            low = [state for state, value in zip(finding.states, whole, strict=True) if value < floor]
            stated = dict.fromkeys(low, floor) if low else row.p
            for state, value in stated.items():
                assert found[state] == pytest.approx(value, rel=0, abs=1e-15), (name, cause, state)
                checked += 1
    assert checked > 500


@pytest.mark.parametrize("population", POPULATIONS)
def test_no_state_is_below_the_floor(population: str) -> None:
    floor = shipped().content.thresholds.floor
    assert min(finding.rows.min() for finding in shipped_tables(population).findings) >= floor * (1 - 1e-12)


@pytest.mark.parametrize("population", POPULATIONS)
def test_base_rates_are_shares_within_shares(population: str) -> None:
    """Each origin has the share stated for it, each cause its share within; together they sum to 1."""
    content, tables = shipped().content, shipped_tables(population)
    assert tables.prior.sum() == pytest.approx(1, rel=0, abs=1e-15)
    stated = content.populations[population]
    if stated.origins is None:
        return
    for origin, share in stated.origins.p.items():
        members = [cause for cause in tables.causes if content.causes[cause].origin == origin]
        rates = {cause: tables.prior[tables.causes.index(cause)] for cause in members}
        assert sum(rates.values()) == pytest.approx(share, abs=1e-14)
        for cause, within in stated.within[origin].p.items():
            assert rates[cause] == pytest.approx(share * within, abs=1e-14)


def test_the_default_is_the_authors_split() -> None:
    """70 % not the hamstring, 29 % irritation, 1 % acute: the article's estimate, before any answer."""
    tables = build_tables(shipped())
    origin = [shipped().content.causes[cause].origin for cause in tables.causes]
    shares = {name: sum(tables.prior[np.array(origin) == name]) for name in shipped().origins}
    assert shares == pytest.approx({"non_hamstring": 0.70, "hamstring_irritation": 0.29, "acute_hamstring": 0.01})


# ------------------------------------------------------------------------------------------------- nothing, and order


@pytest.mark.parametrize("population", POPULATIONS)
def test_nothing_answered_is_the_base_rate(population: str) -> None:
    """To 1e-15, alone and beside cases that answer; P(nothing) = 1."""
    tables, model = shipped_tables(population), shipped_engine(population)
    alone = model.posterior(nothing(tables))
    np.testing.assert_allclose(alone.probability[0], tables.prior, rtol=0, atol=1e-15)
    np.testing.assert_allclose(alone.log_evidence, 0, atol=1e-15)
    told = mixed(tables, np.random.default_rng(5), 300)
    blank = np.setdiff1d(np.arange(told.cases), told.soft_case)[:10]
    told.codes[blank] = 0
    beside = model.posterior(told).probability[blank]
    np.testing.assert_allclose(beside, np.tile(tables.prior, (len(blank), 1)), rtol=0, atol=1e-15)


@given(tables=small)
def test_nothing_answered_is_the_base_rate_in_any_network(tables: Tables) -> None:
    found = Engine(tables).posterior(nothing(tables)).probability[0]
    np.testing.assert_allclose(found, tables.prior, rtol=0, atol=1e-15)


@given(tables=small, seed=seeds)
def test_posteriors_sum_to_one(tables: Tables, seed: int) -> None:
    rng = np.random.default_rng(seed)
    found = Engine(tables).posterior(to_evidence(tables, [random_likelihoods(rng, tables) for _ in range(5)]))
    np.testing.assert_allclose(found.probability.sum(axis=1), found.possible, rtol=0, atol=1e-14)


@pytest.mark.parametrize("chunk", [1, 7, 4096])
def test_batches_and_their_borders_do_not_matter(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same numbers however many cases the engine works on at once, soft cells on either side of a border."""
    tables = shipped_tables()
    count = 5000 if chunk == 4096 else 300
    told = mixed(tables, np.random.default_rng(6), count)
    monkeypatch.setattr(engine, "CHUNK", count)
    whole = shipped_engine().posterior(told)
    levels = shipped_engine().level_posterior(told, "tissue_damage", "strain")
    monkeypatch.setattr(engine, "CHUNK", chunk)
    same(shipped_engine().posterior(told), whole)
    np.testing.assert_allclose(shipped_engine().level_posterior(told, "tissue_damage", "strain"), levels, atol=1e-13)


def test_the_order_of_cases_does_not_matter() -> None:
    """A shuffled batch gives the shuffled posteriors, across the border of a chunk."""
    rng = np.random.default_rng(7)
    told = mixed(shipped_tables(), rng, engine.CHUNK + 100)
    order = rng.permutation(told.cases)
    found, shuffled = shipped_engine().posterior(told), shipped_engine().posterior(rows_of(told, order))
    np.testing.assert_allclose(shuffled.probability, found.probability[order], rtol=0, atol=1e-13)
    np.testing.assert_allclose(shuffled.log_evidence, found.log_evidence[order], rtol=1e-12)


@given(tables=small, seed=seeds)
def test_the_order_of_findings_and_causes_does_not_matter(tables: Tables, seed: int) -> None:
    rng = np.random.default_rng(seed)
    case = random_likelihoods(rng, tables)
    by_finding, by_cause = rng.permutation(len(tables.findings)), rng.permutation(len(tables.causes))
    shuffled = Tables(
        tuple(tables.causes[cause] for cause in by_cause),
        tables.prior[by_cause],
        tuple(replace(mechanism, prior=mechanism.prior[by_cause]) for mechanism in tables.mechanisms),
        tuple(_with_causes(tables.findings[number], by_cause) for number in by_finding),
    )
    before = Engine(tables).posterior(to_evidence(tables, [case])).probability[:, by_cause]
    after = Engine(shuffled).posterior(to_evidence(shuffled, [[case[number] for number in by_finding]])).probability
    np.testing.assert_allclose(after, before, rtol=0, atol=1e-13)


def _with_causes(finding: FindingTable, order: NDArray[np.intp]) -> FindingTable:
    given_ = {number: table[order] for number, table in finding.given.items()}
    return replace(finding, rows=finding.rows[order], parent=finding.parent[order], given=given_)


CELLS = st.dictionaries(
    st.sampled_from(shipped().findings),
    st.tuples(st.integers(0, 10), st.sampled_from(["{0}", "{0}@0.7", "{0}|{1}", "", " ", None])),
    min_size=1,
    max_size=12,
)


def written(cells: Mapping[str, tuple[int, str | None]]) -> dict[str, str | None]:
    """Cells as text: a state by its number, in one of the forms a cell may have."""
    case = {}
    for name, (number, form) in cells.items():
        states = shipped().content.findings[name].states
        case[name] = form and form.format(states[number % len(states)], states[(number + 1) % len(states)])
    return case


@given(cells=CELLS, shuffle=st.randoms(use_true_random=False))
def test_the_order_of_columns_does_not_matter(cells: dict[str, tuple[int, str | None]], shuffle: Random) -> None:
    case = written(cells)
    names = list(case)
    shuffle.shuffle(names)
    same(case_posterior({name: case[name] for name in names}), case_posterior(case), atol=0)


@given(cells=CELLS)
def test_an_empty_cell_is_a_column_left_out(cells: dict[str, tuple[int, str | None]]) -> None:
    """Empty, blank, null and not-a-number say nothing; so does naming every state. The case is as if not asked."""
    case = written(cells)
    told = {name: cell for name, cell in case.items() if cell and cell.strip()}
    expected = case_posterior(told)
    for empty in ("", "  ", None, float("nan")):
        same(case_posterior({name: told.get(name, empty) for name in shipped().findings}), expected, atol=0)
    every = {name: "|".join(entry.states) for name, entry in shipped().content.findings.items()}
    same(case_posterior(every | told), expected, atol=0)


# ------------------------------------------------------------------------------------------- what an answer is worth


@given(tables=small, seed=seeds)
def test_a_likelihood_ratio_of_one_changes_nothing(tables: Tables, seed: int) -> None:
    """An answer that is as likely in every state of the finding, whatever the other answers."""
    rng = np.random.default_rng(seed)
    case = random_likelihoods(rng, tables)
    asked = int(rng.integers(len(tables.findings)))
    left_out = [[1.0] * len(vector) if number == asked else vector for number, vector in enumerate(case)]
    flat = [[0.25] * len(vector) if number == asked else vector for number, vector in enumerate(case)]
    found = Engine(tables).posterior(to_evidence(tables, [left_out, flat])).probability
    np.testing.assert_allclose(found[1], found[0], rtol=0, atol=1e-13)


@given(cells=CELLS, name=st.sampled_from(shipped().findings))
def test_a_uniform_soft_answer_changes_nothing(cells: dict[str, tuple[int, str | None]], name: str) -> None:
    """`state@p` with p = 1 / (number of states) gives every state the same likelihood."""
    case = written(cells)
    states = shipped().content.findings[name].states
    without = case_posterior({**case, name: None}).probability
    uniform = case_posterior({**case, name: f"{states[0]}@{1 / len(states)!r}"}).probability
    np.testing.assert_allclose(uniform, without, rtol=0, atol=1e-13)


@given(tables=small, seed=seeds)
def test_a_row_equal_under_all_causes_changes_nothing(tables: Tables, seed: int) -> None:
    """A finding on no mechanism that is as frequent under every cause tells nothing."""
    rng = np.random.default_rng(seed)
    row = np.tile(rng.dirichlet(np.ones(3)), (len(tables.causes), 1))
    free = np.full(len(tables.causes), -1, dtype=np.intp)
    useless = FindingTable("useless", ("a", "b", "c"), row, free, {})
    more = replace(tables, findings=(*tables.findings, useless))
    case = random_likelihoods(rng, tables)
    before = Engine(tables).posterior(to_evidence(tables, [case])).probability
    for answer in ([1.0, 0.0, 0.0], [0.0, 1.0, 1.0], [0.2, 0.3, 0.9]):
        after = Engine(more).posterior(to_evidence(more, [[*case, answer]])).probability
        np.testing.assert_allclose(after, before, rtol=0, atol=1e-13)


def test_a_row_equal_under_all_causes_changes_nothing_in_the_shipped_network() -> None:
    """Each finding that hangs on no mechanism, its rows made equal, is as good as not asked."""
    tables = shipped_tables()
    free = [number for number, finding in enumerate(tables.findings) if (finding.parent == -1).all()]
    assert len(free) > 5
    told = mixed(tables, np.random.default_rng(8), 50)
    for number in free:
        finding = tables.findings[number]
        equal = replace(finding, rows=np.tile(finding.rows[3], (len(tables.causes), 1)))
        changed = Engine(replace(tables, findings=(*tables.findings[:number], equal, *tables.findings[number + 1 :])))
        asked, not_asked = told.codes.copy(), told.codes.copy()
        asked[:, number] = np.arange(50) % len(finding.states) + 1
        not_asked[:, number] = 0
        soft = told.soft_case[told.soft_finding == number]
        rows = np.setdiff1d(np.arange(50), soft)
        before = changed.posterior(replace(told, codes=not_asked)).probability[rows]
        after = changed.posterior(replace(told, codes=asked)).probability[rows]
        np.testing.assert_allclose(after, before, rtol=0, atol=1e-13)


@given(cells=CELLS, name=st.sampled_from(shipped().findings), number=st.integers(0, 10))
def test_a_soft_answer_for_certain_is_a_hard_one(
    cells: dict[str, tuple[int, str | None]], name: str, number: int
) -> None:
    case, states = written(cells), shipped().content.findings[name].states
    state = states[number % len(states)]
    same(case_posterior(case | {name: f"{state}@1.0"}), case_posterior(case | {name: state}), atol=0)


@given(tables=small, seed=seeds)
def test_a_likelihood_of_one_state_alone_is_the_hard_answer(tables: Tables, seed: int) -> None:
    """The engine's two roads, a code and a likelihood vector, meet."""
    codes = np.array([[np.random.default_rng(seed).integers(len(one.states)) + 1 for one in tables.findings]])
    hard_ = evidence(codes.astype(np.uint8))
    vectors = hard(tables, {one.id: one.states[code - 1] for one, code in zip(tables.findings, codes[0], strict=True)})
    soft = evidence(np.zeros_like(hard_.codes), [(0, number, vector) for number, vector in enumerate(vectors)])
    same(Engine(tables).posterior(soft), Engine(tables).posterior(hard_))


@given(cells=CELLS, name=st.sampled_from(shipped().findings))
def test_one_of_several_states_has_the_sum_of_their_probabilities(
    cells: dict[str, tuple[int, str | None]], name: str
) -> None:
    """P(e, a|b) = P(e, a) + P(e, b), and over all states P(e)."""
    case, states = written(cells), shipped().content.findings[name].states
    each = np.exp([case_posterior(case | {name: state}).log_evidence[0] for state in states])
    for one, other in combinations(range(len(states)), 2):
        either = case_posterior(case | {name: f"{states[one]}|{states[other]}"}).log_evidence[0]
        assert np.exp(either) == pytest.approx(each[one] + each[other], rel=1e-10)
    assert np.exp(case_posterior({**case, name: None}).log_evidence[0]) == pytest.approx(each.sum(), rel=1e-10)


@given(cells=CELLS, name=st.sampled_from(shipped().findings), stated=st.floats(0, 1))
def test_a_soft_answer_lies_between_the_hard_ones(
    cells: dict[str, tuple[int, str | None]], name: str, stated: float
) -> None:
    """Each cause's probability under `state@p` lies within the range over the finding's states."""
    case, states = written(cells), shipped().content.findings[name].states
    each = np.array([case_posterior(case | {name: state}).probability[0] for state in states])
    found = case_posterior(case | {name: f"{states[0]}@{stated!r}"}).probability[0]
    assert (found >= each.min(axis=0) - 1e-12).all()
    assert (found <= each.max(axis=0) + 1e-12).all()


# ---------------------------------------------------------------------------------------------------- dependence


@given(tables=small, seed=seeds)
def test_flat_tables_are_naive_bayes(tables: Tables, seed: int) -> None:
    """With P(s | c, m) the row at every level, the posterior is the prior times the rows, answer by answer."""
    flat = replace(tables, findings=tuple(_flattened(finding, tables) for finding in tables.findings))
    case = random_likelihoods(np.random.default_rng(seed), tables)
    found = Engine(flat).posterior(to_evidence(flat, [case])).probability[0]
    np.testing.assert_allclose(found, naive_bayes(tables, case), rtol=0, atol=1e-13)


def _flattened(finding: FindingTable, tables: Tables) -> FindingTable:
    levels = {number: len(tables.mechanisms[number].levels) for number in finding.given}
    return replace(finding, given={key: np.repeat(finding.rows[:, None], count, 1) for key, count in levels.items()})


def naive_bayes(tables: Tables, case: list[list[float]]) -> Array:
    """P(cause) times, for each answer, P(answer | cause); then shared out to sum to 1."""
    weight = tables.prior.copy()
    for finding, vector in zip(tables.findings, case, strict=True):
        weight *= finding.rows @ np.array(vector)
    shares: Array = weight / weight.sum()
    return shares


def test_flat_templates_in_the_priors_are_naive_bayes() -> None:
    """An overlay that states one row at all levels of every template turns the shipped model into plain products."""
    tables = build_tables(with_flat_templates(shipped()), "uniform")
    np.testing.assert_array_equal(tables.findings[5].rows, shipped_tables().findings[5].rows)
    rng = np.random.default_rng(9)
    cases = [random_likelihoods(rng, tables, 12) for _ in range(100)]
    found = Engine(tables).posterior(to_evidence(tables, cases)).probability
    np.testing.assert_allclose(found, [naive_bayes(tables, case) for case in cases], rtol=0, atol=1e-12)


@cache
def with_flat_templates(knowledge: Knowledge) -> Knowledge:
    """The same priors with every template flat, at its row for the first level."""
    overlay = {
        name: {
            "templates": {
                finding: {
                    **template,
                    "given": dict.fromkeys(mechanism["levels"], next(iter(template["given"].values()))),
                }
                for finding, template in mechanism["templates"].items()
            }
        }
        for name, mechanism in knowledge.document.tables["mechanisms"].items()
    }
    return knowledge.with_overlay({"mechanisms": overlay})


def directions() -> dict[tuple[str, str], int]:
    """+1 or -1 for each (finding, mechanism) whose template rises or falls with the level, for every upper set.

    Only findings with two states or `ordered` ones have upper sets that mean anything.
    """
    found = {}
    for mechanism, entry in shipped().content.mechanisms.items():
        for name, template in entry.templates.items():
            finding = shipped().content.findings[name]
            rows = np.array([complete(template.given[level], finding.states) for level in entry.levels])
            steps = np.diff(upper_sets(rows), axis=0)
            if not finding.ordered and len(finding.states) > 2:
                continue
            if (steps >= 0).all() or (steps <= 0).all():
                found[name, mechanism] = 1 if (steps >= 0).all() else -1
    return found


def upper_sets(rows: Array) -> Array:
    """P(state >= s) for every s above the first, (..., states - 1)."""
    return rows[..., ::-1].cumsum(axis=-1)[..., ::-1][..., 1:]


def alike() -> Iterator[tuple[int, FindingTable, FindingTable, MechanismTable]]:
    """Every cause with two findings that hang on one mechanism under it and go with its level in one direction."""
    tables, way = shipped_tables(), directions()
    for number, mechanism in enumerate(tables.mechanisms):
        on = [finding for finding in tables.findings if (finding.id, mechanism.id) in way]
        for one, other in combinations(on, 2):
            if way[one.id, mechanism.id] == way[other.id, mechanism.id]:
                for cause in np.flatnonzero((one.parent == number) & (other.parent == number)):
                    yield int(cause), one, other, mechanism


def test_like_ordered_findings_of_a_mechanism_are_positive_together_more_often() -> None:
    """Under every cause P(both at least s, t) is at least the product of the margins, for all s and t."""
    position = {mechanism.id: number for number, mechanism in enumerate(shipped_tables().mechanisms)}
    pairs = 0
    for cause, one, other, mechanism in alike():
        number = position[mechanism.id]
        first, second = upper_sets(one.given[number][cause]), upper_sets(other.given[number][cause])
        together = np.einsum("l,la,lb->ab", mechanism.prior[cause], first, second)
        apart = np.outer(upper_sets(one.rows[cause]), upper_sets(other.rows[cause]))
        assert (together >= apart - 1e-12).all(), (shipped().causes[cause], one.id, other.id)
        pairs += 1
    assert pairs > 1000


def test_the_engine_counts_like_ordered_findings_together_more_often() -> None:
    """The same through the engine for two-state findings: P(a, b | c) >= P(a | c) P(b | c), more for a spread level."""
    tables = shipped_tables()
    wanted = [one for one in alike() if len(one[1].states) == len(one[2].states) == 2][::25]
    told = nothing(tables, 3 * len(wanted))
    for row, (_, one, other, _) in enumerate(wanted):
        told.codes[3 * row : 3 * row + 2, tables.finding_index[one.id]] = 2
        told.codes[[3 * row, 3 * row + 2], tables.finding_index[other.id]] = 2
    log = shipped_engine().log_likelihood(told)
    ratios = [
        log[3 * row, cause] - log[3 * row + 1, cause] - log[3 * row + 2, cause]
        for row, (cause, *_) in enumerate(wanted)
    ]
    assert min(ratios) >= -1e-10
    assert max(ratios) > 0.1


def test_findings_on_different_mechanisms_are_independent_given_the_cause() -> None:
    """The blocks: P(a, b | c) = P(a | c) P(b | c) where a and b share no mechanism under c."""
    tables = shipped_tables()
    rng = np.random.default_rng(10)
    pairs = [pair for pair in combinations(range(len(tables.findings)), 2) if rng.random() < 0.05]
    told = nothing(tables, 3 * len(pairs))
    for row, (one, other) in enumerate(pairs):
        told.codes[3 * row : 3 * row + 2, one] = 1
        told.codes[[3 * row, 3 * row + 2], other] = 1
    log = shipped_engine().log_likelihood(told).reshape(len(pairs), 3, -1)
    for (one, other), (both, first, second) in zip(pairs, log, strict=True):
        parents = tables.findings[one].parent, tables.findings[other].parent
        apart = (parents[0] != parents[1]) | (parents[0] == -1)
        np.testing.assert_allclose(both[apart], (first + second)[apart], rtol=0, atol=1e-10)


# ------------------------------------------------------------------------------------------------------- extremes


def test_everything_answered_stays_finite() -> None:
    """All 84 findings answered: at random, and each by the state that is rarest over the causes."""
    tables = shipped_tables()
    rng = np.random.default_rng(11)
    codes = np.array([[rng.integers(len(one.states)) + 1 for one in tables.findings] for _ in range(200)])
    codes[0] = [int(one.rows.max(axis=0).argmin()) + 1 for one in tables.findings]
    found = shipped_engine().posterior(evidence(codes.astype(np.uint8)))
    assert np.isfinite(found.log_evidence).all()
    assert found.possible.all()
    np.testing.assert_allclose(found.probability.sum(axis=1), 1, rtol=0, atol=1e-14)


def test_answers_at_the_floor_under_every_cause_stay_finite() -> None:
    """84 answers of probability 0.001 each say nothing but how odd the case is: the prior, and P(e) = 0.001^84."""
    tables = shipped_tables("distance_runners")
    rows = np.tile([0.999, 0.001], (len(tables.causes), 1))
    free = np.full(len(tables.causes), -1, dtype=np.intp)
    odd = replace(tables, findings=tuple(FindingTable(f"f{n}", ("a", "b"), rows, free, {}) for n in range(84)))
    found = Engine(odd).posterior(evidence(np.full((1, 84), 2, dtype=np.uint8)))
    np.testing.assert_allclose(found.log_evidence, 84 * np.log(0.001), rtol=1e-13)
    np.testing.assert_allclose(found.probability[0], tables.prior, rtol=0, atol=1e-13)


def test_no_number_of_answers_underflows() -> None:
    """A thousand answers of probability 0.001 and 0.002: P(e) is far below the least double, the odds are 2^1000."""
    rows = np.array([[0.999, 0.001], [0.998, 0.002], [0.999, 0.001]])
    free = np.full(3, -1, dtype=np.intp)
    half = np.array([0.5, 0.5])
    given_ = np.repeat(rows[:, None], 2, axis=1)
    hidden = MechanismTable("hidden", ("low", "high"), np.tile(half, (3, 1)))
    on = [FindingTable(f"f{n}", ("a", "b"), rows, free if n % 2 else free + 1, {0: given_}) for n in range(1000)]
    tables = Tables(("one", "two", "three"), np.array([0.5, 0.2, 0.3]), (hidden,), tuple(on))
    found = Engine(tables).posterior(evidence(np.full((1, 1000), 2, dtype=np.uint8)))
    assert found.log_evidence[0] == pytest.approx(1000 * np.log(0.002) + np.log(0.2), rel=1e-12)
    np.testing.assert_allclose(found.probability, [[0.0, 1.0, 0.0]], rtol=0, atol=1e-12)
    few = Engine(tables).posterior(evidence(np.where(np.arange(1000) < 500, 2, 0).astype(np.uint8)[None]))
    odds = np.log(few.probability[0, 0]) - np.log(few.probability[0, 1])
    assert odds == pytest.approx(np.log(0.5 / 0.2) - 500 * np.log(2), rel=1e-10)


# ----------------------------------------------------------------------------------------------------- calibration

CASES = 20_000
LARGEST_Z = 5.0  # beyond it in one of some hundred numbers once in 10^4 suites, were the seeds not fixed
BINS = np.array([0, 0.01, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 0.99, 1 + 1e-9])


def calibration_z(probability: Array, cause: NDArray[np.intp]) -> Array:
    """For each bin of stated probabilities: how many standard errors the share that has the cause is away from it.

    In one case the causes whose probability falls into a bin have the true one among them with probability q, their
    sum, so that the difference has mean 0 and variance q (1 - q).
    """
    truth = np.arange(probability.shape[1]) == cause[:, None]
    z = []
    for low, high in pairwise(BINS):
        inside = (probability >= low) & (probability < high)
        stated, had = (probability * inside).sum(axis=1), (truth & inside).sum(axis=1)
        deviation = np.sqrt((stated * (1 - stated)).clip(0).sum())
        z.append((had - stated).sum() / deviation if deviation > 0 else 0.0)
    return np.array(z)


@pytest.mark.parametrize("answered", [0.1, 0.5])
@pytest.mark.parametrize("population", POPULATIONS)
def test_of_simulated_cases_given_p_a_share_p_have_the_cause(population: str, answered: float) -> None:
    """And the mean posterior over the simulated cases is the prior: its variance is at most p (1 - p) a case."""
    tables = shipped_tables(population)
    cause, told = drawn(tables, np.random.default_rng(12), CASES, answered)
    probability = shipped_engine(population).posterior(told).probability
    assert np.abs(calibration_z(probability, cause)).max() < LARGEST_Z
    error = np.sqrt(tables.prior * (1 - tables.prior) / CASES)
    assert (np.abs(probability.mean(axis=0) - tables.prior) < LARGEST_Z * error).all()


def test_a_model_that_takes_findings_for_independent_is_not_calibrated() -> None:
    """The same cases judged by flat templates: findings with one reason are counted twice, and the test sees it."""
    cause, told = drawn(shipped_tables(), np.random.default_rng(12), CASES, 0.5)
    broken = Engine(build_tables(with_flat_templates(shipped()), "uniform"))
    assert np.abs(calibration_z(broken.posterior(told).probability, cause)).max() > LARGEST_Z


def test_wrong_base_rates_are_not_calibrated() -> None:
    """Cases of one population judged with the base rates of another fail both parts of the test."""
    tables = shipped_tables("distance_runners")
    cause, told = drawn(tables, np.random.default_rng(12), CASES, 0.1)
    probability = shipped_engine("uniform").posterior(told).probability
    assert np.abs(calibration_z(probability, cause)).max() > LARGEST_Z
    error = np.sqrt(tables.prior * (1 - tables.prior) / CASES)
    assert (np.abs(probability.mean(axis=0) - tables.prior) > LARGEST_Z * error).any()


@pytest.mark.parametrize("power", [0.8, 1.25])
def test_posteriors_too_bold_or_too_timid_are_not_calibrated(power: float) -> None:
    cause, told = drawn(shipped_tables(), np.random.default_rng(12), CASES, 0.5)
    sharpened = shipped_engine().posterior(told).probability ** power
    sharpened /= sharpened.sum(axis=1, keepdims=True)
    assert np.abs(calibration_z(sharpened, cause)).max() > LARGEST_Z
