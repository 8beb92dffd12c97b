"""What a log may hold to do harm where it is told, and findings that are full of it."""

from classifiers.findings import Evidence, Findings, Incident, RevisionSeries, Series, Why
from tests.support.findings import DAY_NS, END_NS, attribution, cluster, coverage, findings

__all__ = ["EVIL", "course", "hostile_findings"]

EVIL = (
    "<script>alert(1)</script></style><img src=x onerror=alert(1)> <a href='javascript:alert(1)'>x</a> "
    "`tick` | \x1b[31mred\x1b[0m \u202eevil\u202c zero\u200bwidth \x00nul \ud800 &lt; \" ' {{ 7 * 7 }} {% raw %} "
    "\u05d0\u05d1\u05d2 \u0645\u0631\u062d\u0628\u0627"
)


def course(rows: tuple[RevisionSeries, ...] = ()) -> Series:
    """A day of two revisions, with a gap, of which only the second one fails; or of other rows."""
    good = tuple(5 if at < 40 or 60 <= at < 80 else 0 for at in range(96))
    bad = tuple(0 if at < 80 else 4 for at in range(96))
    usual = (
        RevisionSeries("shop", "shop-00007-abc", (0,) * 96, good),
        RevisionSeries("shop", "shop-00008-bad", tuple(many // 2 for many in bad), bad),
    )
    return Series(END_NS - DAY_NS, DAY_NS // 96, "requests", rows or usual)


def hostile_findings() -> Findings:
    """An incident whose every text is hostile, and a message of a megabyte."""
    rows = (RevisionSeries(EVIL, EVIL, (1,) * 96, (2,) * 96),)
    bad = cluster(
        title=EVIL, service=EVIL, sample=f"{EVIL}\n" * 3 + "x" * 1_000_000, insert_ids=(EVIL, "e2"), id=EVIL,
        attribution=attribution(
            evidence=(Evidence("measured", EVIL, query=EVIL, entry_ids=(EVIL,)),), service=EVIL, revision=EVIL
        ),
        evidence=(Evidence("unknown", EVIL),), series=course(rows=rows),
    )  # fmt: skip
    long = cluster(id="c-long", title="y" * 100_000, service="w" * 5000, sample="z" * 5000, attribution=None)
    whys = (Why("symptom", EVIL, "measured", (Evidence("measured", EVIL),), (EVIL,)),)
    return findings(
        projects=(EVIL,),
        clusters=(bad, long),
        incidents=(
            Incident(1, EVIL, (), "P0", EVIL, is_ongoing=True, whys=whys),
            Incident(2, "c-long", (), "P1", "y" * 100_000, is_ongoing=True),
        ),
        standing=(bad, long),
        coverage=coverage(blind_spots=(EVIL, "v" * 3000), dead_reasons=((EVIL, 2),)),
    )
