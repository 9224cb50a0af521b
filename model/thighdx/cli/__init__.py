"""The command line: a module for each command. Data goes to standard output or `--out`, messages to standard error.

Exit status: 0 done; 1 done, but some rows could not be scored; 2 wrong usage, a bad answer, or a file that cannot be
read or written.
"""

from thighdx.cli.program import cli, main

__all__ = ["cli", "main"]
