"""A local Google Cloud Database Migration Service, for trying the bot and for tests."""

from sandbox.dms.control import ControlError, DmsControl
from sandbox.dms.server import DmsServer

__all__ = ["ControlError", "DmsControl", "DmsServer"]
