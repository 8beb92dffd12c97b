from classifiers.findings import Blast
from logtriage.blast_words import blast_words


def test_accounts_are_told_apart_from_requests() -> None:
    blast = Blast(share=0.1, failed=330, exposed=3300, users=1200, services=("shop", "desk"))

    assert blast_words(blast) == ("10 % of all 3,300 since", "accounts 1,200", "2 services")


def test_accounts_that_are_not_known_are_not_told() -> None:
    assert blast_words(Blast(share=0.1, failed=330, exposed=3300)) == ("10 % of all 3,300 since",)
