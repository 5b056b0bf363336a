"""A project of the user's own: templates, settings, sample events, and a test that runs."""

from ._events import write_events
from ._lay_down import Project, lay_down
from .infrastructure import TOOLS, infrastructure, stack_name

__all__ = ["TOOLS", "Project", "infrastructure", "lay_down", "stack_name", "write_events"]
