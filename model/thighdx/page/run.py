"""The script Streamlit runs for an installed package; a checkout has app.py."""

from thighdx.page.main import main

main()
