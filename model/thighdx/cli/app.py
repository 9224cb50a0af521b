"""`thighdx app`: the page."""

from __future__ import annotations

import socket

import click

from thighdx.cli.common import WholeNumber, common
from thighdx.selection import select


@click.command("app")
@common
@click.option("--port", type=WholeNumber(1, 65535), help="Where to listen; Streamlit's own default without it.")
def app_command(priors: tuple[str, ...], population: str | None, port: int | None) -> None:
    """Open the page in a browser, on this machine only.

    Example: thighdx app --population uniform
    """
    select(priors, population)  # faults are said here, before a browser opens
    if port is not None and not _is_free(port):
        raise click.UsageError(f"port {port} is taken; name another by --port")
    from thighdx.page import launch

    launch.run(priors, population, port)


def _is_free(port: int) -> bool:
    with socket.socket() as trial:
        return trial.connect_ex(("localhost", port)) != 0
