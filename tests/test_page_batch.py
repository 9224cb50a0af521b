"""The page Batch without a browser: what is said of a table before and after it is scored."""

from __future__ import annotations

import io
from html import escape
from typing import TYPE_CHECKING

import pytest
from streamlit.testing.v1 import AppTest

from tests.handmade import shipped
from thighdx.assess import get_model
from thighdx.scoring.batch import no_finding_note
from thighdx.scoring.example import example_upload
from thighdx.scoring.upload import MOST_PROBLEMS, Upload, look_at, score_upload

if TYPE_CHECKING:
    from pathlib import Path

BAD_ROWS = b"case_id,slump,pop_felt,colour\na,positive,yes,red\nb,positiv,maybe,blue\nc,negative,no,red\n"


def _draw() -> None:
    from thighdx import load_knowledge
    from thighdx.page import batch

    batch.draw(load_knowledge(), "uniform")


def open_page() -> AppTest:
    page = AppTest.from_function(_draw, default_timeout=60).run()
    assert not page.exception, page.exception
    return page


def hand_over(page: AppTest, name: str, data: bytes) -> None:
    page.file_uploader[0].upload(name, data, "text/csv").run()
    assert not page.exception, page.exception


def press(page: AppTest, key: str) -> None:
    page.button(key=key).click().run()
    assert not page.exception, page.exception


def text_of(page: AppTest) -> str:
    """Everything the page says in words, HTML included."""
    said = (*page.markdown, *page.caption, *page.error, *page.warning, *page.info, *page.success, *page.header)
    return "\n".join([*(str(element.value) for element in said), *(element.proto.body for element in page.get("html"))])


def test_how_many_rows_the_base_rates_are_not_meant_for_is_said() -> None:
    page = open_page()
    cases = b"onset\nsudden\nsudden\nsudden|gradual\ngradual\n"
    page.selectbox(key="batch_population").set_value("distance_runners").run()
    hand_over(page, "mine.csv", cases)
    press(page, "batch_score")
    said = text_of(page).replace("\\", "")
    entries = shipped().content.populations["distance_runners"].not_for
    (entry,) = (one for one in entries if {"onset": "sudden"} in [dict(line) for line in one.when])
    rather = " or ".join(shipped().content.populations[name].name for name in entry.rather)
    assert f"**2 rows:** {entry.text} Rather: {rather}." in said
    assert f"**1 row, possibly:** {entry.text}" in said
    page.selectbox(key="batch_population").set_value("uniform").run()
    press(page, "batch_score")
    assert "not meant for" not in text_of(page)


def test_without_a_table_the_page_offers_an_example_a_template_and_says_the_limits() -> None:
    page = open_page()
    labels = {button.label for button in page.download_button}
    assert {"Empty table", "Dictionary of the columns"} <= labels
    assert page.button(key="batch_example_show").label == "Try an example"
    assert "20,000 rows" in page.file_uploader[0].label
    assert "thighdx score" in text_of(page)


def test_problems_are_told_before_anything_is_scored_and_scoring_leaves_those_rows_out() -> None:
    page = open_page()
    hand_over(page, "mine.csv", BAD_ROWS)
    look = look_at(shipped(), Upload("mine.csv", BAD_ROWS))
    assert look.problem_count == 2
    told = text_of(page)
    assert "1 row will not be scored" in told
    assert all(escape(one.message) in told for one in look.problems)
    assert "colour" in told
    assert "batch_scored" not in page.session_state
    press(page, "batch_score")
    _, scored = page.session_state["batch_scored"]
    expected = score_upload(get_model(shipped(), "uniform"), Upload("mine.csv", BAD_ROWS))
    assert scored.table.equals(expected.table)
    assert "Rows not scored</dt><dd>1" in text_of(page)
    assert "Shares are of the rows scored. Not scored: 1." in text_of(page)
    assert {"Scored table as CSV", "As Parquet"} <= {button.label for button in page.download_button}


