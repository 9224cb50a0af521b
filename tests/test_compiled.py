"""Compiled engine = numpy's engine on every road: hard and soft cells, underflow, the impossible, blocks, threads."""

from __future__ import annotations

import pickle
import subprocess
import sys
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.oracle import draw_cases, random_cases, random_likelihoods, random_tables, to_evidence
from thighdx import load_knowledge
from thighdx.assess import get_model
from thighdx.engine import Engine, Posterior
from thighdx.evidence import Evidence, evidence
from thighdx.fast import adaptive, mixture
from thighdx.fast.adaptive import AdaptiveEngine
from thighdx.fast.compiled import CompiledEngine
from thighdx.fast.kernel import BLOCK, LANES
from thighdx.fast.plan import PATTERNS, SUMMED, _uses, plan
from thighdx.tables import FindingTable, MechanismTable, Tables, build_tables

Codes = NDArray[np.uint8]


@cache
def shipped() -> Tables:
    return build_tables(load_knowledge(), "uniform")


@cache
def reference() -> Engine:
    return Engine(shipped())


@cache
def compiled() -> CompiledEngine:
    return CompiledEngine(shipped())


@cache
def compiled32() -> CompiledEngine:
    return CompiledEngine(shipped(), "float32")


def drawn(cases: int, answered: float, seed: int = 0) -> Codes:
    """Cases drawn from the shipped network, each finding told with probability `answered`."""
    rng = np.random.default_rng(seed)
    states = draw_cases(shipped(), rng, cases).state
    return np.where(rng.random(states.shape) < answered, states + 1, 0).astype(np.uint8)


def same(found: Posterior, expected: Posterior, atol: float = 1e-9) -> None:
    np.testing.assert_array_equal(found.possible, expected.possible)
    np.testing.assert_allclose(found.probability, expected.probability, rtol=0, atol=atol)
    np.testing.assert_allclose(found.log_evidence, expected.log_evidence, rtol=atol, atol=atol)


def same_throughout(tables: Tables, told: Evidence) -> None:
    """Posterior, levels under every cause and margins."""
    found, expected = CompiledEngine(tables), Engine(tables)
    same(found.posterior(told), expected.posterior(told))
    np.testing.assert_allclose(found.log_margins(told), expected.log_margins(told), rtol=1e-12, atol=1e-12)
    for mechanism in tables.mechanisms:
        for cause in tables.causes:
            levels = found.level_posterior(told, mechanism.id, cause)
            np.testing.assert_allclose(levels, expected.level_posterior(told, mechanism.id, cause), rtol=0, atol=1e-12)


# ------------------------------------------------------------------------------------------------------ same numbers


@pytest.mark.parametrize("zeros", [False, True])
@pytest.mark.parametrize("seed", range(12))
def test_small_random_networks(seed: int, zeros: bool) -> None:
    """With every kind of answer; with zeros also impossible ones."""
    rng = np.random.default_rng([seed, zeros])
    tables = random_tables(rng, zeros=zeros)
    same_throughout(tables, to_evidence(tables, [random_likelihoods(rng, tables) for _ in range(30)]))


@pytest.mark.parametrize("causes", [1, 7, 8, 9, 16, 17, 40])
def test_any_number_of_causes(causes: int) -> None:
    """Fewer causes than a vector has lanes, just as many, some more."""
    rng = np.random.default_rng(causes)
    tables = random_tables(rng, causes=(causes, causes), mechanisms=(2, 2), largest_joint=10**9)
    told = to_evidence(tables, [random_likelihoods(rng, tables) for _ in range(30)])
    same_throughout(tables, told)
    same(CompiledEngine(tables, "float32").posterior(told), Engine(tables).posterior(told), atol=1e-5)


def test_findings_of_a_single_state_say_nothing() -> None:
    """No table is read, so the base rates stand."""
    causes = tuple(f"c{number}" for number in range(10))
    free = np.full(10, -1, dtype=np.intp)
    seen = FindingTable("f", ("a",), np.ones((10, 1)), free, {})
    tables = Tables(causes, np.random.default_rng(1).dirichlet(np.ones(10)), (), (seen,))
    codes = np.random.default_rng(2).integers(0, 2, size=(70, 1), dtype=np.uint8)
    found = CompiledEngine(tables).posterior(codes)
    np.testing.assert_allclose(found.probability, np.broadcast_to(tables.prior, (70, 10)), rtol=1e-14)
    same(found, Engine(tables).posterior(evidence(codes)))


