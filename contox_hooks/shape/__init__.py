"""What the API answers, as JSON objects of a memory service's values: for its routes, and for MCP on this machine."""
