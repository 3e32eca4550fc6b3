"""The only place that runs git: it reads refs, reflogs, history and blobs, and never touches an index. It writes
nothing but notes (note.py), refs/notes/contox-REMOTE here, and goes to the network for a remote's refs/notes/contox
alone (note_remote.py)."""
