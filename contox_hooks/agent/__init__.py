"""Our place in the AI tools' own files: the MCP server's entry and a short section of rules, added and taken out again.

Each file's bytes come back as they were; what others wrote into them is never touched.
"""
