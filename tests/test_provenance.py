"""Where numbers come from, likelihood ratios, links and base rates: as the tables and the priors have them."""

from __future__ import annotations

import csv
import math

import numpy as np
import pytest
from scipy import stats

from tests.handmade import shipped
from thighdx import Knowledge
from thighdx.assess import get_model
from thighdx.baserates import population_behind
from thighdx.charts_knowledge import base_rate_chart, link_chart, matrix_chart, ratio_chart
from thighdx.errors import UnknownNameError
from thighdx.hidden import mechanism_behind
from thighdx.links import around_cause, around_mechanism, causes_and_mechanisms
from thighdx.provenance import _by_ratio, figures_with, matching, provenance, provenance_table, published_figures
from thighdx.ratios import finding_ratios
from thighdx.rows import complete, from_ratio
from thighdx.schema import RatioRow
from thighdx.tables import base_rates
from thighdx.wording import ratio_said


@pytest.fixture(scope="module", params=["small", "shipped"])
def any_knowledge(request: pytest.FixtureRequest, knowledge: Knowledge) -> Knowledge:
    return knowledge if request.param == "small" else shipped()


def test_there_is_a_row_for_every_finding_and_cause_and_it_is_the_tables_row(any_knowledge: Knowledge) -> None:
    for population in any_knowledge.populations:
        rows = provenance(any_knowledge, population)
        tables = get_model(any_knowledge, population).tables
        assert [(row.finding, row.cause) for row in rows] == [
            (finding, cause) for finding in any_knowledge.findings for cause in any_knowledge.causes
        ]
        for row in rows:
            stated = tables.findings[tables.finding_index[row.finding]].rows[tables.causes.index(row.cause)]
            assert [chance.probability for chance in row.chances] == stated.tolist()


def test_a_row_is_the_causes_own_where_the_priors_state_one_and_rests_on_figures_or_a_reason(
    any_knowledge: Knowledge,
) -> None:
    for row in provenance(any_knowledge):
        assert row.own == (row.cause in any_knowledge.content.findings[row.finding].rows)
        assert row.published == (row.estimate is None)
        assert row.estimate or row.figures


def test_the_filters_agree_with_a_look_at_every_row(any_knowledge: Knowledge) -> None:
    rows = provenance(any_knowledge)
    finding, cause = any_knowledge.findings[-1], any_knowledge.causes[-1]
    assert matching(rows) == rows
    assert matching(rows, finding=finding) == tuple(row for row in rows if row.finding == finding)
    assert matching(rows, cause=cause, own_only=True) == tuple(row for row in rows if row.cause == cause and row.own)
    assert matching(rows, estimates_only=True) == tuple(row for row in rows if row.estimate is not None)
    assert matching(rows, text="no such word anywhere") == ()
    name = any_knowledge.content.causes[cause].name
    found = matching(rows, text=name.upper())
    assert {row.cause for row in found} >= {cause}
    assert set(found) <= set(rows)


def test_every_number_has_the_range_that_its_weight_leaves_it() -> None:
    """The quantiles of an entry of the Dirichlet that `--intervals` draws the row from; it holds the number."""
    rng = np.random.default_rng(5)
    rows = [row for row in provenance(shipped()) if row.own]
    for row in (rows[place] for place in rng.choice(len(rows), 40, replace=False)):
        share = np.array([chance.probability for chance in row.chances])
        for chance, p in zip(row.chances, share, strict=True):
            ends = stats.beta(row.weight * p, row.weight * (1 - p)).ppf([0.025, 0.975])
            assert chance.low == pytest.approx(min(ends[0], p), abs=1e-9)
            assert chance.high == pytest.approx(max(ends[1], p), abs=1e-9)
    drawn = rng.dirichlet(row.weight * share, 200_000)
    for chance, column in zip(row.chances, drawn.T, strict=True):
        if 0.05 < chance.probability < 0.95:
            assert np.quantile(column, [0.025, 0.975]) == pytest.approx([chance.low, chance.high], abs=0.01)


def test_every_estimate_states_the_range_of_its_readings() -> None:
    """And the number lies in it; a figure needs none."""
    for row in provenance(shipped()):
        for chance in row.chances:
            if row.published:
                assert chance.believed is None
                continue
            stated = shipped().content.findings[row.finding].rows.get(row.cause)
            if isinstance(stated, RatioRow) and chance.state not in stated.ratio:
                continue  # it is 1 by convention
            assert chance.believed is not None, (row.finding, row.cause, chance.state)
            low, high = chance.believed
            assert 0 <= low <= high <= 1
            assert low - 0.01 <= chance.probability <= high + 0.01


