"""The words that names are composed of. A world draws from them; nothing else knows a name."""

__all__ = [
    "BROWSERS", "CALLERS", "CLIENTS", "COMPANY_HEADS", "COMPANY_TAILS", "FLAGS", "LANGUAGES", "NOUNS", "PEOPLE",
    "REGIONS", "ROLE_NAMES", "SECRETS", "SECRET_ENDS", "SECRET_HEADS", "SECRET_MIDDLES", "STAGES", "STYLES",
    "TEST_AGENTS", "VERBS",
]  # fmt: skip

COMPANY_HEADS = (
    "alder", "basalt", "birch", "brass", "chalk", "cinder", "clover", "cobble", "dune", "elm", "fern", "gable",
    "harbour", "hazel", "juniper", "lantern", "linden", "marble", "meadow", "nettle", "oak", "pebble", "plum", "quay",
    "rowan", "slate", "sorrel", "tallow", "umber", "walnut",
)  # fmt: skip
COMPANY_TAILS = (
    "bridge", "croft", "dale", "field", "ford", "forge", "gate", "grove", "hill", "kiln", "loft", "mill", "moor",
    "pier", "ridge", "row", "shore", "stead", "well", "works", "yard",
)  # fmt: skip
STAGES = ("staging", "stage", "stg", "preprod", "uat", "integration")
REGIONS = ("europe-north1", "europe-west6", "us-east4", "us-central1", "asia-southeast1", "europe-southwest1")
ROLE_NAMES = {
    "backend": ("backend", "api", "core", "platform", "hub", "server"),
    "auth": ("auth", "accounts", "identity", "passport", "signin", "gatekeeper"),
    "frontend": ("frontend", "web", "portal", "ui", "storefront", "shell"),
    "worker": ("worker", "runner", "jobs", "pipeline", "batch"),
}
LANGUAGES = ("python", "python", "node", "go", "java")
STYLES = {
    "python": ("loguru", "pylog", "structlog"),
    "node": ("pino", "winston", "nodetext"),
    "go": ("slog", "zap", "golog"),
    "java": ("logback", "logback", "logstash"),
}
NOUNS = (
    "parcel", "ledger", "voucher", "roster", "manifest", "quote", "survey", "policy", "claim", "shipment", "booking",
    "ticket", "recipe", "listing", "contract", "invoice", "dossier", "playlist", "lesson", "sensor", "route", "depot",
    "auction", "tariff", "permit", "sample", "batch", "cohort", "campaign", "widget", "digest", "thread", "agent",
    "workspace", "notebook", "catalogue", "meter", "vessel", "crew", "grant",
)  # fmt: skip
VERBS = (
    "assemble", "compile", "resolve", "reconcile", "dispatch", "settle", "render", "merge", "price", "rank", "index",
    "prepare", "collect", "balance", "route", "replay", "stage", "verify", "enrich", "publish", "open", "load",
)  # fmt: skip
SECRET_HEADS = ("PEER", "MESH", "INTERNAL", "S2S", "PLATFORM", "BACKBONE", "CLUSTER", "TRUSTED", "SYSTEM")
SECRET_MIDDLES = ("CALL", "IDENTITY", "CLIENT", "LINK", "CALLER", "CHANNEL", "MACHINE")
SECRET_ENDS = ("SECRET", "KEY", "TOKEN", "PASSPHRASE", "CREDENTIAL")
SECRETS = (
    "DB_PASSWORD", "DB_USERNAME", "DB_HOST", "CACHE_URL", "JWT_SIGNING_KEY", "ERROR_TRACKER_DSN", "MAIL_PASSWORD",
    "GEOCODER_KEY", "STORAGE_HMAC_KEY", "HOOK_SECRET", "PAYMENTS_TOKEN", "SEARCH_PASSWORD", "COOKIE_KEY", "PUSH_KEY",
)  # fmt: skip
FLAGS = (
    ("LOG_LEVEL", ("INFO", "DEBUG", "WARNING")), ("POOL_SIZE", ("5", "10", "15", "25")), ("CACHE_TTL_S", ("60", "240")),
    ("TRACE_SHARE", ("0.2", "0.5", "1.0")), ("FEATURE_SEARCH_V3", ("on", "off")), ("PAGE_LIMIT", ("50", "100", "250")),
    ("UPLOAD_LIMIT_MB", ("8", "16", "32")), ("RETRY_BUDGET", ("2", "3", "5")), ("THEME", ("classic", "calm", "bright")),
    ("EXPORT_FORMAT", ("csv", "parquet")), ("MAINTENANCE_BANNER", ("on", "off")), ("WORKER_THREADS", ("2", "4", "8")),
)  # fmt: skip
PEOPLE = ("ada", "bo", "chidi", "dana", "eero", "farah", "goran", "hana", "ivo", "jun")
_WEBKIT = "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.{m}"
_BLINK = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{v}.0.0.0"
BROWSERS = (
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_BLINK} Safari/537.36",
    f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {_WEBKIT} Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:{v}.0) Gecko/20100101 Firefox/{v}.0",
    f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_2 like Mac OS X) {_WEBKIT} Mobile/15E148 Safari/604.1",
    f"Mozilla/5.0 (Linux; Android 14; Pixel 8) {_BLINK} Mobile Safari/537.36",
)
TEST_AGENTS = (
    "python-httpx/0.28.1", "python-requests/2.32.3 pytest/8.3", "pytest-e2e/1.4", "node-fetch/3.3 jest", "k6/0.57.0",
    "PostmanRuntime/7.43.0", "HeadlessChrome/131.0 Playwright/1.49", "Cypress/13.17.0",
)  # fmt: skip
CLIENTS = ("partner-sync/2.3", "erp-bridge/0.9 (curl/8.5.0)", "okhttp/4.9.3 KioskApp/5", "Dart/3.2 (dart:io) field-app")
CALLERS = {  # what an HTTP client of each language calls itself
    "python": ("python-httpx/0.28.1", "Python/3.11 aiohttp/3.11.10"),
    "node": ("axios/1.7.9", "undici"),
    "go": ("Go-http-client/2.0", "Go-http-client/1.1"),
    "java": ("Java-http-client/21.0.5", "okhttp/4.12.0"),
}
