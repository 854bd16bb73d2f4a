from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from pyinet._answer.challenges import Challenge
from pyinet.enums import Decision, ErrorUiFlag, InternetErrorCode, SecurityFlag
from pyinet.errors import CallerError
from pyinet.policy import InternetPolicy, Outcome, decide

if TYPE_CHECKING:
    from pyinet.httpfile import HttpFile

REQUEST = cast("HttpFile", object())
CHANGE, FILTER, NO_UI = ErrorUiFlag.CHANGE_OPTIONS, ErrorUiFlag.FILTER_FOR_ERRORS, ErrorUiFlag.NO_UI
USUAL = ErrorUiFlag.GENERATE_DATA | CHANGE
OK, CANCEL, RETRY = Decision.OK, Decision.CANCEL, Decision.RETRY
BASIC = Challenge("h", "r", "Basic", is_proxy=False)


class Asked(InternetPolicy):
    """Answers as told, and notes what it was asked."""

    def __init__(self, answer: object) -> None:
        self.answer, self.questions = answer, list[tuple[object, ...]]()

    def get_credentials(self, req: HttpFile, challenge: Challenge) -> tuple[str, str] | None:
        self.questions.append((req, challenge))
        return cast("tuple[str, str] | None", self.answer)

    def accept_certificate(self, req: HttpFile, error: int, info: object) -> Decision:
        self.questions.append((req, error, info))
        return cast("Decision", self.answer)

    def allow_redirect(self, req: HttpFile, status: int, new_url: str) -> Decision | None:
        self.questions.append((req, status, new_url))
        return cast("Decision | None", self.answer)


DEFAULTS = [
    (0, 200, OK),
    (0, 401, OK),
    (12014, 0, OK),
    (12014, 200, OK),
    (12014, 500, OK),
    (12014, 401, CANCEL),
    (12014, 407, CANCEL),
    (12037, 0, CANCEL),
    (12038, 0, CANCEL),
    (12045, 0, CANCEL),
    (12055, 0, CANCEL),
    (12057, 0, CANCEL),
    (12170, 0, CANCEL),
    (12044, 0, CANCEL),
    (12039, 0, OK),
    (12040, 0, CANCEL),
    (12042, 0, OK),
    (12043, 0, OK),
    (12041, 0, CANCEL),
    (12052, 0, CANCEL),
    (12166, 0, CANCEL),
    (12167, 0, CANCEL),
    (12168, 0, CANCEL),
    (12161, 0, OK),
]


@pytest.mark.parametrize(("error", "status", "decision"), DEFAULTS)
@pytest.mark.parametrize("flags", [ErrorUiFlag(0), USUAL, NO_UI, USUAL | NO_UI], ids=str)
def test_default_policy(error: int, status: int, decision: Decision, flags: ErrorUiFlag) -> None:
    outcome = decide(error, flags, policy=InternetPolicy(), request=REQUEST, status=status, challenges=[BASIC])
    assert outcome == (decision, SecurityFlag(0), None)


@pytest.mark.parametrize("error", sorted({code.value for code in InternetErrorCode} - {row[0] for row in DEFAULTS}))
def test_any_other_error_is_no_reason_to_go_on(error: int) -> None:
    outcome = decide(error, USUAL | FILTER, policy=Asked(OK), request=REQUEST, status=401)
    assert outcome.decision == CANCEL


@pytest.mark.parametrize(
    ("error", "flags", "status", "asks"),
    [
        (12014, USUAL, 401, True),
        (12014, USUAL, 407, True),
        (12014, FILTER, 401, True),
        (0, FILTER, 401, True),
        (0, FILTER | CHANGE, 407, True),
        (0, USUAL, 401, False),
        (0, FILTER, 200, False),
        (0, FILTER, 404, False),
        (12014, USUAL, 200, False),
        (12014, USUAL | NO_UI, 401, False),
        (0, FILTER | NO_UI, 401, False),
    ],
)
def test_credentials_are_asked_for(error: int, flags: ErrorUiFlag, status: int, asks: bool) -> None:
    policy = Asked(("u", "p"))
    outcome = decide(error, flags, policy=policy, request=REQUEST, status=status, challenges=[BASIC])
    assert policy.questions == ([(REQUEST, BASIC)] if asks else [])
    assert outcome.credentials == (("u", "p") if asks else None)
    assert (outcome.decision == RETRY) == asks
    assert outcome.flags == 0


def test_no_credentials_leave_the_answer_as_it_is() -> None:
    outcome = decide(12014, USUAL, policy=Asked(None), request=REQUEST, status=401)
    assert outcome == (CANCEL, SecurityFlag(0), None)


