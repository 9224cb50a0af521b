"""The Streamlit page: layout only. What it shows is computed elsewhere in the package."""
