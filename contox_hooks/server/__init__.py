"""The self-hosted server: the API of CONTRACT.md, the dashboard, and what runs pipelines behind them."""
