"""Start Streamlit on the page, in this process, without any prompt."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

PRIORS = "THIGHDX_PRIORS"  # how `thighdx app` hands its options to the page
POPULATION = "THIGHDX_POPULATION"

SETTINGS = {
    "server.showEmailPrompt": "false",
    "browser.gatherUsageStats": "false",
    "server.address": "localhost",
    "server.enableXsrfProtection": "true",
    "server.enableCORS": "true",
    "server.enableStaticServing": "false",
    "server.maxUploadSize": "20",
    "server.maxMessageSize": "50",
    "server.fileWatcherType": "none",
    "client.toolbarMode": "minimal",
    "client.showErrorDetails": "none",
    "client.showErrorLinks": "false",
    "theme.light.primaryColor": "#0072b2",
    "theme.dark.primaryColor": "#4aa8de",
}  # as .streamlit/config.toml has them for a checkout; an installed wheel has no such folder


def run(priors: Sequence[str], population: str | None, port: int | None) -> None:
    """Serve the page until stopped. `priors` and `population` are as on the command line."""
    from streamlit.web import cli

    os.environ[PRIORS] = json.dumps([str(Path(place).resolve()) for place in priors])
    os.environ.pop(POPULATION, None)
    if population is not None:
        os.environ[POPULATION] = population
    flags = [f"--{name}={value}" for name, value in SETTINGS.items()]
    if port is not None:
        flags.append(f"--server.port={port}")
    sys.argv = ["streamlit", "run", str(Path(__file__).with_name("run.py")), *flags]
    cli.main(prog_name="streamlit")
