"""Database backends: Django's own, made to be shared by web and workers."""