def test_a_range_of_a_ratio_is_the_row_at_its_ends() -> None:
    """`from_ratio` with that ratio alone changed is the oracle."""
    content, seen = shipped().content, 0
    for row in provenance(shipped(), "uniform"):
        stated = content.findings[row.finding].rows.get(row.cause)
        if not isinstance(stated, RatioRow) or not stated.believed:
            continue
        states = content.findings[row.finding].states
        mix = content.populations["uniform"].mix.get(row.finding, content.findings[row.finding].background)
        for chance in row.chances:
            if chance.state in stated.believed:
                ends = [
                    from_ratio(
                        stated.model_copy(update={"ratio": {**stated.ratio, chance.state: end}}),
                        states,
                        complete(mix.p, states),
                    )[states.index(chance.state)]
                    for end in stated.believed[chance.state]
                ]
                assert chance.believed == pytest.approx(ends, abs=2e-3)  # the tables are floored
                seen += 1
    assert seen > 100


def test_a_range_of_a_likelihood_ratio_is_the_row_at_its_ends() -> None:
    mix, states = np.array([0.3, 0.5, 0.2]), ("a", "b", "c")
    ratio = {"ratio": {"a": 1.2}, "ratio_kind": "likelihood_ratio", "weight": 3, "estimate": "made up"}
    row = RatioRow.model_validate({**ratio, "believed": {"a": (0.6, 1.3)}})
    ends = [from_ratio(row.model_copy(update={"ratio": {"a": end}}), states, mix)[0] for end in (0.6, 1.3)]
    assert _by_ratio(row, "a", float(from_ratio(row, states, mix)[0])) == pytest.approx(ends)


def test_of_two_states_each_says_what_the_other_is() -> None:
    for row in provenance(shipped()):
        if len(row.chances) == 2 and not row.ratio and row.chances[0].believed and row.chances[1].believed:
            assert row.chances[0].believed == pytest.approx([1 - end for end in reversed(row.chances[1].believed)])


def test_the_table_of_rows_has_a_line_for_each_state(knowledge: Knowledge) -> None:
    rows = provenance(knowledge)
    heading, *lines = provenance_table(rows)
    assert len(lines) == sum(len(row.chances) for row in rows)
    assert {len(line) for line in lines} == {len(heading)}
    told = [
        ("", "") if chance.believed is None else tuple(f"{end:.4g}" for end in chance.believed)
        for row in rows
        for chance in row.chances
    ]
    assert [(line[heading.index("believed_low")], line[heading.index("believed_high")]) for line in lines] == told
    total = sum(float(line[heading.index("probability")]) for line in lines)
    assert total == pytest.approx(len(rows), abs=1e-9 * len(rows))


def test_every_published_figure_is_used_or_says_why_not() -> None:
    figures = published_figures(shipped())
    assert len(figures) == len(shipped().content.figures)
    assert all(one.used != (one.passed_over is not None) for one in figures)
    assert figures_with(figures, "") == figures
    assert all("slump" in one.words for one in figures_with(figures, "Slump"))


def test_a_likelihood_ratio_is_the_posterior_odds_over_the_prior_odds(any_knowledge: Knowledge) -> None:
    """Bayes' theorem in odds: an oracle that does not go through P(state | other causes)."""
    for population in any_knowledge.populations:
        tables = get_model(any_knowledge, population).tables
        prior = tables.prior
        for finding in tables.findings:
            found = finding_ratios(any_knowledge, finding.id, population)
            for column, state in enumerate(finding.states):
                joint = prior * finding.rows[:, column]
                posterior = joint / joint.sum()
                for one in found.of(state).causes:
                    place = tables.causes.index(one.cause)
                    if not 0 < prior[place] < 1 or not 0 < posterior[place] < 1:
                        continue
                    odds = posterior[place] / (1 - posterior[place]) / (prior[place] / (1 - prior[place]))
                    assert one.ratio == pytest.approx(odds, rel=1e-9)


def test_unknown_names_are_refused_with_the_nearest(knowledge: Knowledge) -> None:
    with pytest.raises(UnknownNameError, match="slump"):
        finding_ratios(knowledge, "slum")
    with pytest.raises(UnknownNameError, match="positive"):
        finding_ratios(knowledge, "slump").of("positiv")
    with pytest.raises(UnknownNameError, match="root"):
        around_cause(knowledge, "roots")
    with pytest.raises(UnknownNameError, match="damage"):
        around_mechanism(knowledge, "damag")
    with pytest.raises(UnknownNameError, match="damage"):
        mechanism_behind(knowledge, "damag")


def test_links_join_names_that_are_there_and_are_as_wide_as_the_tables_say(any_knowledge: Knowledge) -> None:
    pictures = [causes_and_mechanisms(any_knowledge)]
    pictures += [around_cause(any_knowledge, cause) for cause in any_knowledge.causes]
    pictures += [around_mechanism(any_knowledge, name) for name in any_knowledge.content.mechanisms]
    for picture in pictures:
        ends = {node.id for node in (*picture.left, *picture.right)} | {picture.hub}
        assert all({link.left, link.right} <= ends for link in picture.links)
        assert all(-1e-12 <= link.strength <= 1 + 1e-12 for link in picture.links)
    tables = get_model(any_knowledge).tables
    for link in pictures[0].links:
        (mechanism,) = [one for one in tables.mechanisms if one.id == link.right]
        assert link.strength == pytest.approx(1 - mechanism.prior[tables.causes.index(link.left), 0])


