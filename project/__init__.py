"""The project that serves `runs` out of the box: settings, URLs and the ASGI application."""
