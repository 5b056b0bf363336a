"""From a model to a URL: export, publish, build, deploy by SAM or Serverless, and ask."""

from ._deploy import deploy
from ._order import Deployed, Order, Shown
from ._rehearse import rehearse

__all__ = ["Deployed", "Order", "Shown", "deploy", "rehearse"]
