"""What AI tools keep of their sessions on this machine: user requests, files written, commands run."""
