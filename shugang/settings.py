"""Settings of the platform, each read from one environment variable (table: docs/settings.md)."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote, urlparse

BASE_DIR = Path(__file__).resolve().parent


def _env(name: str, default: str = "") -> str:
    return os.environ.get(f"SHUGANG_{name}", default)


def _flag(name: str, default: bool = False) -> bool:
    value = _env(name)
    return default if value == "" else value.lower() in {"1", "true", "yes", "on"}


def _database(url: str) -> dict[str, object]:
    """`sqlite:///path` or `postgresql://user:password@host:port/name` → a Django DATABASES entry."""
    parsed = urlparse(url)
    if parsed.scheme == "sqlite":
        # IMMEDIATE: a verb takes the write lock at its start, so that two verbs never deadlock on upgrade.
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": unquote(parsed.path[1:]) if parsed.path.startswith("//") else unquote(parsed.path),
            "CONN_MAX_AGE": 60,  # opening one costs as much as a small page
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                # 16 MB of pages: with SQLite's own 2 MB a batch of use records reads each index again and again. A log of
                # 32 MB: a page that many batches change is copied to the file once.
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
                " PRAGMA cache_size=-16384; PRAGMA wal_autocheckpoint=8000;",
            },
        }
    if parsed.scheme in {"postgresql", "postgres"}:
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": parsed.path.lstrip("/"),
            "USER": unquote(parsed.username or ""),
            "PASSWORD": unquote(parsed.password or ""),
            "HOST": parsed.hostname or "",
            "PORT": str(parsed.port or ""),
            "CONN_MAX_AGE": 60,
        }
    raise ValueError(f"SHUGANG_DATABASE_URL: unknown scheme {parsed.scheme!r}; use sqlite:/// or postgresql://")


VAR_DIR = Path(_env("VAR_DIR", "var")).resolve()
DATABASES = {"default": _database(_env("DATABASE_URL", f"sqlite://{VAR_DIR}/control.sqlite3"))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

DEBUG = False
INSECURE_SECRET = "development-only-secret-refused-by-doctor-and-serve"  # noqa: S105
SECRET_KEY = _env("SECRET_KEY", INSECURE_SECRET)
ALLOWED_HOSTS = [h for h in _env("ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]").split(",") if h]
SHUGANG_PUBLIC_URL = _env("PUBLIC_URL", "http://127.0.0.1:8600").rstrip("/")
CSRF_TRUSTED_ORIGINS = [SHUGANG_PUBLIC_URL]
_HTTPS = SHUGANG_PUBLIC_URL.startswith("https://")
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _flag("BEHIND_PROXY") else None

# Where the processes listen; the supervisor (`shugang serve`) starts them there.
SHUGANG_HOST = _env("HOST", "127.0.0.1")
SHUGANG_PORT = int(_env("PORT", "8600"))
SHUGANG_PLANE_PORT = int(_env("PLANE_PORT", "8601"))
SHUGANG_PLANE_URL = _env("PLANE_URL", f"http://127.0.0.1:{SHUGANG_PLANE_PORT}").rstrip("/")
SHUGANG_PLANE_LEASE_SECONDS = float(_env("PLANE_LEASE_SECONDS", "1.0"))
SHUGANG_EDGE_LEASE_SECONDS = float(_env("EDGE_LEASE_SECONDS", "5.0"))
# Intranet addresses (CIDR) that the operator admits for the platform's own outgoing checks; none by default.
SHUGANG_ALLOWED_NETWORKS = tuple(n for n in _env("ALLOWED_NETWORKS").split(",") if n)
SHUGANG_UPLOAD_MAX_BYTES = int(_env("UPLOAD_MAX_BYTES", str(64 << 30)))
SHUGANG_UPLOAD_DIRECT_BYTES = int(_env("UPLOAD_DIRECT_BYTES", str(200 << 20)))
# Views of public pages are gathered for so long before they are written.
SHUGANG_VIEW_SECONDS = float(_env("VIEW_SECONDS", "20"))
SHUGANG_UPLOAD_HOURS = float(_env("UPLOAD_HOURS", "48"))
SHUGANG_VAULT_QUOTA_BYTES = int(_env("VAULT_QUOTA_BYTES", str(1 << 40)))
SHUGANG_CATALOGUE_SEARCH = _env("CATALOGUE_SEARCH", "database")  # or tantivy
SHUGANG_VAULT_S3_URL = _env("VAULT_S3_URL")
SHUGANG_CONVERT_MEMORY_MB = int(_env("CONVERT_MEMORY_MB", "2048"))
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024

# The key that encrypts stored secrets (32 bytes, base64); kept outside the database.
SHUGANG_MASTER_KEY = _env("MASTER_KEY", "")
SHUGANG_KEY_STORE = _env("KEY_STORE", "shugang.kernel.platform.SealedFiles")
# Signature lines of checkpoints. Where tongsuopy (or the key store) cannot sign with SM2, that line is left out.
SHUGANG_LOG_ALGORITHMS = tuple(a for a in _env("LOG_ALGORITHMS", "ed25519,sm2-sm3").split(",") if a)
SHUGANG_LOG_ORIGIN = _env("LOG_ORIGIN", urlparse(SHUGANG_PUBLIC_URL).netloc + "/log")

# Witnessing (C2SP tlog-witness): our name as a witness, how many different operators make a quorum, seconds between
# rounds, between entries that tell how far a peer was seen, and until a checkpoint without a quorum is an alarm.
SHUGANG_WITNESS_NAME = _env("WITNESS_NAME", urlparse(SHUGANG_PUBLIC_URL).netloc + "/witness")
SHUGANG_WITNESS_QUORUM = int(_env("WITNESS_QUORUM", "2"))
SHUGANG_WITNESS_SECONDS = int(_env("WITNESS_SECONDS", "10"))
SHUGANG_ANCHOR_SECONDS = int(_env("ANCHOR_SECONDS", "3600"))
SHUGANG_WITNESS_ALARM_SECONDS = int(_env("WITNESS_ALARM_SECONDS", "600"))

# Time stamps (RFC 3161): the authority, the certificates it is verified with (PEM), seconds between stamps, the adapter.
SHUGANG_TSA_URL = _env("TSA_URL")
SHUGANG_TSA_CERTIFICATES = _env("TSA_CERTIFICATES")
SHUGANG_TSA_SECONDS = int(_env("TSA_SECONDS", "3600"))
SHUGANG_TSA_ADAPTER = _env("TSA_ADAPTER", "shugang.portal.log.tsa.Rfc3161")

# E-mail: `smtp://user:password@host:587` (STARTTLS) or `smtps://user:password@host:465`; without it, the worker's output.
_MAIL = urlparse(_env("SMTP_URL"))
if _MAIL.scheme not in {"", "smtp", "smtps"}:
    raise ValueError(f"SHUGANG_SMTP_URL: unknown scheme {_MAIL.scheme!r}; use smtp:// or smtps://")
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if _MAIL.scheme else 'console'}.EmailBackend"
EMAIL_HOST = _MAIL.hostname or ""
EMAIL_PORT = _MAIL.port or (465 if _MAIL.scheme == "smtps" else 587)
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = unquote(_MAIL.username or ""), unquote(_MAIL.password or "")
EMAIL_USE_SSL = _MAIL.scheme == "smtps"
EMAIL_USE_TLS = _MAIL.scheme == "smtp" and _flag("SMTP_STARTTLS", True)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = _env("MAIL_FROM", f"noreply@{urlparse(SHUGANG_PUBLIC_URL).hostname}")

# A database made by `shugang demo` only: simulated clock, shown one-time codes, 演示 stamps.
SHUGANG_DEMO = _flag("DEMO")
SHUGANG_SITE_NAME_ZH = _env("SITE_NAME_ZH", "城市数据要素流通服务平台")
SHUGANG_SITE_NAME_EN = _env("SITE_NAME_EN", "City Data Market")
SHUGANG_SITE_SHORT = _env("SITE_SHORT", "数港")
SHUGANG_ICP = _env("ICP", "")
SHUGANG_HOST_ORG = _env("HOST_ORG", "")
SHUGANG_OPERATOR_ORG = _env("OPERATOR_ORG", "")
SHUGANG_CONTACT = _env("CONTACT", "")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "shugang.kernel",
    "shugang.ui",
    "shugang.parties",
    "shugang.delivery",
    "shugang.assets",
    "shugang.settlement",
    "shugang.market",
    "shugang.publicdata",
    "shugang.interop",
    "shugang.portal",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "shugang.ui.csp.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "shugang.ui.language.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "shugang.parties.accounts.middleware.ActorMiddleware",
    "shugang.portal.middleware.RefusalMiddleware",
]
ROOT_URLCONF = "shugang.urls"
WSGI_APPLICATION = "shugang.wsgi.application"
_CONTEXT = [
    "django.template.context_processors.request",
    "django.contrib.auth.context_processors.auth",
    "django.contrib.messages.context_processors.messages",
    "shugang.ui.context.site",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "APP_DIRS": True,
        "OPTIONS": {"environment": "shugang.ui.jinja.environment", "context_processors": _CONTEXT},
    },
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": _CONTEXT},
    },
]
STATIC_URL = "/static/"
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "中文"), ("en", "English")]
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True
USE_I18N = True

AUTH_USER_MODEL = "parties.Person"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "/sign-in"
LOGIN_REDIRECT_URL = "/desk"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Shugang"
MFA_ALLOW_UNVERIFIED_EMAIL = True  # an address serves notices only, and must not keep anybody from a second factor
MFA_TOTP_TOLERANCE = 1  # one step either way: clocks and typing (RFC 6238 5.2); a used code is refused all the same
# Sign-in throttling counts addresses: behind one proxy the client stands one hop further.
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if _flag("BEHIND_PROXY") else 0
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _HTTPS
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 8 * 3600
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["stderr"], "level": _env("LOG_LEVEL", "WARNING")},
}
ACCOUNT_ADAPTER = "shugang.parties.accounts.adapters.AccountAdapter"
MFA_ADAPTER = "shugang.parties.accounts.adapters.MFAAdapter"
