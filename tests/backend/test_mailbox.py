"""Newest frame wins, the rest arrives."""

from hypothesis import given
from hypothesis import strategies as st

from studio.engine.mailbox import Letter, Mailbox


def drain(mailbox: Mailbox[str]) -> list[Letter[str]]:
    letters = []
    while (letter := mailbox.take()) is not None:
        letters.append(letter)
    return letters


def test_what_is_kept_arrives_in_order() -> None:
    box: Mailbox[str] = Mailbox()
    for item in "abc":
        box.put(item)
    assert drain(box) == [Letter("a"), Letter("b"), Letter("c")]
    assert box.take() is None


def test_the_newest_of_a_key_replaces_the_others_in_their_place() -> None:
    box: Mailbox[str] = Mailbox()
    box.put_latest("job", "1")
    box.put("kept")
    box.put_latest("job", "2")
    box.put_latest("job", "3")
    assert drain(box) == [Letter("3", dropped=True), Letter("kept")]


def test_the_dropped_mark_belongs_to_one_letter() -> None:
    box: Mailbox[str] = Mailbox()
    box.put_latest("job", "1")
    box.put_latest("job", "2")
    box.take()
    box.put_latest("job", "3")
    assert drain(box) == [Letter("3")]
    box.put_latest("job", "4", dropped=True)
    assert drain(box) == [Letter("4", dropped=True)]


def test_what_waits_can_be_taken_back() -> None:
    box: Mailbox[str] = Mailbox()
    box.put_latest("job", "1")
    box.put_latest("other", "2")
    box.discard("job")
    box.discard("nothing")
    assert drain(box) == [Letter("2")]


@given(st.lists(st.one_of(st.none(), st.integers(0, 3), st.just("take")), max_size=60))
def test_kept_items_survive_any_history_and_frames_stay_bounded(history: list[int | str | None]) -> None:
    box: Mailbox[tuple[str, int]] = Mailbox()
    kept, got, newest = [], [], {}
    for n, action in enumerate(history):
        if action is None:
            kept.append(("kept", n))
            box.put(("kept", n))
        elif action == "take":
            letter = box.take()
            got += [] if letter is None else [letter.item]
        else:
            newest[action] = (f"frame {action}", n)
            box.put_latest(action, (f"frame {action}", n))
        assert len(box) <= len(kept) + 4
    while (letter := box.take()) is not None:
        got.append(letter.item)
    assert [item for item in got if item[0] == "kept"] == kept
    for key, last in newest.items():
        frames = [item for item in got if item[0] == f"frame {key}"]
        assert frames[-1] == last and frames == sorted(frames, key=lambda item: item[1])
