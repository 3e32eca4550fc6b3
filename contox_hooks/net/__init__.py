"""HTTP with bounds and manners, whoever is asked. `http.py` is the only place that imports httpx."""
