"""The page of a cause: what it says of look-alikes, tests, examples and red flags, against definitions and oracles."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from scipy.spatial.distance import jensenshannon

from tests.handmade import put, shipped, small_priors
from tests.oracle import joint
from thighdx import UnknownNameError, diagnose
from thighdx.assess import get_model
from thighdx.cases import read_case, read_columns
from thighdx.causecard import cause_card, elsewhere
from thighdx.documents.causepage import CausePage, cause_page
from thighdx.documents.causetext import cause_markdown
from thighdx.documents.folder import INDEX, write_pages
from thighdx.documents.lookalikes import (
    distinguishing,
    divergence,
    look_alikes,
    own_cases,
    pointers,
    taken_for,
    typical_cases,
    worth,
)
from thighdx.documents.markup import as_html, in_100, plain, table
from thighdx.documents.presentation import fires, known_misses
from thighdx.knowledge import Knowledge, build
from thighdx.reading import document_of
from thighdx.reasoning.basis import OWN, row_behind
from thighdx.reasoning.information import entropy
from thighdx.tables import FindingTable
from thighdx.triage import red_flags

ROOT = Path(__file__).resolve().parents[1]
CAUSES = shipped().causes
DANGEROUS = [name for name, entry in shipped().content.causes.items() if entry.dangerous]
POPULATION = shipped().content.default_population
TABLES = get_model(shipped(), POPULATION).tables


@cache
def page(cause: str) -> CausePage:
    return cause_page(shipped(), cause)


def small(**changes: object) -> Knowledge:
    tables = small_priors()
    for path, value in changes.items():
        put(tables, path.replace("__", "."), value)
    return build(document_of(tables, "small"))


# ------------------------------------------------------------------------------------------------------ look-alikes


def test_taken_for_is_the_mean_posterior_over_every_possible_case() -> None:
    """By the enumerated joint, each cause alike before; the simulation may differ by five standard errors."""
    knowledge = small()
    tables = get_model(knowledge, "clinic").tables
    count = len(tables.causes)
    likelihood: dict[tuple[int, ...], list[float]] = {}
    for cause, _, states, probability in joint(tables):
        likelihood.setdefault(states, [0.0] * count)[cause] += probability / float(tables.prior[cause])
    exact = np.zeros((count, count))
    for each in likelihood.values():
        exact += np.outer(each, each) / sum(each)
    found = taken_for(knowledge, "clinic")
    cases = (typical_cases(knowledge, "clinic").cause == 0).sum()
    assert found == pytest.approx(exact, abs=5 * 0.5 / np.sqrt(cases))
    assert found == pytest.approx(found.T, abs=0)


def test_look_alikes_are_the_largest_shares_and_mimics_the_dangerous_ones() -> None:
    shares = taken_for(shipped(), POPULATION)
    for here, cause in enumerate(CAUSES):
        others = np.delete(shares[here], here)
        found = look_alikes(shipped(), POPULATION, cause, CAUSES, most=3, findings=5)
        assert [one.taken_for for one in found] == sorted(others.tolist(), reverse=True)[:3]
        assert cause not in {one.cause for one in found}
        assert [one.cause for one in page(cause).look_alikes] == [one.cause for one in found]
        assert page(cause).mimics == look_alikes(shipped(), POPULATION, cause, DANGEROUS, most=3, findings=5)


@given(st.integers(2, 6), st.integers(0, 2**32 - 1))
def test_what_tells_two_causes_apart_is_the_jensen_shannon_divergence(states: int, seed: int) -> None:
    p, q = np.random.default_rng(seed).dirichlet(np.ones(states), 2)
    assert divergence(p, q) == pytest.approx(jensenshannon(p, q, base=2) ** 2, abs=1e-9)


def test_distinguishing_findings_are_ranked_and_give_the_ratio_of_the_rows() -> None:
    here, there = CAUSES.index("strain"), CAUSES.index("avulsion")
    found = distinguishing(shipped(), TABLES, here, there)
    assert [one.bits for one in found] == sorted((one.bits for one in found), reverse=True)
    for one in found:
        rows = TABLES.findings[TABLES.finding_index[one.finding]].rows
        place = shipped().content.findings[one.finding].states.index(one.state)
        assert one.ratio == pytest.approx(rows[here, place] / rows[there, place])


def test_pointers_are_the_largest_ratios_for_the_other() -> None:
    here, there = CAUSES.index("proximal_tendinopathy"), CAUSES.index("tumour")
    bedside = [one for one in TABLES.findings if shipped().content.findings[one.id].kind != "imaging"]
    ratios = [float((finding.rows[there] / finding.rows[here]).max()) for finding in bedside]
    found = pointers(shipped(), TABLES, here, there)
    assert [1 / one.ratio for one in found] == pytest.approx(sorted(ratios, reverse=True)[: len(found)])


@given(st.integers(2, 5), st.integers(2, 4), st.integers(0, 2**32 - 1))
def test_a_test_is_worth_the_entropy_it_takes_away(causes: int, states: int, seed: int) -> None:
    rows = np.random.default_rng(seed).dirichlet(np.ones(states), causes)
    finding = FindingTable("f", tuple("abcd"[:states]), rows, np.full(causes, -1), {})
    bits, right = worth(finding, range(causes))
    share = rows.mean(axis=0)
    after = sum(share[state] * entropy(rows[:, state] / rows[:, state].sum()) for state in range(states))
    assert bits == pytest.approx(np.log2(causes) - after, abs=1e-9)
    assert right == pytest.approx(sum(rows[:, state].max() for state in range(states)) / causes)
    assert right >= 1 / causes - 1e-12


# ------------------------------------------------------------------------------------------------ presentation, flags


@pytest.mark.parametrize("cause", CAUSES)
def test_the_answers_shown_are_those_that_part_the_cause_from_the_others_most(cause: str) -> None:
    here = CAUSES.index(cause)
    parts = {}
    for finding in TABLES.findings:
        there = elsewhere(finding.rows, TABLES.prior, here)
        parts[finding.id] = max(
            float(p * np.log2(p / q)) for p, q in zip(finding.rows[here].tolist(), there.tolist(), strict=True)
        )
    shown = [one for group in page(cause).presentation for one in group.answers]
    least = min(parts[one.finding] for one in shown)
    assert least >= max(value for name, value in parts.items() if name not in {one.finding for one in shown}) - 1e-12
    for one in shown:
        place = shipped().content.findings[one.finding].states.index(one.state)
        assert one.p_here == TABLES.findings[TABLES.finding_index[one.finding]].rows[here, place]
        row, basis = row_behind(shipped().content, POPULATION, one.finding, cause)
        expected = "as in others" if row != OWN else "published" if basis.estimate is None else "estimate"
        assert one.rests_on == expected


@pytest.mark.parametrize("cause", ["cauda_equina", "tumour", "deep_vein_thrombosis"])
def test_red_flags_fire_as_triage_says_they_do(cause: str) -> None:
    """The rules on arrays of answers, against the triage of the same cases read from words."""
    codes = own_cases(typical_cases(shipped(), POPULATION), CAUSES.index(cause))[:, :200]
    columns = {
        name: ["" if code == 0 else entry.states[code - 1] for code in codes[place].tolist()]
        for place, (name, entry) in enumerate(shipped().content.findings.items())
    }
    expected = red_flags(shipped(), read_columns(shipped(), columns, codes.shape[1]))
    for place, name in enumerate(expected.ids):
        fired = fires(shipped(), shipped().content.red_flags[name], codes)
        assert fired.tolist() == (expected.fired[:, place] > 0).tolist()


def test_whom_a_rule_misses_is_told_where_the_priors_say_so() -> None:
    """By a stand-in, since the shipped format may say nothing of it."""
    assert known_misses(SimpleNamespace(misses=SimpleNamespace(text="every second one"))) == "every second one"  # type: ignore[arg-type]
    assert known_misses(SimpleNamespace(misses=None)) is None  # type: ignore[arg-type]
    assert known_misses(SimpleNamespace()) is None  # type: ignore[arg-type]
    found = page("cauda_equina")
    first = replace(found.red_flags.flags[0], misses="a third of them")
    told = replace(found, red_flags=replace(found.red_flags, flags=(first,)))
    assert "Known to miss: a third of them" in cause_markdown(told)


def test_every_flag_that_names_the_cause_is_told_the_most_urgent_first() -> None:
    order = list(shipped().content.urgencies)
    for cause in CAUSES:
        found = page(cause).red_flags
        named = {name for name, flag in shipped().content.red_flags.items() if cause in flag.may_be}
        assert {one.id for one in found.flags} == named
        ranks = [order.index(one.urgency) for one in found.flags]
        assert ranks == sorted(ranks)
        assert found.any_fires >= max((one.fires for one in found.flags), default=0.0)
        assert found.any_fires >= found.in_a_visit - 0.05  # two simulations


# ------------------------------------------------------------------------------------------------------ the example


@pytest.mark.parametrize("cause", ["strain", "cauda_equina", "tumour", "sacroiliac_dysfunction", "obturator_pain"])
def test_the_example_is_what_the_engine_says_answer_by_answer(cause: str) -> None:
    """Posteriors by `diagnose`; how often the answer is given by the chain rule over the engine's likelihoods."""
    example, given_so_far, before = page(cause).example, {}, 0.0
    engine, here = get_model(shipped(), POPULATION).engine, CAUSES.index(cause)
    assert example.base_rate == pytest.approx(diagnose({}, knowledge=shipped()).probability(cause))
    for step in example.steps:
        assert step.finding not in given_so_far
        given_so_far[step.finding] = step.state
        told = diagnose(given_so_far, knowledge=shipped())
        assert step.probability == pytest.approx(told.probability(cause), abs=1e-9)
        assert step.leader == told.top.id
        assert (step.place == 1) == (step.leader == cause)
        log = float(engine.log_likelihood(read_case(shipped(), given_so_far).evidence)[0, here])
        assert np.log(step.p_answer) == pytest.approx(log - before, abs=1e-7)
        before = log


