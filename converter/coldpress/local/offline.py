"""The handler for what imports one by name on this machine, such as serverless-offline.

It serves what ``MODEL_URI`` names: URIs of models, or paths as people type them.
"""

from __future__ import annotations

import os

from coldpress.stores import model_uri

from .handler import load_handler

__all__ = ["handler"]

handler = load_handler(*map(model_uri, os.environ["MODEL_URI"].split()))