@pytest.mark.parametrize(
    ("status", "challenges", "asked"),
    [
        (401, ["Basic"], "Basic"),
        (401, ["Passport1.4", "Digest", "Basic"], "Digest"),
        (401, ["NTLM", "Negotiate"], "NTLM"),
        (401, ["negotiate"], "negotiate"),
        (401, ["Passport1.4"], "Passport1.4"),
        (401, [], ""),
        (407, [], ""),
    ],
)
def test_the_first_scheme_known_is_the_one_asked_for(status: int, challenges: list[str], asked: str) -> None:
    policy = Asked(("u", "p"))
    offered = [Challenge("h", "", scheme, is_proxy=status == 407) for scheme in challenges]
    decide(12014, USUAL, policy=policy, request=REQUEST, status=status, challenges=offered)
    [(_, challenge)] = policy.questions
    assert isinstance(challenge, Challenge)
    assert (challenge.scheme, challenge.is_proxy) == (asked, status == 407)


CERTIFICATES = [
    (12037, 0x2000),
    (12038, 0x1000),
    (12045, 0x100),
    (12055, 0x3100),
    (12057, 0x80),
    (12170, 0x80),
]


@pytest.mark.parametrize(("error", "ignored"), CERTIFICATES)
@pytest.mark.parametrize("answer", [OK, RETRY])
def test_an_accepted_certificate_is_ignored_by_this_request(error: int, ignored: int, answer: Decision) -> None:
    policy = Asked(answer)
    outcome = decide(error, USUAL, policy=policy, request=REQUEST, info="who")
    assert policy.questions == [(REQUEST, error, "who")]
    assert outcome == (RETRY, SecurityFlag(ignored), None)


@pytest.mark.parametrize(("error", "ignored"), CERTIFICATES)
def test_without_change_options_nothing_is_set_and_nothing_sent_again(error: int, ignored: int) -> None:
    del ignored
    outcome = decide(error, ErrorUiFlag.GENERATE_DATA, policy=Asked(OK), request=REQUEST)
    assert outcome == (OK, SecurityFlag(0), None)


@pytest.mark.parametrize("error", [12037, 12040, 12168])
def test_a_refusal_is_a_refusal(error: int) -> None:
    policy = Asked(CANCEL)
    assert decide(error, USUAL, policy=policy, request=REQUEST).decision == CANCEL
    assert len(policy.questions) == 1


@pytest.mark.parametrize("error", [12037, 12040, 12168])
def test_without_ui_nobody_is_asked(error: int) -> None:
    policy = Asked(OK)
    assert decide(error, USUAL | NO_UI, policy=policy, request=REQUEST).decision == CANCEL
    assert policy.questions == []


@pytest.mark.parametrize(("error", "ignored"), [(12039, 0x4000), (12040, 0x8000), (12052, 0x8000), (12168, 0)])
def test_an_allowed_redirect_is_tried_again(error: int, ignored: int) -> None:
    policy = Asked(OK)
    outcome = decide(error, USUAL, policy=policy, request=REQUEST, status=302, new_url="http://h/")
    assert policy.questions == [(REQUEST, 302, "http://h/")]
    assert outcome == (RETRY, SecurityFlag(ignored), None)


def test_a_redirect_upwards_can_be_refused() -> None:
    assert decide(12039, USUAL, policy=Asked(CANCEL), request=REQUEST).decision == CANCEL


def test_a_client_certificate_that_is_configured_is_enough() -> None:
    outcome = decide(12044, USUAL, policy=InternetPolicy(), request=REQUEST, has_client_certificate=True)
    assert outcome.decision == OK


@pytest.mark.parametrize(
    ("error", "status", "answer"),
    [
        (12037, 0, None),
        (12037, 0, True),
        (12037, 0, 0),
        (12040, 302, True),
        (12014, 401, "up"),
        (12014, 401, ["u", "p"]),
        (12014, 401, ("u",)),
        (12014, 401, ("u", None)),
        (12014, 401, True),
    ],
    ids=repr,
)
def test_what_is_no_answer_is_error_87(error: int, status: int, answer: object) -> None:
    with pytest.raises(CallerError) as caught:
        decide(error, USUAL, policy=Asked(answer), request=REQUEST, status=status)
    assert caught.value.code == 87


def test_what_a_policy_raises_comes_through() -> None:
    class Failing(InternetPolicy):
        def accept_certificate(self, req: HttpFile, error: int, info: object) -> Decision:
            raise RuntimeError(f"no terminal for {error} of {req}: {info}")

    with pytest.raises(RuntimeError, match="no terminal for 12037"):
        decide(12037, USUAL, policy=Failing(), request=REQUEST)


def test_repr_shows_no_credentials() -> None:
    assert repr(Outcome(RETRY, credentials=("user", "secret"))) == f"<Outcome RETRY {SecurityFlag(0)!r}>"
