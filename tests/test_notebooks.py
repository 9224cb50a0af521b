"""The notebooks run, hold no model code, and are shipped with the figures they talk about."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from thighdx import load_knowledge

ANALYSIS = Path(__file__).resolve().parents[1] / "analysis"
NOTEBOOKS = sorted(ANALYSIS.glob("[0-9][0-9]_*.ipynb"))


def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


def test_there_are_notebooks_numbered_from_one() -> None:
    assert [int(path.name[:2]) for path in NOTEBOOKS] == list(range(1, len(NOTEBOOKS) + 1))


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs(path: Path) -> None:
    NotebookClient(read(path), timeout=300, resources={"metadata": {"path": str(ANALYSIS)}}).execute()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_shipped_executed_with_its_figures(path: Path) -> None:
    cells = [cell for cell in read(path).cells if cell.cell_type == "code"]
    outputs = [output for cell in cells for output in cell.outputs]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert not [output for output in outputs if output.output_type == "error"]
    assert any("image/png" in output.get("data", {}) for output in outputs)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_keeps_nothing_of_the_run_itself(path: Path) -> None:
    """No times, warnings or interpreter version: `make notebooks` again changes only what the priors changed."""
    notebook = read(path)
    assert not [cell.id for cell in notebook.cells if "execution" in cell.metadata]
    assert "version" not in notebook.metadata.language_info
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert not [output for output in outputs if output.get("name") == "stderr"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_asks_one_question_and_says_what_to_take_away(path: Path) -> None:
    text = "\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")
    assert text.count("The question of this notebook:") == 1
    assert "## What to take away" in text


def test_the_readme_lists_every_notebook() -> None:
    text = (ANALYSIS.parent / "README.md").read_text(encoding="utf-8")
    assert [path.name for path in NOTEBOOKS if f"(analysis/{path.name})" not in text] == []


def test_the_script_refuses_a_number_that_no_notebook_has() -> None:
    done = subprocess.run(
        [sys.executable, ANALYSIS / "run_notebooks.py", "77"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "no notebook 77; there are 01, 02" in done.stderr


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_was_run_on_the_priors_as_they_are(path: Path) -> None:
    """The knowledge shown in it names the digest of today's; run the notebook again after a change of the priors."""
    text = "\n".join(str(cell.outputs) for cell in read(path).cells if cell.cell_type == "code")
    assert repr(load_knowledge()) in text


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_imports_the_package_and_computes_no_posterior_itself(path: Path) -> None:
    code = "\n".join(cell.source for cell in read(path).cells if cell.cell_type == "code")
    assert "from thighdx import" in code
    assert not {"thighdx.engine", "thighdx.tilt", "pgmpy"} & set(code.replace(",", " ").split())
