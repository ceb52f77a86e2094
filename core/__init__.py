"""Winnow's work: from a file of instruction records to a diverse, curated subset. Imports no Streamlit."""