def test_a_red_flag_of_a_row_without_numbers_is_told_apart() -> None:
    page = open_page()
    hand_over(page, "mine.csv", b"saddle_numbness,onset\nyes,sudden\nno,sudden\nyes,nonsense\nyes,rubbish\n")
    press(page, "batch_score")
    told = text_of(page)
    assert "Scored rows with a red flag</dt><dd>1<" in told
    assert "Rows not scored with a red flag</dt><dd>2<" in told
    assert "Red flags raised in rows not scored" in told


def test_the_example_is_scored_and_put_away() -> None:
    page = open_page()
    press(page, "batch_example_show")
    assert "example.csv" in text_of(page)
    press(page, "batch_score")
    _, scored = page.session_state["batch_scored"]
    assert scored.rows == look_at(shipped(), example_upload(get_model(shipped(), "uniform"))).rows
    press(page, "batch_example_away")
    assert "batch_scored" not in page.session_state
    assert "No table yet?" in text_of(page)


def test_another_population_asks_for_scoring_again_and_does_not_show_old_numbers() -> None:
    page = open_page()
    press(page, "batch_example_show")
    press(page, "batch_score")
    page.selectbox(key="batch_population").set_value("distance_runners").run()
    assert "score it again" in text_of(page)
    assert "Scored table as CSV" not in {button.label for button in page.download_button}


def test_other_columns_are_copied_where_asked() -> None:
    page = open_page()
    hand_over(page, "mine.csv", BAD_ROWS)
    page.toggle(key="batch_keep").set_value(True).run()
    press(page, "batch_score")
    _, scored = page.session_state["batch_scored"]
    assert scored.table.schema.names[-1] == "colour"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("empty.csv", b""),
        ("bytes.csv", b"\xff\xfe"),
        ("semi.csv", b"case_id;slump\n1;positive\n"),
        ("twice.csv", b"slump,slump\npositive,negative\n"),
        ("no.parquet", b"slump"),
        ("<b>bold</b>.csv", b""),
    ],
)
def test_a_bad_table_is_told_kindly(name: str, data: bytes) -> None:
    page = open_page()
    hand_over(page, name, data)
    (error,) = page.error
    assert "This table cannot be used" in error.value
    assert "Traceback" not in text_of(page)
    assert "<b>" not in error.value
    assert "No table yet?" in text_of(page)


def test_a_table_without_findings_or_without_rows_says_so() -> None:
    page = open_page()
    hand_over(page, "other.csv", b"colour\nred\n")
    note = no_finding_note(shipped(), ["colour"])
    assert note is not None
    assert note[1:] in text_of(page)
    assert "No column is a finding" in text_of(page)
    page = open_page()
    hand_over(page, "head.csv", b"case_id,slump\n")
    assert "no rows" in text_of(page)
    assert not [button for button in page.button if button.key == "batch_score"]


def test_cells_are_shown_as_text_never_as_markup() -> None:
    page = open_page()
    hand_over(page, "mine.csv", b"case_id,slump\n<script>alert(1)</script>,<img src=x onerror=alert(1)>\n")
    told = text_of(page)
    assert "&lt;script&gt;" in told
    assert "<img" not in told
    assert "<script>" not in told


def test_many_problems_are_cut_and_counted() -> None:
    page = open_page()
    hand_over(page, "mine.csv", b"slump\n" + b"odd\n" * (MOST_PROBLEMS + 1))
    assert f"The first 20 of {MOST_PROBLEMS + 1:,}" in text_of(page)


def test_nothing_of_an_upload_is_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither in the temporary folder nor where the server was started."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    page = open_page()
    hand_over(page, "mine.csv", BAD_ROWS)
    press(page, "batch_score")
    assert io.BytesIO(page.session_state["batch_scored"][1].csv()).read()
    assert not list(tmp_path.iterdir())