def large_mechanism(levels: int, findings: int, causes: int = 5) -> Tables:
    """A mechanism of any number of levels and findings, each of which is free of it under one cause."""
    rng = np.random.default_rng(levels + findings)
    prior = rng.dirichlet(np.ones(levels), size=causes)
    seen = []
    for number in range(findings):
        table = rng.dirichlet(np.ones(3), size=(causes, levels))
        rows = np.einsum("cl,cls->cs", prior, table)
        parent = np.zeros(causes, dtype=np.intp)
        parent[number % causes] = -1
        table[number % causes] = rows[number % causes]
        seen.append(FindingTable(f"f{number}", ("a", "b", "c"), rows, parent, {0: table}))
    hidden = MechanismTable("m", tuple(f"l{level}" for level in range(levels)), prior)
    return Tables(tuple(f"c{cause}" for cause in range(causes)), rng.dirichlet(np.ones(causes)), (hidden,), tuple(seen))


@pytest.mark.parametrize(("levels", "findings"), [(2, 40), (6, 12), (7, 40), (4, 20), (3, 14)])
def test_mechanisms_of_any_size(levels: int, findings: int) -> None:
    tables = large_mechanism(levels, findings)
    codes = np.random.default_rng(0).integers(0, 4, size=(200, findings), dtype=np.uint8)
    same_throughout(tables, evidence(codes))


@pytest.mark.parametrize("answered", [0.02, 0.1, 0.3, 0.6, 0.95])
def test_the_shipped_network_at_any_density(answered: float) -> None:
    told = evidence(drawn(2000, answered))
    same(compiled().posterior(told), reference().posterior(told))
    same(compiled32().posterior(told), reference().posterior(told), atol=1e-4)


def test_answers_of_every_kind_on_the_shipped_network() -> None:
    """Hard, soft and one-of, few and many; the margins, and the levels under three causes."""
    rng = np.random.default_rng(3)
    told = to_evidence(shipped(), random_cases(rng, shipped(), 300) + random_cases(rng, shipped(), 20, answers=84))
    same(compiled().posterior(told), reference().posterior(told))
    same(compiled32().posterior(told), reference().posterior(told), atol=1e-4)
    np.testing.assert_allclose(compiled().log_margins(told), reference().log_margins(told), rtol=1e-12, atol=1e-10)
    for name in [("tissue_damage", "strain"), ("neural_irritation", "lumbar_radiculopathy"), ("venous", "strain")]:
        if name[1] in shipped().causes:
            levels = compiled().level_posterior(told, *name)
            np.testing.assert_allclose(levels, reference().level_posterior(told, *name), rtol=0, atol=1e-9)


def test_nothing_answered_gives_the_base_rates() -> None:
    found = compiled().posterior(np.zeros((3, len(shipped().findings)), dtype=np.uint8))
    np.testing.assert_allclose(found.probability, [shipped().prior] * 3, rtol=0, atol=1e-15)
    np.testing.assert_allclose(found.log_evidence, 0, rtol=0, atol=1e-14)
    assert found.possible.all()


def test_no_cases() -> None:
    found = compiled().posterior(np.zeros((0, len(shipped().findings)), dtype=np.uint8))
    assert found.probability.shape == (0, len(shipped().causes))
    assert compiled().log_margins(evidence(np.zeros((0, len(shipped().findings)), dtype=np.uint8))).shape == (0,)


# -------------------------------------------------------------------------------------- underflow and the impossible


def least_likely() -> Codes:
    """All 84 findings answered, each by the state that its likeliest cause makes least likely."""
    return np.array([[int(finding.rows.max(axis=0).argmin()) + 1 for finding in shipped().findings]], dtype=np.uint8)


def test_every_answer_at_its_floor() -> None:
    same(compiled().posterior(least_likely()), reference().posterior(evidence(least_likely())))
    same(compiled32().posterior(least_likely()), reference().posterior(evidence(least_likely())), atol=1e-4)


def steep(findings: int) -> Tables:
    """Two causes, findings of probability 1e-6 and 2e-6 under them."""
    rows = np.array([[1e-6, 1 - 1e-6], [2e-6, 1 - 2e-6]])
    parent = np.full(2, -1, dtype=np.intp)
    free = tuple(FindingTable(f"f{number}", ("yes", "no"), rows, parent, {}) for number in range(findings))
    return Tables(("a", "b"), np.array([0.999, 0.001]), (), free)


@pytest.mark.parametrize("findings", [4, 5, 6, 40, 48, 49, 50, 51, 52, 53, 54, 80])
def test_rows_that_underflow_are_worked_out_again(findings: int) -> None:
    """float32 goes under at 6 answers of 1e-6, float64 at 49 to 53."""
    codes = np.ones((3, findings), dtype=np.uint8)
    codes[1] = 2
    expected = Engine(steep(findings)).posterior(evidence(codes))
    same(CompiledEngine(steep(findings)).posterior(codes), expected)
    same(CompiledEngine(steep(findings), "float32").posterior(codes), expected, atol=1e-4)
    assert expected.possible.all()


