"""All settings, read from the environment. `docs/settings.md` lists the variables; a test keeps the list complete."""

import logging
from datetime import timedelta
from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from attendance_site import embedded, secret_strength, sql
from attendance_site.environment import env

BASE_DIR = Path(__file__).resolve().parent.parent

# False: a machine without configuration, which makes its own secrets in VAR_DIR and serves localhost only. True: every
# secret and every store must be given.
PRODUCTION = env.bool("PRODUCTION", default=False)
VAR_DIR = Path(env.str("VAR_DIR", default=str(BASE_DIR / "var"))).resolve()


def given(name: str) -> str:
    """Returns a variable that must be set in production."""
    value = env.str(name, default="")
    if not value:
        raise ImproperlyConfigured(f"{name} must be set in production.")
    return str(value)


SECRET_KEY = given("SECRET_KEY") if PRODUCTION else env.str("SECRET_KEY", default="") or embedded.secret_key(VAR_DIR)
DEBUG = False
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
HTTPS = env.bool("HTTPS", default=PRODUCTION)

INSTALLED_APPS = [
    "lessons.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.humanize",
    "whitenoise.runserver_nostatic",
    "attendance_site.static_files.StaticFiles",
    *(["dev"] if (BASE_DIR / "dev").is_dir() else []),  # the command `demo`; the image leaves it out
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "lessons",
    "absences",
    "stats",
]

MIDDLEWARE = [
    "attendance_site.logs.RequestId",
    "attendance_site.headers.Headers",
    "django.middleware.gzip.GZipMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "attendance_site.problems.DomainErrors",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "attendance_site.urls"
WSGI_APPLICATION = "attendance_site.wsgi.application"

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
            ],
            # Tags are kept beside the code that they belong to, not in a folder `templatetags`.
            "libraries": {
                "board_rows": "absences.office.board.rows",
                "lesson_rows": "absences.taking.lesson_rows",
                "navigation": "absences.web.navigation",
                "words": "absences.web.words",
            },
        },
    }
]

# --- SQL -------------------------------------------------------------------------------------------------------------

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

SQLITE_OPTIONS = {
    # Writers queue at BEGIN instead of failing when a read turns into a write.
    "transaction_mode": "IMMEDIATE",
    "timeout": 5,
    # Readers continue while one process writes. FULL, because NORMAL may lose the last commits in a power cut.
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
}

sql.Connection.alive_within = env.float("SQL_ALIVE_WITHIN", default=sql.Connection.alive_within)

POSTGRESQL_OPTIONS = {
    # Fewer connections than threads, so that a slow database holds back some requests but never all. A request that
    # waits longer than a second gets 503. When all connections are broken, the next request makes the pool connect
    # again: by itself the pool doubles its pauses, and after 20 s without PostgreSQL it took another 7 to recover.
    "pool": {
        "min_size": 1,
        "max_size": env.int("SQL_CONNECTIONS", default=4),
        "timeout": 0.8,
        "reconnect_timeout": 1.0,
        "connection_class": sql.Connection,
    },
    # A slow query or lock is cancelled. When the server itself hangs, `sql.Connection` notices; when nothing arrives
    # there any more, so does `tcp_user_timeout` (milliseconds).
    "options": "-c statement_timeout=5000 -c lock_timeout=2000 -c idle_in_transaction_session_timeout=10000",
    "tcp_user_timeout": 2000,
    "connect_timeout": 2,
}


def database() -> dict[str, Any]:
    url = given("DATABASE_URL") if PRODUCTION else env.str("DATABASE_URL", default="")
    settings = env.db_url_config(url or f"sqlite:///{VAR_DIR / 'attendance.sqlite3'}")
    sqlite = settings["ENGINE"] == "django.db.backends.sqlite3"
    options = SQLITE_OPTIONS if sqlite else POSTGRESQL_OPTIONS
    return {**settings, "OPTIONS": {**options, **settings.get("OPTIONS", {})}}


# Not ATOMIC_REQUESTS: reporting must open no SQL connection, and completion opens its own transactions.
DATABASES = {"default": database()}

# --- MongoDB ---------------------------------------------------------------------------------------------------------

MONGODB_URL = (
    given("MONGODB_URL") if PRODUCTION else env.str("MONGODB_URL", default="") or embedded.mongodb_url(VAR_DIR)
)
MONGODB_DATABASE = env.str("MONGODB_DATABASE", default="attendance")
MONGODB_CONNECTIONS = env.int("MONGODB_CONNECTIONS", default=32)
MONGODB_TIMEOUT = env.float("MONGODB_TIMEOUT", default=0.8)  # seconds, so that a request fails within one second

# --- People and their tokens -----------------------------------------------------------------------------------------

