"""Django settings. Everything that differs between machines comes from the environment (see docs/architecture.md)."""

from __future__ import annotations

import secrets
from pathlib import Path

from django.utils.translation import gettext_lazy as _

from spm.env import EnvironmentError_, database_from_url, env_bool, env_int, env_list, env_str

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(env_str("SPM_DATA_DIR") or BASE_DIR / ".data")
DEBUG = env_bool("SPM_DEBUG", False)


def _services() -> tuple[str, str, str]:
    """(application URL, owner URL, Redis URL): as given, else from the embedded services."""
    given = (env_str("DATABASE_URL"), env_str("DATABASE_OWNER_URL"), env_str("REDIS_URL"))
    if all(given):
        return given  # type: ignore[return-value]
    if env_bool("SPM_NO_DATABASE", False):
        # Pure commands and tools (simulate, plan check, type checks) run without any service.
        return ("postgres://nobody@127.0.0.1:1/none", "postgres://nobody@127.0.0.1:1/none", "redis://127.0.0.1:1/0")
    from spm.embedded import ensure_services

    found = ensure_services(DATA_DIR)
    return (given[0] or found.database_url, given[1] or found.database_owner_url, given[2] or found.redis_url)


def _secret(name: str, file_name: str) -> str:
    """The secret called NAME, else one made once and kept in the data folder with access for its owner only."""
    given = env_str(name)
    if given:
        if len(given) < 32:
            raise EnvironmentError_(f"{name} is shorter than 32 characters; give a longer random one.")
        return given
    path = DATA_DIR / file_name
    if not path.exists():
        DATA_DIR.mkdir(parents=True, exist_ok=True)
        try:
            with path.open("x", encoding="ascii") as handle:
                path.chmod(0o600)
                handle.write(secrets.token_urlsafe(48))
        except FileExistsError:
            pass
    return path.read_text(encoding="ascii")


SECRET_KEY = _secret("SECRET_KEY", "secret_key")
# Seals the audit log. Outside the database, so that whoever can write there cannot make a changed log fit again.
AUDIT_KEY = _secret("SPM_AUDIT_KEY", "audit_key")
AUDIT_RETIRED_KEYS = env_list("SPM_AUDIT_RETIRED_KEYS", [])
AUDIT_ANCHOR_DIR = Path(env_str("SPM_AUDIT_ANCHOR_DIR") or DATA_DIR / "audit_anchors")
DATABASE_URL, DATABASE_OWNER_URL, REDIS_URL = _services()

# Two roles, one database: the application under row-level security, the owner for migrations and maintenance.
DATABASES = {
    "default": {**database_from_url(DATABASE_URL, name="DATABASE_URL"), "CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True},
    "owner": database_from_url(DATABASE_OWNER_URL, name="DATABASE_OWNER_URL"),
}
DATABASE_APP_ROLE = DATABASES["default"]["USER"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "django_htmx",
    "template_partials",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "axes",
    "spm",
    "spm.tenancy",
    "spm.access",
    "spm.calendars",
    "spm.currencies",
    "spm.people",
    "spm.sales",
    "spm.imports",
    "spm.audit",
    "spm.jobs",
    "spm.api",
    "planning",
    "incentives",
    "analytics",
    "training",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "spm.ui.csp.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "spm.access.middleware.UserLanguageMiddleware",
    "spm.ui.nul.NulMiddleware",
    "spm.access.middleware.LeaverMiddleware",
    "spm.tenancy.middleware.TenantMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "spm.urls"
WSGI_APPLICATION = "spm.wsgi.application"
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
                "django.template.context_processors.i18n",
                "spm.ui.context.shell",
            ],
            "builtins": ["template_partials.templatetags.partials"],
        },
    }
]

AUTH_USER_MODEL = "access.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_ADAPTER = "spm.access.adapters.AccountAdapter"
SOCIALACCOUNT_ADAPTER = "spm.access.adapters.SocialAccountAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "SPM"
# Passwords: axes counts, per address and place, and a success starts the count anew. TOTP, mail and reset: allauth's limits.
AXES_FAILURE_LIMIT = 8
AXES_COOLOFF_TIME = 1
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_USERNAME_CALLABLE = "spm.access.lockout.username_of"
AXES_LOCKOUT_TEMPLATE = "account/lockout.html"
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False
ACCOUNT_RATE_LIMITS = {"login_failed": "20/m/ip,5/5m/key", "reset_password": "20/m/ip,5/m/key"}
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
# An account has one address: the one that the invitation proved. Changing it would let an account take another's place.
ACCOUNT_CHANGE_EMAIL = False
ACCOUNT_MAX_EMAIL_ADDRESSES = 1
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if env_bool("SPM_HTTPS", False) else "http"