def test_impossible_cases_are_said_and_leave_the_others_alone() -> None:
    rows = np.array([[1.0, 0.0], [0.5, 0.5]])
    parent = np.full(2, -1, dtype=np.intp)
    findings = tuple(FindingTable(name, ("x", "y"), rows, parent, {}) for name in "fg")
    tables = Tables(("a", "b"), np.array([1.0, 0.0]), (), findings)
    codes = np.array([[1, 0], [2, 1], [0, 0], [2, 2]], dtype=np.uint8)
    for engine in (CompiledEngine(tables), CompiledEngine(tables, "float32")):
        found = engine.posterior(codes)
        assert found.possible.tolist() == [True, False, True, False]
        assert found.probability.tolist() == [[1, 0], [0, 0], [1, 0], [0, 0]]
        assert found.log_evidence.tolist() == [0, -np.inf, 0, -np.inf]


# --------------------------------------------------------------------------------------------------------- soft cells


def test_cells_with_many_combinations_take_the_slow_road_and_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    told = to_evidence(shipped(), random_cases(rng, shipped(), 100, answers=12))
    expected = compiled().posterior(told)
    for combinations in (0, 1, 3, 10**6):
        monkeypatch.setattr(mixture, "COMBINATIONS", combinations)
        same(compiled().posterior(told), expected, atol=1e-12)
    monkeypatch.setattr(mixture, "SOFT_SHARE", 7)
    same(compiled().posterior(told), expected, atol=1e-12)


def test_a_soft_cell_that_leaves_one_state_is_a_hard_one() -> None:
    codes = drawn(40, 0.2)
    softened = codes.copy()
    softened[:, 0] = 0
    soft = [(row, 0, [float(state + 1 == max(codes[row, 0], 1)) for state in range(4)]) for row in range(40)]
    codes[:, 0] = np.maximum(codes[:, 0], 1)
    told = evidence(softened, soft, most_states=shipped().most_states)
    same(compiled().posterior(told), compiled().posterior(codes), atol=1e-13)


# ------------------------------------------------------------------------------------------- blocks, orders, threads


@cache
def many() -> tuple[Codes, Posterior]:
    codes = drawn(65_537, 0.3, seed=9)
    return codes, compiled().posterior(codes)


def test_many_cases_are_the_reference() -> None:
    codes, found = many()
    rows = np.random.default_rng(0).choice(len(codes), size=3000, replace=False)
    expected = reference().posterior(evidence(codes[rows]))
    np.testing.assert_allclose(found.probability[rows], expected.probability, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.log_evidence[rows], expected.log_evidence, rtol=1e-12)


@pytest.mark.parametrize(
    "cases", [1, 15, 16, 17, 255, 256, 257, BLOCK - 1, BLOCK, BLOCK + 1, 16 * BLOCK + 1, 65_535, 65_536, 65_537]
)
def test_edges_of_blocks_and_shares(cases: int) -> None:
    """A case's numbers are the same wherever the batch ends."""
    codes, expected = many()
    found = compiled().posterior(codes[:cases])
    np.testing.assert_array_equal(found.probability, expected.probability[:cases])
    np.testing.assert_array_equal(found.log_evidence, expected.log_evidence[:cases])


@pytest.mark.parametrize("threads", [2, 3])
def test_threads_change_nothing(threads: int) -> None:
    codes, expected = many()
    found = compiled().posterior(codes, threads=threads)
    np.testing.assert_array_equal(found.probability, expected.probability)


def test_neither_order_of_cases_nor_of_memory_matters() -> None:
    codes, expected = many()
    order = np.random.default_rng(1).permutation(len(codes))
    np.testing.assert_array_equal(compiled().posterior(codes[order]).probability, expected.probability[order])
    columns = np.asfortranarray(codes)
    np.testing.assert_array_equal(compiled().posterior(columns).probability, expected.probability)
    for rows in (slice(5000, 9000), slice(None, 1), slice(None, None, -1), slice(0, 5000, 3)):
        np.testing.assert_array_equal(compiled().posterior(codes[rows]).probability, expected.probability[rows])
        np.testing.assert_array_equal(compiled().posterior(columns[rows]).probability, expected.probability[rows])
    for array in (codes[:500].copy(), columns[:500]):
        array.flags.writeable = False
        np.testing.assert_array_equal(compiled().posterior(array).probability, expected.probability[:500])


