"""Addresses that a token, or what an incident says, may be sent to."""

from urllib.parse import urlsplit

from collector.sources.google_api import is_loopback_host

__all__ = ["checked_url", "is_safe_url"]


def is_safe_url(url: str) -> bool:
    """It is https, or http to this machine, and holds no white space; a name outside ASCII is written as xn--."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        is_whole = bool(host) and host.isascii() and parts.port != 0
    except ValueError:
        return False
    if not is_whole or not url.isprintable() or " " in url:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback_host(host))


def checked_url(url: str) -> str:
    """A server's address without a slash at its end; ValueError where a token may not be sent to it."""
    if not is_safe_url(url) or "@" in urlsplit(url).netloc or "?" in url or "#" in url:
        message = (
            "it should be an https address without login, such as https://tracker.example.com "
            "(http:// to this machine alone)"
        )
        raise ValueError(message)
    return url.rstrip("/")
