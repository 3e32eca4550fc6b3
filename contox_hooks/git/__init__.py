"""The only place that runs git: it reads refs, reflogs, history and blobs, and never writes or touches an index."""