# Instance-wide OIDC only (docs/decisions): a tenant's own provider over global users would allow takeover by e-mail address.
SOCIALACCOUNT_ONLY = env_bool("OIDC_ONLY", False)
SOCIALACCOUNT_LOGIN_ON_GET = False
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        # The operator chose this provider, so an address that it has verified signs in to the account that exists under it.
        "EMAIL_AUTHENTICATION": True,
        "APPS": (
            [
                {
                    "provider_id": "sso",
                    "name": env_str("OIDC_NAME", "Single sign-on"),
                    "client_id": env_str("OIDC_CLIENT_ID"),
                    "secret": env_str("OIDC_CLIENT_SECRET"),
                    "settings": {"server_url": env_str("OIDC_ISSUER")},
                }
            ]
            if env_str("OIDC_ISSUER")
            else []
        ),
    }
}

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("ru", _("Russian"))]
LOCALE_PATHS = [BASE_DIR / "spm" / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
# Nothing is collected: WhiteNoise reads the files of the build and of the packages where they lie (WHITENOISE_USE_FINDERS).
STATIC_ROOT = None
STATICFILES_DIRS = [path for path in [BASE_DIR / "spm" / "assets" / "dist"] if path.exists()]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
MEDIA_ROOT = DATA_DIR / "media"

SECURE = env_bool("SPM_HTTPS", False)
ALLOWED_HOSTS = env_list("SPM_ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]", "testserver"])
CSRF_TRUSTED_ORIGINS = env_list("SPM_TRUSTED_ORIGINS", [])
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = SECURE
SECURE_HSTS_SECONDS = 31536000 if SECURE else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SECURE else None
SESSION_COOKIE_HTTPONLY = True
# Twelve hours from sign-in, whatever is done meanwhile; access to a tenant is checked at each request besides.
SESSION_COOKIE_AGE = env_int("SPM_SESSION_HOURS", 12) * 3600
if SECURE:
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-session", "__Host-csrf"
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024

EMAIL_HOST = env_str("SMTP_HOST", "")
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend" if EMAIL_HOST else "django.core.mail.backends.console.EmailBackend"
EMAIL_PORT = env_int("SMTP_PORT", 25)
EMAIL_HOST_USER = env_str("SMTP_USER", "")
EMAIL_HOST_PASSWORD = env_str("SMTP_PASSWORD", "")
EMAIL_USE_TLS = env_bool("SMTP_TLS", False)
DEFAULT_FROM_EMAIL = env_str("SMTP_FROM", "SPM <no-reply@localhost>")

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": env_str("SPM_REDIS_PREFIX", "spm"),
    }
}

# Celery: at least once, nothing lost when a child or a worker dies (docs/architecture.md, Background work).
CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_TRANSPORT = "spm.jobs.transport:Transport"
CELERY_TASK_DEFAULT_QUEUE = env_str("SPM_QUEUE", "spm")
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_SERIALIZER = CELERY_RESULT_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_TIME_LIMIT = env_int("SPM_TASK_TIME_LIMIT", 900)
CELERY_TASK_SOFT_TIME_LIMIT = env_int("SPM_TASK_SOFT_TIME_LIMIT", 840)
CELERY_VISIBILITY_TIMEOUT = env_int("SPM_VISIBILITY_TIMEOUT", 1800)
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": CELERY_VISIBILITY_TIMEOUT,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "global_keyprefix": f"{env_str('SPM_REDIS_PREFIX', 'spm')}:",
}
CELERY_RESULT_BACKEND_TRANSPORT_OPTIONS = {"visibility_timeout": CELERY_VISIBILITY_TIMEOUT}
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 10
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "UTC"
# Jobs (docs/jobs.md). Messages that expire before they are taken cannot pile up while the workers are away.
JOBS_LEASE_SECONDS = env_int("SPM_LEASE_SECONDS", 60)
JOBS_RETRY_SECONDS = env_int("SPM_RETRY_SECONDS", 5)
JOBS_REPUBLISH_SECONDS = env_int("SPM_REPUBLISH_SECONDS", 120)
JOBS_BEAT_LOCK_SECONDS = env_int("SPM_BEAT_LOCK_SECONDS", 30)
# Contents of imported rows are dropped after so many days; totals and counts stay (docs/imports.md).
IMPORT_ROWS_DAYS = env_int("SPM_IMPORT_ROWS_DAYS", 90)
_TICK, _RELAY, _SWEEP = env_int("SPM_TICK_SECONDS", 60), env_int("SPM_RELAY_SECONDS", 5), env_int("SPM_SWEEP_SECONDS", 15)
CELERY_BEAT_SCHEDULER = "spm.jobs.beat:SingleScheduler"
CELERY_BEAT_SCHEDULE = {
    "tick": {"task": "spm.jobs.tick", "schedule": float(_TICK), "options": {"expires": _TICK}},
    "relay": {"task": "spm.jobs.relay", "schedule": float(_RELAY), "options": {"expires": _RELAY}},
    "sweep": {"task": "spm.jobs.sweep", "schedule": float(_SWEEP), "options": {"expires": _SWEEP}},
}

REST_FRAMEWORK = {
    "DEFAULT_SCHEMA_CLASS": "spm.api.schema.OperationSchema",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "EXCEPTION_HANDLER": "spm.api.problems.exception_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "URL_FORMAT_OVERRIDE": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "SPM",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    # Choices stay where they are used: names for shared enums would collide between resources (kind, state).
    "POSTPROCESSING_HOOKS": [],
}
# Calls of one member in a minute, and wrong tokens from one address in a minute.
SPM_API_LIMITS = {"read": env_int("SPM_API_READS", 1200), "write": env_int("SPM_API_WRITES", 240), "failed": env_int("SPM_API_FAILED", 30)}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": env_str("SPM_LOG_LEVEL", "INFO")},
}
