"""Written times: dates in ISO and prose, times of day with and without zone, spans; resolved to instants in UTC."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from msgspec import Struct

from classifiers.claims.records import Moment
from collector.window import NS_PER_S, Window, to_ns

__all__ = ["ZONES", "Days", "FoundTime", "days_in", "find_dates", "find_times", "find_zone", "zone_fitting"]

# Hours from UTC. Where a name means several zones the one of North America and Europe is taken.
ZONES = {
    "UTC": 0.0, "GMT": 0.0, "Z": 0.0, "PST": -8.0, "PDT": -7.0, "PT": -7.0, "MST": -7.0, "MDT": -6.0, "CST": -6.0,
    "CDT": -5.0, "EST": -5.0, "EDT": -4.0, "ET": -4.0, "BST": 1.0, "WET": 0.0, "WEST": 1.0, "CET": 1.0, "CEST": 2.0,
    "EET": 2.0, "EEST": 3.0, "MSK": 3.0, "IST": 5.5, "JST": 9.0, "KST": 9.0, "AEST": 10.0, "AEDT": 11.0,
}  # fmt: skip
_TWO = {"PT": (-7.0, -8.0), "ET": (-4.0, -5.0)}  # names that leave summer time open
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.?"
_ISO = r"(?P<iso>\d{4}-\d\d-\d\d)"
_PROSE = (
    rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\.?\s(?:of\s)?(?P<month>{_MONTH})(?:,?\s(?P<year>\d{{4}}))?|"
    rf"(?P<month2>{_MONTH})\s(?P<day2>\d{{1,2}})(?:st|nd|rd|th)?(?!\d|:)(?:,?\s(?P<year2>\d{{4}}))?"
)
_DATE = re.compile(rf"\b(?:{_ISO}|{_PROSE})", re.IGNORECASE)
_ZONE = rf"(?:{'|'.join(sorted((z for z in ZONES if z != 'Z'), key=len, reverse=True))})\b"
_OFFSET = r"(?:UTC|GMT)?\s?[+-]\d{1,2}(?::?\d\d)?(?!\d)"
_CLOCK = re.compile(
    rf"(?:{_DATE.pattern}(?:[T ]|,\s|\sat\s|\s@\s))?"
    r"(?<![\d:.])(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d)(?:[.,](?P<part>\d+))?)?"
    rf"(?:\s?(?P<half>[ap]\.?m\.?)(?!\w))?(?:(?P<z>Z)\b|\s?\(?(?P<offset>(?:UTC|"
    rf"GMT)\s?[+-]\d{{1,2}}(?::?\d\d)?(?!\d)|[+-]\d\d:\d\d)\)?|\s?\(?(?:(?:pacific|eastern|central|"
    rf"mountain|local)(?: time)?,?\s)?(?P<zone>{_ZONE})\)?)?"
    rf"(?![\d:])(?:\s(?:on\s|of\s)(?:the\s)?(?P<later>{_ISO.replace('iso', 'iso2')}|"
    rf"\d{{1,2}}(?:st|nd|rd|th)?\s(?:of\s)?{_MONTH}(?:\s\d{{4}})?|{_MONTH}\s\d{{1,2}}(?:,?\s\d{{4}})?))?",
    re.IGNORECASE,
)
_ABOUT = re.compile(
    r"(?:about|around|roughly|approximately|approx\.?|circa|ca\.?|~|≈|shortly after|just after|"
    r"near)\s*\Z",
    re.IGNORECASE,
)
_STATED = re.compile(
    rf"\b(?:all\s)?times?\b[^.\n]{{0,30}}?\b(?P<zone>{_ZONE})|\b(?P<zone2>{_ZONE})\s(?:times?|"
    rf"throughout)\b",
    re.IGNORECASE,
)
_DAY = timedelta(days=1)
_NOON = 12
_HOUR_NS = 3600 * NS_PER_S
_MINUTE_NS = 60 * NS_PER_S
_MOST_DAYS = 40  # of a window, that a time without a date may lie on


class Days(Struct, frozen=True):
    """On what days a time without a date may lie, the likeliest first; `zone_h` is that of the whole document."""

    days: tuple[date, ...]
    year: int
    zone_h: float | None = None


class FoundTime(Struct, frozen=True):
    """Where in a text a time of day stands, and what it may mean."""

    start: int
    end: int
    moment: Moment
    day: date | None  # written beside it
    zone_h: float | None


def days_in(window: Window) -> tuple[date, ...]:
    """The UTC days of a window, at most 40 of them."""
    first, last = (datetime.fromtimestamp(at_ns // NS_PER_S, UTC).date() for at_ns in (window.start_ns, window.end_ns))
    many = min((last - first).days + 1, _MOST_DAYS)
    return tuple(first + _DAY * number for number in range(many))


def find_zone(text: str) -> float | None:
    """Hours from UTC of the zone that a text says its times are in."""
    match = _STATED.search(text)
    return ZONES[(match["zone"] or match["zone2"]).upper()] if match else None


def find_dates(text: str, year: int) -> list[tuple[int, int, date]]:
    """Every date with where it stands; one without a year is of `year`."""
    found = []
    for match in _DATE.finditer(text):
        day = _date(match.groupdict(), year)
        if day is not None:
            found.append((match.start(), match.end(), day))
    return found


def find_times(text: str, days: Days) -> list[FoundTime]:
    """Every time of day, with or without a date beside it."""
    found = []
    for match in _CLOCK.finditer(text):
        told = match.groupdict()
        own = _date(told, days.year)
        if own is None and told["later"]:
            own = next((day for _, _, day in find_dates(told["later"], days.year)), None)
        zones = _zones(told, days)
        hour = int(told["hour"])
        if told["half"]:
            hour = hour % _NOON + (_NOON if told["half"].lower().startswith("p") else 0)
        about = bool(_ABOUT.search(text[: match.start()]))
        nanos = int((told["part"] or "0")[:9].ljust(9, "0"))
        every = tuple(
            _instant(day, hour, told, zone) + nanos
            for day in ((own,) if own else days.days)
            for zone in zones or (0.0,)
        )
        width = NS_PER_S if told["second"] else _MINUTE_NS
        moment = Moment(every, width, bool(zones), about, match.group(0).strip())
        found.append(FoundTime(match.start(), match.end(), moment, own, zones[0] if zones else None))
    return found


def zone_fitting(moment: Moment, at_ns: int) -> str:
    """`UTC-7`, where a written time would be the instant as a local time of that zone; "" where no zone fits."""
    for read_ns in moment.at_ns:
        hours = round((read_ns - at_ns) / _HOUR_NS * 2) / 2
        is_near = abs(read_ns - at_ns - round(hours * _HOUR_NS)) <= moment.width_ns + _MINUTE_NS
        if hours and is_near and abs(hours) in {*range(15), 5.5}:
            whole = f"{hours:+.0f}" if hours == int(hours) else f"{'+' if hours > 0 else '-'}{int(abs(hours))}:30"
            return f"UTC{whole}"
    return ""


def _zones(told: dict[str, str | None], days: Days) -> Sequence[float]:
    if told["z"]:
        return (0.0,)
    if told["offset"]:
        digits = re.sub(r"[^\d+-]", "", told["offset"])
        hours = int(digits[1:3])
        minutes = int(digits[3:5] or 0)
        return ((hours + minutes / 60) * (-1 if digits[0] == "-" else 1),)
    if told["zone"]:
        name = told["zone"].upper()
        return _TWO.get(name, (ZONES[name],))
    return () if days.zone_h is None else (days.zone_h,)


def _instant(day: date, hour: int, told: dict[str, str | None], zone_h: float) -> int:
    at = datetime(day.year, day.month, day.day, hour, int(told["minute"] or 0), int(told["second"] or 0), tzinfo=UTC)
    return to_ns(at - timedelta(hours=zone_h))


def _date(told: dict[str, str | None], year: int) -> date | None:
    """The date of a match; None where there is none, or no such day."""
    try:
        if told.get("iso"):
            return date.fromisoformat(told["iso"] or "")
        name, day, own = ((told.get(a) or told.get(f"{a}2")) for a in ("month", "day", "year"))
        if not name or not day:
            return None
        return date(int(own or year), _MONTHS.index(name[:3].lower()) + 1, int(day))
    except ValueError:
        return None
