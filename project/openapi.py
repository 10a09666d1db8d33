"""How drf-spectacular presents the API."""

from __future__ import annotations

SPECTACULAR_SETTINGS = {
    "TITLE": "Django Runs",
    "DESCRIPTION": "Durable workflow runs: start, follow, resume, cancel, restart, travel in time.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "SCHEMA_PATH_PREFIX": "/api",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

REST_FRAMEWORK = {"DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema"}
