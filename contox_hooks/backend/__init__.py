"""Where captured events go: one protocol, a local backend (the memory service in this process), later a remote one."""