def test_the_example_goes_in_the_order_of_a_visit() -> None:
    names = [group.name for group in shipped().content.groups.values()]
    for cause in CAUSES:
        places = [names.index(step.group) for step in page(cause).example.steps]
        assert places == sorted(places)
        assert 0 < page(cause).example.quiet_probability <= 1


def test_what_to_find_out_next_is_not_answered_yet() -> None:
    for cause in CAUSES:
        example = page(cause).example
        for pause in example.pauses:
            given_by_then = {step.finding for step in example.steps[: pause.after]}
            for one in (pause.bedside, pause.study):
                assert one is None or one.finding not in given_by_then


# ----------------------------------------------------------------------------------------------------- how sure it is


@pytest.mark.parametrize("cause", CAUSES)
def test_every_row_is_counted_once_and_every_figure_has_its_source_on_the_page(cause: str) -> None:
    found = page(cause)
    assert sum(one.rows for one in found.standing.counts) == len(shipped().findings)
    own = [entry.rows[cause] for entry in shipped().content.findings.values() if cause in entry.rows]
    assert sum(one.rows for one in found.standing.counts if one.own) == len(own)
    published = sum(row.estimate is None for row in own)
    assert sum(one.rows for one in found.standing.counts if one.own and one.published) == published
    assert len(found.standing.published) == published
    known = {one.id for one in found.sources}
    for row in found.standing.published:
        assert {one.figure.document.id for one in row.figures} <= known
    assert {one.document.id for one in found.standing.outside} <= known


