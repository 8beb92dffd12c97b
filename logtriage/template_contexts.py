"""What each template is given; a test holds its variables to the fields. To tell a report nobody loads all of them."""

from msgspec import Struct

from logtriage.check_view import CheckView
from logtriage.diff_view import DiffView
from logtriage.finding_view import FindingView
from logtriage.html_view import HtmlView
from logtriage.ledger_view import LedgerView
from logtriage.regroup_view import RegroupView
from logtriage.report_view import ReportView
from logtriage.show_view import ShowView
from logtriage.ticket_view import CommentView, TicketView
from logtriage.verification_view import VerifyView

__all__ = ["TEMPLATES"]

TEMPLATES: dict[str, type[Struct]] = {
    "check.md.j2": CheckView,
    "comment.md.j2": CommentView,
    "diff.md.j2": DiffView,
    "finding.md.j2": FindingView,
    "issue.md.j2": TicketView,
    "report.html.j2": HtmlView,
    "report.md.j2": ReportView,
    "regroup.md.j2": RegroupView,
    "revisions.md.j2": LedgerView,
    "show.md.j2": ShowView,
    "verify.md.j2": VerifyView,
}