AUTH_USER_MODEL = "lessons.User"
AUTHENTICATION_BACKENDS = ["lessons.authentication.Backend"]
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = f"{LOGIN_URL}?left"  # its script makes the other tabs leave too
PASSWORD_HASHERS = ["lessons.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
SESSION_ENGINE = "lessons.accounts.sessions"
SESSION_COOKIE_AGE = 10 * 60 * 60  # a working day
# A machine counts as shared unless its user calls it their own. There a session also ends with the browser, and after
# this many idle minutes.
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_IDLE = timedelta(minutes=env.int("SESSION_IDLE_MINUTES", default=30))
if timedelta(minutes=1) > SESSION_IDLE:
    raise ImproperlyConfigured("SESSION_IDLE_MINUTES must be at least 1.")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
SESSION_COOKIE_NAME = "__Host-sessionid" if HTTPS else "sessionid"
CSRF_COOKIE_NAME = "__Host-csrftoken" if HTTPS else "csrftoken"
CSRF_COOKIE_HTTPONLY = True
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]  # probes ask the process directly, not through the proxy
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# Everything is served from here and nothing is inline, in the admin too.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "worker-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000  # a register has five for each pupil, and an assembly may have hundreds of pupils
CSRF_FAILURE_VIEW = "attendance_site.problems.forbidden"

DEVICE_COOKIE_NAME = "__Host-device" if HTTPS else "device"
# How many of our own proxies append to X-Forwarded-For. With none, the header is ignored.
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=0)
# Where counts are shared by processes on several machines. If empty, the database.
CACHE_URL = env.str("CACHE_URL", default="")
CACHES = {"default": env.cache_url("CACHE_URL", default="dummycache://")}
if CACHE_URL:  # a cache that hangs must not hold the threads: by default redis-py waits for ever
    CACHES["default"].setdefault("OPTIONS", {}).update(socket_timeout=0.8, socket_connect_timeout=0.8)
REQUESTS_A_MINUTE = env.int("REQUESTS_A_MINUTE", default=600)
REQUESTS_A_MINUTE_OF_SYSTEMS = env.int("REQUESTS_A_MINUTE_OF_SYSTEMS", default=6000)
# Per network, for users who are not signed in. A whole staff signing in at once stays far below.
REQUESTS_A_MINUTE_UNSIGNED = env.int("REQUESTS_A_MINUTE_UNSIGNED", default=1200)

# Read when the first token is signed or verified, and again when the file is replaced (`lessons/accounts/tokens.py`).
TOKEN_KEYS = given("TOKEN_KEYS") if PRODUCTION else env.str("TOKEN_KEYS", default="")  # the file's content, if set
TOKEN_KEYS_FILE = Path(file) if (file := env.str("TOKEN_KEYS_FILE", default="")) else None
if not TOKEN_KEYS:
    TOKEN_KEYS_FILE = embedded.token_keys(VAR_DIR)
TOKEN_ISSUER = env.str("TOKEN_ISSUER", default="attendance")
ACCESS_LIFETIME = timedelta(minutes=10)
REFRESH_LIFETIME = timedelta(hours=12)

if PRODUCTION:
    secret_strength.check(
        secret_key=SECRET_KEY, token_keys=TOKEN_KEYS, stores=(str(DATABASES["default"]), MONGODB_URL), folder=VAR_DIR
    )

# --- The API ---------------------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "lessons.accounts.authentication.AccessTokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": ["lessons.api.strict_json.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_THROTTLE_CLASSES": ["lessons.api.throttles.UserThrottle"],
    "DEFAULT_SCHEMA_CLASS": "attendance_site.openapi.Schema",
    "EXCEPTION_HANDLER": "attendance_site.problems.exception_handler",
    "URL_FORMAT_OVERRIDE": None,  # `format=csv` is a parameter of ours
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Classroom attendance",
    "DESCRIPTION": (
        "Report absences, complete lessons, read registers. Times are ISO 8601 with offset, lists are"
        " `{next, previous, results}`, errors are RFC 9457 problems. Fields may be added to answers; nothing is"
        " removed and no meaning changes within `v1`. The guide for integrators is `docs/integrators.md`."
    ),
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": [],
    "SERVE_AUTHENTICATION": [],
    "SORT_OPERATIONS": False,
    "POSTPROCESSING_HOOKS": ["attendance_site.openapi.with_components"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "/static/absences/icon.svg",
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "validatorUrl": None},
}

# --- Time and language -----------------------------------------------------------------------------------------------

USE_TZ = True
TIME_ZONE = "Europe/London"  # a default for the admin only: every school has its own zone
LANGUAGE_CODE = "en-gb"
USE_I18N = True

# --- Files -----------------------------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "attendance_site.static_files.Storage"},
}

# --- Running ---------------------------------------------------------------------------------------------------------

RECONCILE_SECONDS = env.float("RECONCILE_SECONDS", default=5.0)
LOG_LEVEL = env.str("LOG_LEVEL", default="INFO").upper()
if LOG_LEVEL not in logging.getLevelNamesMapping():
    raise ImproperlyConfigured("LOG_LEVEL must be one of DEBUG, INFO, WARNING, ERROR and CRITICAL.")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"()": "attendance_site.logs.Formatter"}},
    "filters": {"refusals": {"()": "attendance_site.logs.Refusals"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain", "filters": ["refusals"]}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    # Its default level logs every 4xx as a warning, with the path. The proxy keeps the access log.
    "loggers": {"django.request": {"level": "ERROR"}, "pymongo": {"level": "WARNING"}},
}
