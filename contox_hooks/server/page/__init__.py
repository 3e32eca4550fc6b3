"""The dashboard: server-rendered pages over the same desk as the API."""
