from pathlib import Path

from tests.support.system import HOUR, MINUTE, System


def told_apart() -> System:
    """A letter asks a door, deployed in a pause before it is shown an old certificate; few failed traces say so."""
    system = System()
    for step in (*range(210), *range(240, 480)):
        at_s, is_bad = step * 30, step >= 240
        door = "door-00001-old" if step < 220 else "door-00002-new"
        status = 502 if is_bad else 200
        trace = system.request(at_s, "letter", "letter-00001-old", status=status, latency_s=0.5)
        asked = {} if is_bad and step % 5 > 1 else {"trace": trace}
        inner = system.request(at_s + 0.2, "door", door, status=status, agent="lib/1", latency_s=0.1, **asked)
        if is_bad:
            system.line(at_s + 0.25, "door", door, "Error: certificate has expired", trace=inner)
            system.line(at_s + 0.4, "letter", "letter-00001-old", "upstream error: 502", trace=trace)
        if step < 20:
            system.span(at_s, "letter", trace, "a" * 16)
            system.span(at_s + 0.2, "door", trace, "c" * 16, "a" * 16)
    system.deploy(-HOUR, "door", "door-00001-old", image="a")
    system.deploy(107 * MINUTE, "door", "door-00002-new", image="b")
    return system


def test_a_symptom_from_afar_is_no_surer_of_a_deploy_than_the_service_that_it_is_of(tmp_path: Path) -> None:
    clusters = {one.service: one for one in told_apart().findings(tmp_path, 4 * HOUR).clusters}

    door, letter = clusters["door"], clusters["letter"]
    assert (door.role, door.cause) == ("root", "certificate")
    assert (letter.caused_by, letter.cause) == (door.id, "certificate")
    assert letter.attribution is None or letter.attribution.confidence < 0.5
    assert "fails with" in letter.evidence[-1].statement
