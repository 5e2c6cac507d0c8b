"""The console's calls for programs: a file a resource."""

from services.console.api import conservation, households, timeline

API = (households.routes, timeline.routes, conservation.routes)

__all__ = ["API"]
