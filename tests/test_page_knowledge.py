"""The page Knowledge without a browser: that it shows what the package says, and finds what one looks for."""

from __future__ import annotations

import re
from html import escape

import pytest
from streamlit.testing.v1 import AppTest

from tests.handmade import shipped
from thighdx.baserates import population_behind
from thighdx.page.htmltext import combination_card, figure_card
from thighdx.page.knowledge import VIEW, VIEWS
from thighdx.provenance import matching, provenance, published_combinations, published_figures
from thighdx.ratios import finding_ratios
from thighdx.wording import percent, ratio_said


def _draw() -> None:
    from thighdx import load_knowledge
    from thighdx.page import knowledge

    knowledge.draw(load_knowledge(), "uniform")


def open_page(view: str | None = None) -> AppTest:
    page = AppTest.from_function(_draw, default_timeout=60).run()
    if view is not None:
        page.segmented_control(key=VIEW).set_value(view).run()
    assert not page.exception, page.exception
    return page


def html_of(page: AppTest) -> str:
    return "\n".join(element.proto.body for element in page.get("html"))


def told(page: AppTest) -> str:
    said = (*page.markdown, *page.caption, *page.header, *page.info)
    return "\n".join([*(str(element.value) for element in said), html_of(page)])


@pytest.mark.parametrize("view", list(VIEWS))
def test_every_view_draws(view: str) -> None:
    assert len(told(open_page(view))) > 500


def test_rows_are_found_by_cause_finding_and_words_and_shown_with_their_reasons() -> None:
    page = open_page()
    rows = provenance(shipped(), "uniform")
    assert f"{len(matching(rows, own_only=True)):,} rows" in told(page)
    page.selectbox(key="rows_cause").set_value("lumbar_radiculopathy").run()
    page.selectbox(key="rows_finding").set_value("straight_leg_raise").run()
    (row,) = matching(rows, cause="lumbar_radiculopathy", finding="straight_leg_raise")
    shown = html_of(page)
    assert "1 row" in told(page)
    assert all(percent(chance.probability) in shown for chance in row.chances)
    assert all(escape(one.title) in shown for one in row.documents)
    assert all(one.url is None or escape(one.url) in shown for one in row.documents)
    assert "published" in shown


def test_a_search_without_a_hit_says_so_and_one_with_hits_shows_only_them() -> None:
    page = open_page()
    page.text_input(key="rows_text").set_value("zzzz").run()
    assert "No row meets all of that" in told(page)
    page.text_input(key="rows_text").set_value("slump").run()
    expected = matching(provenance(shipped(), "uniform"), text="slump", own_only=True)
    assert f"{len(expected):,} rows" in told(page)


def test_only_estimates_leaves_no_published_row() -> None:
    page = open_page()
    page.toggle(key="rows_estimates").set_value(True).run()
    shown = html_of(page)
    assert 'class="tag">estimate' in shown
    assert 'class="tag tag-published"' not in shown
    assert "; read as " in shown


def test_the_background_is_left_out_until_asked_for() -> None:
    page = open_page()
    page.toggle(key="rows_own").set_value(False).run()
    assert f"{len(provenance(shipped(), 'uniform')):,} rows" in told(page)


def test_ratios_of_every_cause_and_state_are_in_the_table() -> None:
    page = open_page("Likelihood ratios")
    page.selectbox(key="ratios_finding").set_value("slump").run()
    found = finding_ratios(shipped(), "slump", "uniform")
    cells = re.findall(r"<td[^>]*>([^<]*)</td>", html_of(page))
    for state in found.states:
        assert all(ratio_said(one.ratio) in cells for one in state.causes)


@pytest.mark.parametrize("view", list(VIEWS))
def test_lists_hold_names_as_they_are(view: str) -> None:
    """A list takes no Markdown, so an escape would be read."""
    for one in open_page(view).selectbox:
        assert not any("\\" in option for option in one.options)


@pytest.mark.parametrize(
    ("view", "picked"), [("Around a cause", "network_cause"), ("Around a mechanism", "network_mechanism")]
)
def test_a_picture_can_be_of_any_cause_or_mechanism(view: str, picked: str) -> None:
    page = open_page("Network")
    page.segmented_control(key="network_view").set_value(view).run()
    for name in page.selectbox(key=picked).options[-2:]:
        page.selectbox(key=picked).select(name).run()
        assert not page.exception, page.exception
        assert page.header[0].value == name


@pytest.mark.parametrize("population", ["uniform", "distance_runners"])
def test_base_rates_are_shown_for_the_population_chosen(population: str) -> None:
    page = open_page("Base rates")
    page.selectbox(key="knowledge_population").set_value(population).run()
    found = population_behind(shipped(), population)
    assert percent(found.causes[0].rate) in html_of(page)
    assert found.description.replace("-", "")[:40] in told(page).replace("\\", "").replace("-", "")
    for entry in shipped().content.populations[population].not_for:
        assert escape(entry.text) in html_of(page)


def test_every_red_flag_is_there_with_what_to_do() -> None:
    shown = html_of(open_page("Red flags"))
    for flag in shipped().content.red_flags.values():
        assert escape(flag.name) in shown
        assert escape(flag.action) in shown
        assert flag.misses is None or escape(flag.misses.text) in shown


def test_a_figure_and_a_combination_say_why_the_model_departs_from_them() -> None:
    """Also where the reason holds what a browser would run."""
    figure, combination = next(iter(shipped().content.figures)), next(iter(shipped().content.combinations))
    said = "it counts <script>opened</script> knees & not pain"
    mine = shipped().with_overlay(
        {
            "figures": {figure: {"outside_because": said}},
            "combinations": {combination: {"outside_because": said}},
        }
    )
    (one,) = [each for each in published_figures(mine) if each.outside_because == said]
    assert one.id == figure
    (two,) = [each for each in published_combinations(mine) if each.outside_because == said]
    assert two.id == combination
    for card in (figure_card(one), combination_card(two)):
        assert escape(said) in card
        assert "<script" not in card
    assert "departs from it" not in "".join(
        figure_card(each) for each in published_figures(mine) if each.outside_because is None
    )


def test_every_combination_stands_below_the_figures() -> None:
    shown = html_of(open_page("Published figures"))
    for one in published_combinations(shipped()):
        assert escape(one.name) in shown
        assert escape(one.note) in shown


def test_figures_that_were_passed_over_say_why() -> None:
    page = open_page("Published figures")
    page.segmented_control(key="figures_used").set_value("Passed over").run()
    over = [one for one in published_figures(shipped()) if not one.used]
    assert f"{len(over)} figures" in told(page)
    assert escape(str(over[0].passed_over)) in html_of(page)
