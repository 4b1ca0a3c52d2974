"""What must not be shown: by name, by form, by where it comes from, and in code."""

from __future__ import annotations

import pytest

from zen_nb.identity.secrets import looks_secret, redacted


@pytest.mark.parametrize(
    "name",
    ["tokens", "passwords", "API_KEYS", "apiKeys", "auths", "private_keys", "cookies", "secrets"],
)
def test_plural_names_hide_too(name):
    """A list of secrets is named in the plural."""
    assert looks_secret(name, "abc")


@pytest.mark.parametrize("name", ["max_tokens", "n_tokens", "max_new_tokens"])
def test_a_count_of_tokens_is_no_secret(name):
    """Models of language count tokens; only a number can be such a count."""
    assert not looks_secret(name, 100)
    assert looks_secret(name, "abc")


def test_what_comes_from_the_environment_is_hidden(monkeypatch):
    """A text is hidden that is a variable of the same name, or of a secret name."""
    monkeypatch.setenv("REGION", "north-4")
    monkeypatch.setenv("SERVICE_TOKEN", "plain words")
    assert looks_secret("REGION", "north-4")
    assert looks_secret("settings REGION", "north-4")
    assert looks_secret("x", "plain words")
    assert not looks_secret("x", "north-4")


@pytest.mark.parametrize(
    ("source", "kept"),
    [
        ("password = 'hunter2'\n", "password = '…'\n"),
        ("connect(user='me', password='hunter2')", "connect(user='me', password='…')"),
        ("{'api_key': 'abc', 'n': 'b'}", "{'api_key': '…', 'n': 'b'}"),
        ('TOKEN: str = "abc"', 'TOKEN: str = "…"'),
        ("x = 'sk-proj-abcdefgh'", "x = '…'"),
        ("# don't\ny = 'plain'", "# don't\ny = 'plain'"),
        ('q = """\nselect 1\npassword=abc\n"""', 'q = """\nselect 1\n…\n"""'),
        ("df['features_2024_q1_customers_v2']", "df['features_2024_q1_customers_v2']"),
    ],
)
def test_literals_in_code_that_look_like_secrets_are_left_out(source, kept):
    """Code is kept to show what changed in it, without the secrets written into it."""
    assert redacted(source) == kept
