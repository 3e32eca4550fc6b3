from __future__ import annotations

from tests.model.server import model_server as model_server
