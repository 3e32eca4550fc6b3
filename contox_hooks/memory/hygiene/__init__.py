"""Hygiene: what could be better about the items there are, as a plan that a person approves (CONTRACT.md 1.4)."""