@pytest.mark.parametrize("findings", [1, 15, 16, 17])
def test_any_number_of_findings_is_transposed_right(findings: int) -> None:
    tables = Tables(shipped().causes, shipped().prior, shipped().mechanisms, shipped().findings[:findings])
    codes = np.ascontiguousarray(drawn(1000, 0.5)[:, :findings])
    same(CompiledEngine(tables).posterior(codes), Engine(tables).posterior(evidence(codes)))


def test_memory_given_is_used() -> None:
    codes, expected = many()
    out = np.full((100, len(shipped().causes)), np.nan)
    found = compiled().posterior(codes[:100], out=out)
    assert found.probability is out
    np.testing.assert_array_equal(out, expected.probability[:100])


def test_what_does_not_fit_is_refused() -> None:
    codes, engine = drawn(100, 0.3), compiled()
    with pytest.raises(ValueError, match="out: float32"):
        engine.posterior(codes, out=np.empty((100, len(shipped().causes)), dtype=np.float32))
    with pytest.raises(ValueError, match="out:"):
        engine.posterior(codes, out=np.empty((99, len(shipped().causes))))
    with pytest.raises(ValueError, match="writeable"):
        engine.posterior(codes, out=np.broadcast_to(0.0, (100, len(shipped().causes))))
    with pytest.raises(ValueError, match="codes: int64"):
        engine.posterior(codes.astype(np.int64))
    with pytest.raises(ValueError, match=r"codes: uint8, \(100, 5\)"):
        engine.posterior(codes[:, :5])
    codes[77, 3] = len(shipped().findings[3].states) + 1
    with pytest.raises(ValueError, match=rf"{shipped().findings[3].id}: a code above"):
        engine.posterior(codes)


def test_an_engine_survives_pickling() -> None:
    """As on the way to a cluster's workers."""
    codes, expected = many()
    again = pickle.loads(pickle.dumps(compiled()))  # noqa: S301 - made here
    np.testing.assert_array_equal(again.posterior(codes[:50]).probability, expected.probability[:50])


# ------------------------------------------------------------------------------------------------------------ the plan


@pytest.mark.parametrize("lanes", sorted(LANES.values()))
def test_a_plan_keeps_within_its_bounds(lanes: int) -> None:
    program = plan(shipped(), lanes, np.float64)
    sizes = np.diff(np.append(program.table_first, len(program.values)).astype(np.int64))
    levels = np.repeat(program.step_levels.astype(np.int64), np.diff(program.step_ends))
    assert (sizes <= np.where(levels == 1, SUMMED, PATTERNS * levels)).all()
    sets = [range(start, min(start + lanes, len(shipped().causes))) for start in range(0, len(shipped().causes), lanes)]
    alone = {scope for causes in sets for scope in _uses(shipped(), causes).values()}
    for column in program.table_column[(levels == 1) & (sizes > PATTERNS)]:  # nothing shares a table with these
        begin, end = program.column_ends[column : column + 2]
        assert frozenset(program.column_finding[begin:end].tolist()) in alone
    assert program.values.ctypes.data % 64 == 0
    assert program.highest.tolist() == [len(finding.states) for finding in shipped().findings]


# -------------------------------------------------------------------------------------------- numpy or compiled code


def test_compiled_code_takes_over_when_cases_have_become_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adaptive, "COMPILED_FROM", 250)
    engine = AdaptiveEngine(shipped())
    rng = np.random.default_rng(2)
    told = to_evidence(shipped(), random_cases(rng, shipped(), 100))
    used = []
    for _ in range(4):
        same(engine.posterior(told), reference().posterior(told))
        np.testing.assert_allclose(engine.log_margins(told), reference().log_margins(told), rtol=1e-12, atol=1e-10)
        levels = engine.level_posterior(told, "tissue_damage", "strain")
        expected = reference().level_posterior(told, "tissue_damage", "strain")
        np.testing.assert_allclose(levels, expected, rtol=0, atol=1e-9)
        used.append(engine._compiled is not None)
    assert used == [False, False, True, True]


def test_without_numba_numpy_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adaptive, "COMPILED_FROM", 1)
    monkeypatch.setitem(sys.modules, "thighdx.fast.compiled", None)  # importing it raises ImportError
    told = evidence(drawn(10, 0.3))
    same(AdaptiveEngine(shipped()).posterior(told), reference().posterior(told), atol=0)


def test_few_cases_do_not_import_numba() -> None:
    """It takes most of a second, and one case takes a millisecond."""
    code = (
        "import sys, thighdx.assess as a, thighdx.cases as c; m = a.get_model();"
        "a.assess(m, c.read_case(m.knowledge, {'onset': 'sudden'})); print('numba' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_the_model_has_the_engine_that_adapts() -> None:
    assert isinstance(get_model(population="uniform").engine, AdaptiveEngine)
