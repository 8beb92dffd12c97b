"""Masks take what varies and leave what decides."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifiers.masks import KEEPS, KEPT_TOKENS, MASKS, mask


def masked(text: str) -> str:
    return str(mask(pl.Series([text]))[0])


class TestMask:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("took 15.8 s after 3 tries", "took <duration> after <number> tries"),
            ("from 10.8.0.4:53122 and 10.8.0.5", "from <ip> and <ip>"),
            ("run 1a2045ca-35fc-4d10-ac2b-62c2892f9b43 ended", "run <uuid> ended"),
            ("at 2026-09-14T20:00:01.123Z and 2026-09-14 20:00:01", "at <time> and <time>"),
            ("<Order object at 0x7f3a2c>", "<Order object at <id>>"),
            ("session req_7bda598bcaea and run_1757719525043_353_4b15eea4", "session req_<id> and run_<id>_<id>_<id>"),
            ("mail of ann@example.org and <email:0a1b2c3d4e5f>", "mail of <email> and <email>"),
            ("used 512 MiB of 1Gi, 96.5%", "used <size> of <size>, <number>%"),
            ("get https://pay.example/v1?key=7&x=1 now", "get https://pay.example/v1?<query> now"),
            ("at 02-Mar-2026 10:00:00 Europe/Berlin in vain", "at <time> in vain"),
            ("on 2-Mar-2026 and 02/Mar/2026:10:00:00 +0000", "on <time> and <time>"),
            ("served by orders-00042-xyz", "served by orders-<revision>"),
            ("failed trace_id=08ce240cc1ca17ccc504e47199c999fa", "failed"),
            ("level -4.2% and 14.6%", "level <number>% and <number>%"),
        ],
    )
    def test_what_varies_is_masked(self, text: str, expected: str) -> None:
        assert masked(text) == expected

    @pytest.mark.parametrize(
        "text",
        [
            "call answered with status 403",
            "HTTP 503 from payments",
            "unexpected status 500 Internal Server Error",
            "rejected: 403: Not authenticated",
            "socket closed code=1011 reason='internal error'",
            "received 1000 (normal closure)",
            "WebSocketDisconnect: 1001",
            "(2006, 'server has gone away')",
            "[Errno 111] connection refused",
            "Error 111 connecting to cache",
            "worker exited with code 3",
            "Container called exit(137)",
            "SQLSTATE[23505]: unique violation",
            "ORA-00942: table or view does not exist",
            "No module named 'shop.app_2.part_3'",
            "denied for service:orders-2",
            "by deploy-7@shop.iam.gserviceaccount.com",
            "missing 'locale' in order.confirmed",
            "psycopg2 over utf8 and sha256",
        ],
    )
    def test_what_decides_survives(self, text: str) -> None:
        assert masked(text) == text

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("answered 403 for service:orders", "answered 403 for a guest"),
            ("status 403", "status 500"),
            ("closed 1011", "closed 1000"),
            ("event delivered 17", "event dropped 17"),
            ("exit(1)", "exit(3)"),
            ("No module named 'a_1'", "No module named 'a_2'"),
        ],
    )
    def test_failures_that_differ_by_a_code_stay_apart(self, one: str, other: str) -> None:
        assert masked(one) != masked(other)

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("sign-in failed for svc/a: 403 Not authenticated", "sign-in failed for svc/a: 503 Service overloaded"),
            ("upload of 7: 404 NOT_FOUND", "upload of 7: 503 UNAVAILABLE"),
            ("charge: 401 unauthorized", "charge: 403 forbidden"),
            ("charge: 404 on /v1/pay", "charge: 500 on /v1/pay"),
            ("GET api/x -> 500", "GET api/x -> 503"),
            ("POST /orders/17 => 502 in 4 ms", "POST /orders/17 => 504 in 4 ms"),
            ("proxy → 429, retrying", "proxy → 503, retrying"),
            ("fetch -> 500 id=4", "fetch -> 503 id=4"),
            ("403 on /search: no", "500 on /search: no"),
            ("403 for svc/a", "500 for svc/a"),
            ("404 page not found", "405 page not found"),
            ("SQLSTATE[HY000] [2002] Connection refused", "SQLSTATE[HY000] [2006] Connection refused"),
            ("SQLSTATE[42S02]: Not found: 1146 Table 'a'", "SQLSTATE[42S02]: Not found: 1109 Table 'a'"),
        ],
    )
    def test_answers_and_errors_of_databases_stay_apart_wherever_they_stand(self, one: str, other: str) -> None:
        assert masked(one) != masked(other)
        assert masked(masked(one)) == masked(one)

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("took: 403 ms", "took: 503 ms"),
            ("left: 403 rows", "left: 503 rows"),
            ("403 rows on disk", "503 rows on disk"),
            ("403 ms passed", "503 ms passed"),
            ("resized 400 -> 500", "resized 400 -> 503"),
            ("moved -> 403 rows", "moved -> 503 rows"),
            ("moved -> 403ms", "moved -> 503ms"),
            ("grew -> 403%", "grew -> 503%"),
            ("size: 403 MiB", "size: 503 MiB"),
            ("order: 403 of 900", "order: 503 of 900"),
            ("order -> 40317", "order -> 50317"),
            ("GET api/x/403 -> 500", "GET api/x/503 -> 500"),
            ("call: 403 Not for order 17", "call: 403 Not for order 503"),
            ("[403] row", "[503] row"),
            ("call -> 500 trace=0a1b2c3d4e5f rows", "call -> 503 rows"),
        ],
    )
    def test_counts_durations_and_ids_are_equal_even_where_they_look_like_an_answer(self, one: str, other: str) -> None:
        assert masked(one) == masked(other)
        assert masked(masked(one)) == masked(one)

    def test_the_same_number_is_kept_as_a_code_and_masked_as_a_count(self) -> None:
        assert masked('{"status": 503, "count": 503}') == '{"status": 503, "count": <number>}'
        assert masked("query took 500 ms, 500 rows") == "query took <duration>, <number> rows"

    def test_lines_of_a_text_are_masked_one_by_one(self) -> None:
        texts = pl.Series(["first 1\nsecond 22\n", None, "third 3"])

        assert mask(texts).to_list() == ["first <number>\nsecond <number>\n", None, "third <number>"]
        assert texts.to_list() == ["first 1\nsecond 22\n", None, "third 3"]

    def test_a_text_that_holds_the_shield_is_masked_all_the_same(self) -> None:
        assert masked("count=\x02K17 of 9") == "count=K17 of <number>"

    @settings(max_examples=40, deadline=None)
    @given(
        st.lists(
            st.sampled_from(
                ["status", "code", "=", " ", ":", "403", "1011", "7", "42", "0x1f", "ms", "exit(", ")", "error ", "-",
                 "a1b2c3d4", "_", "x", "10.0.0.1", "2026-09-14", "12:30:01", "req_", "/", "'", "[", "]", "@", ".",
                 ": ", "->", "→", " on /", " for ", "Not", "SQLSTATE[HY000]", "rows", "trace=0a1b2c3d4e5f"]
            ),
            max_size=14,
        )
    )  # fmt: skip
    def test_masking_twice_alone_or_among_others_gives_the_same(self, words: list[str]) -> None:
        text = "".join(words)
        assert masked(masked(text)) == masked(text)

        among = mask(pl.Series(["other 1", text, "lines\nof 2", text]))

        assert among[1] == among[3] == masked(text)

    def test_names_of_rules_are_told_once(self) -> None:
        names = [rule.name for rule in (*KEEPS, *KEPT_TOKENS, *MASKS)]

        assert len(names) == len(set(names))

    @pytest.mark.parametrize("text", ["duplicate key 'order_88713'", "no column named 'c_1a2b3c4d5e6f'"])
    def test_a_quoted_id_is_no_name(self, text: str) -> None:
        assert "<id>" in masked(text)
