"""Team mode: pipeline runs as jobs on PostgreSQL, for as many worker processes on as many machines as one likes."""
