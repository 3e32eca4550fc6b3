"""The HTTP client of the Contox API. `http.py` is the only place that imports httpx."""
