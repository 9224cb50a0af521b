"""`python -m thighdx`."""

from thighdx.cli import main

main()
