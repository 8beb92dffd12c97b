"""Heads are what a logger wrote before the message."""

import polars as pl
import pytest

from classifiers.heads import strip_head


def bare(text: str) -> str:
    return str(strip_head(pl.Series([text]))[0])


class TestStripHead:
    @pytest.mark.parametrize(
        "text",
        [
            "2026-09-14 20:00:01,123 ERROR [shop.orders] cannot pay",
            "2026-09-14 20:00:01.123 | ERROR    | shop.orders:pay:150 | cannot pay",
            "[2026-09-14 20:00:01 +0000] [13] [ERROR] cannot pay",
            "2026-09-14 20:00:01,123 - shop - shop.orders - WARNING - cannot pay",
            "2026/09/14 20:00:01 pay.go:370: [ERROR] cannot pay",
            "2026-09-14T20:00:01.123Z ERROR 1 --- [nio-8080-exec-2] c.s.orders.Pay          : cannot pay",
            "[Nest] 1  - 09/14/2026, 8:00:01 PM   ERROR [PayService] cannot pay",
            'time=2026-09-14T20:00:01Z level=ERROR source=internal/pay.go:7 msg="cannot pay"',
            "E0914 20:00:01.123456       1 pay.go:12] cannot pay",
            "ERROR:    cannot pay",
            "error: cannot pay",
            "cannot pay",
            "[02-Mar-2026 10:00:00 Europe/Berlin] cannot pay",
            "[2-Mar-2026 10:00:00 UTC] cannot pay",
            "E, [2026-03-02T10:00:00.123 #12] ERROR -- : cannot pay",
            "W, [2026-03-02T10:00:00.123456 #12]  WARN -- Shop::Orders: cannot pay",
            "warn (backend:core/invoice): cannot pay",
            "2026-03-02T10:00:00Z warn (backend:core/invoice): cannot pay",
            "cannot pay\nNoneType: None",
            "ERROR: cannot pay\nNoneType: None\n",
        ],
    )
    def test_layouts_of_loggers_leave_the_message(self, text: str) -> None:
        assert bare(text) == "cannot pay"

    @pytest.mark.parametrize(
        "text",
        [
            "[Ledger] cannot pay",
            "error budget spent",
            "Payments: cannot pay",
            "error (12): no",
            "'NoneType: None' told",
        ],
    )
    def test_words_of_the_message_are_no_head(self, text: str) -> None:
        assert bare(text) == text
