"""Cases drawn from the model: their frequencies are the tables', and the model answers them as it says it does."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.handmade import drop, put, shipped, small_priors
from thighdx import KnowledgeError, TableError, score
from thighdx.assess import get_model
from thighdx.knowledge import build
from thighdx.reading import document_of
from thighdx.simulate import CHUNK, Simulator, simulate, simulate_file
from thighdx.tables import build_tables


@cache
def complete() -> pd.DataFrame:
    return simulate(20_000, knowledge=shipped(), population="uniform", seed=1, complete=True)


@cache
def usual() -> pd.DataFrame:
    return simulate(20_000, knowledge=shipped(), seed=2)


def within_chance(seen: float, expected: float, cases: int) -> bool:
    """Within 5 standard errors: once in two million checks by chance."""
    return bool(abs(seen - expected) <= 5 * np.sqrt(expected * (1 - expected) / cases) + 1e-9)


@cache
def scored() -> pd.DataFrame:
    return score(usual(), knowledge=shipped())


def test_causes_come_by_their_base_rates() -> None:
    tables = build_tables(shipped())
    shares = usual()["diagnosis"].value_counts(normalize=True)
    for cause, prior in zip(tables.causes, tables.prior, strict=True):
        assert within_chance(shares.get(cause, 0.0), prior, len(usual())), cause


def test_findings_come_by_the_rows_under_each_cause() -> None:
    tables = build_tables(shipped(), "uniform")
    simulator = Simulator(get_model(shipped(), "uniform"), complete=True)
    drawn = [simulator.draw(1, chunk) for chunk in range(2)]
    truth, codes = (np.concatenate([getattr(one, name) for one in drawn], axis=-1) for name in ("cause", "codes"))
    for finding, states in zip(tables.findings, codes, strict=True):
        counts = np.zeros(finding.rows.shape)
        np.add.at(counts, (truth, states.astype(int) - 1), 1)
        cases = counts.sum(axis=1, keepdims=True)
        error = np.sqrt(finding.rows * (1 - finding.rows) / cases)
        # some ten thousand states are looked at, so five standard errors and a little for the rarest
        assert (np.abs(counts / cases - finding.rows) <= 5 * error + 3 / cases).all(), finding.id


def test_findings_of_one_mechanism_go_together_as_in_the_joint() -> None:
    """P(straight leg raise, slump | radiculopathy) is the sum over the levels, above the product of the two."""
    tables = build_tables(shipped(), "uniform")
    cause = tables.causes.index("lumbar_radiculopathy")
    first, second = (tables.findings[tables.finding_index[name]] for name in ("straight_leg_raise", "slump"))
    number = int(first.parent[cause])
    levels = tables.mechanisms[number].prior[cause]
    both = float(levels @ (first.given[number][cause, :, -1] * second.given[number][cause, :, -1]))
    mine = complete()[complete()["diagnosis"] == tables.causes[cause]]
    seen = float(((mine[first.id] == first.states[-1]) & (mine[second.id] == second.states[-1])).mean())
    assert both > first.rows[cause, -1] * second.rows[cause, -1] + 0.02
    assert within_chance(seen, both, len(mine))


def test_as_much_is_left_out_as_the_priors_say() -> None:
    """Findings of a kind are done together, so their share is checked by kind, with the cases as units."""
    for kind, asked in shipped().content.asked.items():
        names = [name for name, entry in shipped().content.findings.items() if entry.kind == kind]
        known = usual()[names].notna().mean(axis=1)
        error = known.std() / np.sqrt(len(known))
        assert abs(known.mean() - asked.cases * asked.findings) < 5 * error
    assert complete().notna().all(axis=None)


def test_the_mean_posterior_is_the_prior() -> None:
    tables = build_tables(shipped())
    assert (scored()["status"] == "ok").all()
    for cause, prior in zip(tables.causes, tables.prior, strict=True):
        posterior = scored()[f"p_{cause}"]
        assert abs(posterior.mean() - prior) < 5 * posterior.std() / np.sqrt(len(scored())), cause


def test_of_cases_given_a_probability_that_share_has_the_cause() -> None:
    for cause in shipped().causes:
        given, has = scored()[f"p_{cause}"].to_numpy(), (usual()["diagnosis"] == cause).to_numpy()
        for low in np.arange(0, 1, 0.1):
            chosen = (given >= low) & (given < low + 0.1)
            if chosen.sum() >= 20:
                spread = np.sqrt((given[chosen] * (1 - given[chosen])).sum()) / chosen.sum()
                assert abs(has[chosen].mean() - given[chosen].mean()) < 5 * spread + 1e-9, (cause, low)


def test_a_seed_gives_its_cases_and_a_shorter_run_is_the_start_of_a_longer() -> None:
    one, again, other = (simulate(200, knowledge=shipped(), seed=seed) for seed in (3, 3, 4))
    pd.testing.assert_frame_equal(one, again)
    assert not one.equals(other)
    pd.testing.assert_frame_equal(one, simulate(500, knowledge=shipped(), seed=3).iloc[:200])


def test_chunks_differ() -> None:
    simulator = Simulator(get_model(shipped()))
    assert not np.array_equal(simulator.draw(0, 0).cause, simulator.draw(0, 1).cause)


@pytest.mark.parametrize("count", [0, 1, CHUNK + 1])
def test_files_hold_the_frames_cases(count: int, tmp_path: Path) -> None:
    expected = simulate(count, knowledge=shipped(), seed=5)
    for name in ("cases.csv", "cases.csv.gz", "cases.csv.zst", "cases.parquet"):
        path = tmp_path / name
        simulate_file(get_model(shipped()), count, str(path), seed=5)
        packing = {".gz": "gzip", ".zst": "zstd"}.get(path.suffix)
        with pa.input_stream(path, compression=packing) as stream:
            found = pq.read_table(path).to_pandas() if name.endswith(".parquet") else pd.read_csv(stream)
        assert list(found) == list(expected)
        assert len(found) == count
        for column in (*list(found)[:5], list(found)[-1]):
            assert found[column].astype(object).fillna("").tolist() == expected[column].fillna("").tolist()


def test_nothing_is_left_where_a_file_cannot_be_written(tmp_path: Path) -> None:
    for name in ("cases.xlsx", "nowhere/cases.csv"):
        with pytest.raises(TableError):
            simulate_file(get_model(shipped()), 5, str(tmp_path / name))
    assert not list(tmp_path.iterdir())


def test_a_finding_may_have_a_share_of_its_own() -> None:
    tables = small_priors()
    put(
        tables, "asked", {"history": {"findings": 0.0, "estimate": "none"}, "quality": {"findings": 1, "estimate": "x"}}
    )
    tables["asked"]["quality"]["findings"] = 1.0
    drawn = simulate(100, knowledge=build(document_of(tables, "small")))
    assert drawn["walking"].isna().all()
    assert drawn[["quality", "bruise", "age_group"]].notna().all(axis=None)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("asked.tset", {"findings": 0.5, "estimate": "x"}, "'tset' is not a kind or a finding"),
        ("asked.test", {"findings": 0.5}, "exactly one of them"),
        ("asked.test", {"findings": 1.5, "estimate": "x"}, "less than or equal to 1"),
        ("asked.slump", {"cases": 0.5, "findings": 0.5, "estimate": "x"}, "goes with a kind"),
        ("asked.test", {"finding": 0.5, "estimate": "x"}, "'finding' is not a key here"),
    ],
)
def test_shares_that_cannot_be_are_refused(path: str, value: dict[str, object], message: str) -> None:
    tables = small_priors()
    put(tables, path, value)
    with pytest.raises(KnowledgeError, match=message):
        build(document_of(tables, "small"))
    drop(tables, path)
    build(document_of(tables, "small"))
