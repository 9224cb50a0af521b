"""What a case table holds and what in it cannot be read, before anything is scored."""

from __future__ import annotations

from html import escape

import streamlit as st

from thighdx.knowledge import Knowledge
from thighdx.page import parts
from thighdx.page.htmltext import table
from thighdx.page.words import plain
from thighdx.scoring.batch import no_finding_note
from thighdx.scoring.upload import Look, Upload, problems_csv
from thighdx.wording import count

SHOWN = 20  # problems in the table; the file has more


def draw_look(knowledge: Knowledge, upload: Upload, look: Look) -> None:
    """Rows, columns, problems."""
    with st.container(key="batch-look"):
        st.header(plain(upload.name), anchor=False)
        parts.facts(
            [
                ("Rows", f"{look.rows:,}"),
                ("Columns that are findings", f"{len(look.findings)}", f"of {len(knowledge.findings)} known"),
                ("Other columns", f"{len(look.others)}"),
                (
                    "Cells that cannot be read",
                    f"{look.problem_count:,}",
                    f"in {count(look.faulty_rows, 'row', 'rows')}",
                ),
            ]
        )
        warning = no_finding_note(knowledge, look.findings)
        if warning is not None:
            st.warning(f"{_sentence(warning)} (they are in the dictionary).", icon=":material/warning:")
        if look.note is not None:
            st.info(f"{plain(_sentence(look.note))}.", icon=":material/view_column:")
        if look.repeated:
            st.info(
                f"{count(look.repeated, 'row repeats', 'rows repeat')} a case_id, first "
                f"*{plain(look.first_repeated)}*. Every row is kept.".replace("case_id", "`case_id`"),
                icon=":material/content_copy:",
            )
        if look.problem_count:
            _draw_problems(look)
        elif look.rows:
            st.success("Every cell can be read.", icon=":material/check_circle:")


def _draw_problems(look: Look) -> None:
    shown = look.problems[:SHOWN]
    st.warning(
        f"**{count(look.faulty_rows, 'row', 'rows')} will not be scored**: they stay in the result with the reason, "
        "and red flags from their readable cells stand. Mend the cells and upload again, or go on.",
        icon=":material/warning:",
    )
    rows = [[f"{one.row:,}", escape(one.case_id), escape(one.column), escape(one.message)] for one in shown]
    more = f"The first {len(shown)} of {look.problem_count:,}" if look.problem_count > len(shown) else "All of them"
    caption = f"{more}; rows are counted from 1, without the header"
    st.html(table(["Row", "Case", "Column", "What is wrong"], rows, caption, numeric=[0]))
    cut = f" (the first {len(look.problems):,})" if look.problem_count > len(look.problems) else ""
    st.download_button(
        f"Problems as CSV{cut}",
        problems_csv(look),
        "thighdx_problems.csv",
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
        key="batch_problems",
    )


def _sentence(note: str) -> str:
    return note[:1].upper() + note[1:]