# ------------------------------------------------------------------------------------------------------------ the text


@pytest.mark.parametrize("cause", CAUSES)
def test_a_page_says_it_all_as_markdown_html_and_json(cause: str) -> None:
    found = page(cause)
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["card"]["id"] == cause
    text = cause_markdown(found, {name: f"{name}.md" for name in CAUSES})
    for one in (*found.look_alikes, *found.mimics):
        assert f"(<{one.cause}.md>)" in text
    assert ("Dangerous to miss" in text) == found.card.dangerous
    assert shipped().digest in text
    for place, source in enumerate(found.sources, start=1):
        assert f"{place}. " in text
        assert source.url is None or source.url in text
    html = as_html(text, found.card.name)
    assert "<script" not in html
    assert html.count("<table>") == len(re.findall(r"^\| -", text, re.M))


def test_every_line_of_a_table_has_as_many_cells() -> None:
    for cause in CAUSES:
        for block in cause_markdown(page(cause)).split("\n\n"):
            if block.startswith("|"):
                assert len({len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}) == 1


def test_a_population_and_a_single_cause_group_change_the_base_rate_and_nothing_published() -> None:
    there = cause_page(shipped(), "strain", "sprint_and_field_sport")
    assert there.card.base_rate > page("strain").card.base_rate
    assert there.standing.published == page("strain").standing.published


def test_small_priors_without_care_studies_or_groups_have_a_page() -> None:
    knowledge = small()
    for cause in knowledge.causes:
        found = cause_page(knowledge, cause)
        assert len(found.look_alikes) == 2
        assert found.studies == ()
        text = cause_markdown(found)
        assert "None names it" in text or found.red_flags.flags
        json.dumps(found.to_dict(), allow_nan=False)


HOSTILE = "<script>alert(1)</script> a|b *bold* [x](http://evil.example) `c` # d\n\n# no heading"


