"""The only place that runs git: it reads refs, reflogs, history and blobs, and never touches an index. It writes one
ref, refs/notes/contox (note.py), and goes to the network for that ref alone (note_remote.py)."""