def test_a_finding_is_linked_to_the_mechanism_it_hangs_on_under_the_cause(any_knowledge: Knowledge) -> None:
    tables = get_model(any_knowledge).tables
    for place, cause in enumerate(any_knowledge.causes):
        for link in around_cause(any_knowledge, cause).links:
            parent = int(tables.findings[tables.finding_index[link.right]].parent[place])
            assert link.left == ("direct" if parent == -1 else tables.mechanisms[parent].id)


def test_base_rates_are_the_tables_and_their_intervals_hold_them(any_knowledge: Knowledge) -> None:
    for name in any_knowledge.populations:
        found = population_behind(any_knowledge, name)
        rates = dict(
            zip(any_knowledge.causes, base_rates(any_knowledge, any_knowledge.population(name)[1]), strict=True)
        )
        assert {one.cause: one.rate for one in found.causes} == pytest.approx(rates)
        for one in found.causes:
            if one.interval is not None:
                assert one.interval[0] - 1e-9 <= one.rate <= one.interval[1] + 1e-9
        for shares in found.shares:
            assert math.fsum(one.share for one in shares.shares) == pytest.approx(1)


def test_every_estimate_of_a_share_or_level_states_the_range_of_its_readings() -> None:
    knowledge = shipped()
    told = [mechanism_behind(knowledge, name).rows for name in knowledge.content.mechanisms]
    found = [population_behind(knowledge, name) for name in knowledge.populations]
    told += [(*one.shares, *one.mix) for one in found if not knowledge.content.populations[one.id].is_convention]
    rows = [row for part in told for row in part]
    assert {row.estimate is None for row in rows} == {True, False}
    for row in rows:
        read = [one.believed is not None for one in row.shares if 0 < one.share < 1]
        assert any(read) == (row.estimate is not None), row.title
        for one in row.shares:
            if one.believed is not None:
                assert one.believed[0] - 1e-9 <= one.share <= one.believed[1] + 1e-9, (row.title, one)


def test_the_rows_of_a_mechanism_sum_to_one(any_knowledge: Knowledge) -> None:
    for name, entry in any_knowledge.content.mechanisms.items():
        found = mechanism_behind(any_knowledge, name)
        assert len(found.rows) == 1 + len(entry.rows)
        assert len(found.templates) == len(entry.templates)
        sums = [sum(one.share for one in row.shares) for row in found.rows]
        sums += [sum(p for _, p in states) for template in found.templates for _, states in template.given]
        assert sums == pytest.approx([1.0] * len(sums))


@pytest.mark.parametrize("dark", [False, True])
def test_charts_hold_what_they_are_given(any_knowledge: Knowledge, dark: bool) -> None:
    groups = any_knowledge.origins
    found = finding_ratios(any_knowledge, any_knowledge.findings[-1]).states[-1]
    rows = ratio_chart(found, groups=groups, dark=dark).to_dict()["datasets"]
    assert [row["ratio"] for row in next(iter(rows.values()))] == [one.ratio for one in found.causes if one.ratio]
    rates = population_behind(any_knowledge).causes
    rows = base_rate_chart(rates, groups=groups, dark=dark).to_dict()["datasets"]
    assert [row["rate"] for row in next(iter(rows.values()))] == [one.rate for one in rates]
    whole = causes_and_mechanisms(any_knowledge)
    (rows,) = matrix_chart(whole, dark=dark).to_dict()["datasets"].values()
    assert len(rows) == len(whole.links)
    for cause in any_knowledge.causes:
        picture = around_cause(any_knowledge, cause)
        assert link_chart(picture, groups=groups, dark=dark).to_dict()["height"] > 0


@pytest.mark.parametrize(
    ("ratio", "said"),
    [(None, "none"), (0.0, "0"), (1.0, "1.0"), (0.99, "1.0"), (3.14, "3.1"), (0.25, "1/4.0"), (1234, "1,234")],
)
def test_ratios_are_said_as_people_compare_them(ratio: float | None, said: str) -> None:
    assert ratio_said(ratio) == said


def test_the_csv_reads_back(knowledge: Knowledge) -> None:
    lines = provenance_table(provenance(knowledge))
    text = "\n".join(",".join(f'"{cell}"' for cell in line) for line in lines)
    assert list(csv.reader(text.splitlines())) == lines
    assert np.isfinite([float(line[3]) for line in lines[1:]]).all()