def test_words_of_the_priors_are_never_markup() -> None:
    knowledge = small(causes__tear__description=HOSTILE, causes__tear__name=HOSTILE, findings__bruise__question=HOSTILE)
    html = as_html(cause_markdown(cause_page(knowledge, "tear"), {"tear": "tear.md"}), HOSTILE)
    assert "<script" not in html
    assert "evil.example" in html
    assert "<a " not in html.replace('<a href="tear.md"', "")
    assert html.count("<h1>") == 1
    assert "<em>bold" not in html


PRINTED = st.characters(exclude_categories=("Cc", "Cs"))
MARKS = st.sampled_from(
    ["# ", "- ", "1. ", "2) ", "*", "_", "`", "&amp;", "<b>", "[a](b)", "|", "~~~", "---", "===", "+ ", "> "]
)


@given(st.lists(st.one_of(st.text(PRINTED, max_size=8), MARKS), max_size=8).map("".join))
def test_any_text_reads_as_it_stands_in_one_paragraph(words: str) -> None:
    expected = re.sub(r"[ \t\r\n]+", " ", words).strip()
    tokens = MarkdownIt("commonmark").enable("table").parse(plain(words))
    assert [token.type for token in tokens] in ([], ["paragraph_open", "inline", "paragraph_close"])
    read = "".join(inner.content for token in tokens for inner in token.children or ())
    assert read == expected


@pytest.mark.parametrize(
    ("probability", "said"),
    [(0, "0"), (1, "100"), (0.0001, "< 0.1"), (0.004, "0.4"), (0.47, "47"), (0.993, "99.3"), (0.9999, "> 99.9")],
)
def test_of_100_is_never_none_or_all_of_what_is_neither(probability: float, said: str) -> None:
    assert in_100(probability) == said


@given(st.floats(0, 1))
def test_of_100_is_near(probability: float) -> None:
    number = float(re.sub(r"[<> ]", "", in_100(probability)))
    assert number == pytest.approx(100 * probability, abs=0.51)


def test_a_table_sets_its_numbers_to_the_right() -> None:
    assert table(["a", "b"], [["x", "1"]], numbers=(1,)).splitlines()[1] == "| --- | ---: |"


def test_unknown_names_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="nearest: tumour"):
        cause_page(shipped(), "tumor")
    with pytest.raises(UnknownNameError, match="population"):
        cause_page(shipped(), "tumour", "nobody")


# ---------------------------------------------------------------------------------------------------------- the folder


def test_the_committed_pages_are_those_of_todays_priors(tmp_path: Path) -> None:
    """When this fails: make documents."""
    written = write_pages(shipped(), POPULATION, tmp_path / "causes")
    kept = ROOT / "docs" / "causes"
    assert sorted(one.name for one in written) == sorted(one.name for one in kept.iterdir())
    for one in written:
        assert one.read_text(encoding="utf-8") == (kept / one.name).read_text(encoding="utf-8"), "run: make documents"


@pytest.mark.parametrize("made", [True, False], ids=["made", "was there"])
@pytest.mark.parametrize("at", ["tear", "ache"])
def test_being_stopped_takes_away_an_empty_folder_that_was_made(
    made: bool, at: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the first page the folder and its parent go, unless they were there; at a later one whole pages stay."""

    def stopping(knowledge: Knowledge, cause: str, population: str | None = None) -> CausePage:
        if cause == at:
            raise KeyboardInterrupt
        return cause_page(knowledge, cause, population)

    monkeypatch.setattr("thighdx.documents.folder.cause_page", stopping)
    folder = tmp_path / "new" / "pages"
    if not made:
        folder.mkdir(parents=True)
    with pytest.raises(KeyboardInterrupt):
        write_pages(small(), "clinic", folder)
    first, *_ = small().causes
    if at != first:
        assert [one.name for one in folder.iterdir()] == [f"{first}.md"]
    elif made:
        assert not list(tmp_path.iterdir())
    else:
        assert not list(folder.iterdir())


def test_a_folder_of_html_links_to_itself(tmp_path: Path) -> None:
    write_pages(small(), "clinic", tmp_path, "html")
    names = {one.name for one in tmp_path.iterdir()}
    assert names == {INDEX["html"], "tear.html", "ache.html", "root.html"}
    for one in tmp_path.iterdir():
        assert set(re.findall(r'href="([^"]+)"', one.read_text(encoding="utf-8"))) <= names


def test_the_card_of_a_page_is_the_card_of_the_cause() -> None:
    most = len(page("strain").card.speaks_for)
    assert page("strain").card == cause_card(shipped(), "strain", most=most)
