"""One page of entries.list: asked for with deadline, patience and quota, given back as a frame of JSON texts."""

from collections.abc import Iterable, Iterator
from typing import Any

import orjson
import polars as pl
from msgspec import Struct

from collector.records import DEAD_LETTER_SCHEMA, RAW_SCHEMA
from collector.sources.base import Settings
from collector.sources.google_api import Permission, plain_refusal
from collector.sources.patience import CallLimits, call_patiently, one_line
from collector.sources.pb_json import entry_json
from collector.sources.quota import ReadQuota
from collector.sources.walk import Page, PageTokenRefused

__all__ = ["PageReader", "split_fields"]

_METHOD = "/google.logging.v2.LoggingServiceV2/ListLogEntries"
_ENTRIES_FIELD, _TOKEN_FIELD = 1, 2  # of ListLogEntriesResponse
_INSERT_ID_FIELD = 4  # of LogEntry
_LENGTH_DELIMITED = 2

_READ_PROJECT = Permission("logging.logEntries.list", role="roles/logging.viewer", api="logging.googleapis.com")
_READ_VIEW = Permission("logging.views.access", role="roles/logging.viewAccessor", api="logging.googleapis.com")


class PageReader(Struct, frozen=True):
    """Reads pages of one resource over an open transport of LoggingServiceV2Client."""

    transport: Any
    resource: str
    page_size: int
    limits: CallLimits
    settings: Settings
    quota: ReadQuota

    def read(self, filter_text: str, page_token: str) -> Page:
        """The page behind that token, "" for the first.

        Raises PageTokenRefused, SourceUnavailable when patience ends, SourceError when the request is refused.
        """
        from google.api_core import exceptions  # noqa: PLC0415 - slow import, wanted by Google sources only

        request = self._request(filter_text, page_token)
        try:
            return self._decoded(request)
        except exceptions.GoogleAPICallError as error:
            if page_token and isinstance(error, exceptions.BadRequest | exceptions.NotFound):
                raise PageTokenRefused(f"{self._who} refused the page token of a slice.") from error
            needs = _READ_VIEW if "/views/" in self.resource else _READ_PROJECT
            raise plain_refusal(error, who=self._who, resource=self.resource, needs=needs) from error

    @property
    def _who(self) -> str:
        return f"Cloud Logging of `{self.resource}`"

    def _request(self, filter_text: str, page_token: str) -> Any:
        from google.cloud.logging_v2.types import ListLogEntriesRequest  # noqa: PLC0415 - slow import

        return ListLogEntriesRequest(
            resource_names=[self.resource],
            filter=filter_text,
            order_by="timestamp asc",
            page_size=self.page_size,
            page_token=page_token,
        )

    def _decoded(self, request: Any) -> Page:
        from google.api_core import exceptions  # noqa: PLC0415 - slow import, wanted by Google sources only
        from google.cloud.logging_v2.services.logging_service_v2 import LoggingServiceV2Client  # noqa: PLC0415 - as above

        client = LoggingServiceV2Client(transport=self.transport)

        def attempt(timeout_s: float) -> Page:
            try:
                pager = client.list_log_entries(request=request, retry=None, timeout=timeout_s)
            except exceptions.InternalServerError as error:
                if "deserializing response" not in str(error.message):
                    raise
                return _page_of_bytes(self._call_for_bytes(request, timeout_s), self.resource)
            answer = next(pager.pages)
            return _page_of(type(answer).pb(answer))

        return call_patiently(attempt, who=self._who, limits=self.limits, settings=self.settings, quota=self.quota)

    def _call_for_bytes(self, request: Any, timeout_s: float) -> bytes:
        """The same page undecoded: one entry that protobuf refuses must not cost the thousand beside it."""
        from google.api_core import grpc_helpers  # noqa: PLC0415 - slow import, wanted by Google sources only

        self.quota.acquire()
        call = self.transport.grpc_channel.unary_unary(_METHOD, request_serializer=type(request).serialize)
        answer: bytes = grpc_helpers.wrap_errors(call)(request, timeout=timeout_s)
        return answer


def split_fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Number and content of each length-delimited field of a message, others skipped; stops where it is no message."""
    at, end = 0, len(message)
    while at < end:
        tag, at = _varint(message, at)
        size, after = _varint(message, at)
        wire = tag & 7
        if wire == _LENGTH_DELIMITED:
            yield tag >> 3, message[after : after + size]
            at = after + size
        elif wire == 0:
            at = after
        elif wire in (1, 5):
            at += 8 if wire == 1 else 4
        else:
            return


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """The number that begins there and where it ends; a cut one ends with the message."""
    number = shift = 0
    while at < len(message):
        byte = message[at]
        number |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:  # noqa: PLR2004 - the bit that says that more follows
            break
        shift += 7
    return number, at


def _page_of(answer: Any) -> Page:
    """A ListLogEntriesResponse as raw protobuf."""
    entries = answer.entries
    last_ns = _event_ns(entries[-1]) if entries else None
    return Page(_records(entries), pl.DataFrame(schema=DEAD_LETTER_SCHEMA), answer.next_page_token, last_ns)


def _page_of_bytes(answer: bytes, location: str) -> Page:
    """An answer that does not decode as a whole: entry by entry, those that do not decode as dead letters."""
    from google.cloud.logging_v2.types import LogEntry  # noqa: PLC0415 - slow import, wanted by Google sources only
    from google.protobuf.message import DecodeError  # noqa: PLC0415 - as above

    entry_class, token = LogEntry.pb(), ""
    entries: list[Any] = []
    dead: list[tuple[str, int, str, str]] = []
    for number, content in split_fields(answer):
        if number == _TOKEN_FIELD:
            token = content.decode("utf-8", "replace")
        if number != _ENTRIES_FIELD:
            continue
        try:
            entries.append(entry_class.FromString(content))
        except DecodeError:
            dead.append((location, len(entries) + len(dead) + 1, _undecodable(content), ""))
    last_ns = _event_ns(entries[-1]) if entries else None
    return Page(_records(entries), pl.DataFrame(dead, schema=DEAD_LETTER_SCHEMA, orient="row"), token, last_ns)


def _undecodable(entry: bytes) -> str:
    """Why an entry is a dead letter, with its insertId where that can still be read; its text cannot be redacted."""
    ids = [text for number, text in split_fields(entry) if number == _INSERT_ID_FIELD]
    insert_id = one_line(ids[0][:64].decode("utf-8", "replace")) if ids else "unknown"
    return f"the entry's protobuf cannot be decoded (insertId {insert_id}, {len(entry)} bytes)"


def _records(entries: Iterable[Any]) -> pl.DataFrame:
    # Sorted keys: the order of a protobuf map differs from process to process, the text of an entry must not.
    texts = [orjson.dumps(entry_json(entry), option=orjson.OPT_SORT_KEYS).decode() for entry in entries]
    return pl.DataFrame({"line": range(1, len(texts) + 1), "raw": texts}, schema=RAW_SCHEMA)


def _event_ns(entry: Any) -> int:
    return int(entry.timestamp.seconds * 1_000_000_000 + entry.timestamp.nanos)
