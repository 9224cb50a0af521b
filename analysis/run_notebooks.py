"""Run the notebooks on today's priors and keep what they show: `make notebooks`, or with the numbers of some of them.

Nothing of the time or the machine is written down, so that running them again changes only what the priors changed.
"""

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parent
KERNEL = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}


def run(path):
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook, timeout=600, record_timing=False, resources={"metadata": {"path": str(FOLDER)}}, kernel_name="python3"
    )
    client.execute()
    # the version of the interpreter would differ from machine to machine
    notebook.metadata = nbformat.from_dict(KERNEL | {"language_info": {"name": "python"}})
    nbformat.write(notebook, path)


def main(numbers):
    paths = sorted(FOLDER.glob("[0-9][0-9]_*.ipynb"))
    unknown = [one for one in numbers if not any(path.name.startswith(f"{one}_") for path in paths)]
    if unknown:
        sys.exit(f"no notebook {', '.join(unknown)}; there are {', '.join(path.name[:2] for path in paths)}")
    for path in paths:
        if not numbers or path.name[:2] in numbers:
            print(path.name, flush=True)
            run(path)


if __name__ == "__main__":
    main(sys.argv[1:])
