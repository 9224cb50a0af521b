"""The front end's entry: `streamlit run app.py`. The page itself is in the package, so that a wheel has it too."""

from thighdx.page.main import main

main()
