"""Markdown as people write it becomes statements with their lines."""

from classifiers.claims.document import read_document

TEXT = """# Outage, 14 September

It began at 20:33.  It ended
at 21:00. `a. B` stays whole.

- first item
- [ ] an open box
1. numbered

| field | value |
|---|---|
| errors | 212 |

| revision | requests | failed (UTC) |
|---|---:|:--|
| 00622-abc | 96 | 20:33 |

```
999 errors in a quoted log
```

```mermaid
sequenceDiagram
  A->>B: 94 of 96 refused
  A-->C[label of a box]
```
> **quoted** [link](https://x.example) sentence
"""


def test_sentences_items_rows_and_labels_are_statements() -> None:
    read = read_document(TEXT)

    assert [(one.line, one.text) for one in read.statements] == [
        (3, "It began at 20:33."),
        (3, "It ended at 21:00."),
        (4, "`a. B` stays whole."),
        (6, "first item"),
        (7, "an open box"),
        (8, "numbered"),
        (12, "errors: 212"),
        (16, "00622-abc; requests: 96; failed (UTC): 20:33 UTC"),
        (24, "94 of 96 refused"),
        (25, "label of a box"),
        (27, "quoted link sentence"),
    ]


def test_code_blocks_are_counted_and_not_read() -> None:
    assert read_document(TEXT).skipped == 1


def test_headings_give_context() -> None:
    read = read_document("Title\n=====\n\ntext\n\n## Second ##\n")

    assert read.headings == ((1, "Title"), (6, "Second"))
    assert [one.heading for one in read.statements] == ["Title"]


def test_an_open_fence_and_an_empty_text_are_no_errors() -> None:
    assert read_document("```\nx\n").skipped == 1
    assert read_document("").statements == ()


def test_a_long_line_is_cut() -> None:
    assert len(read_document("a" * 10_000).statements[0].text) <= 2000
