"""The language of the pages: the one that was chosen, otherwise the browser's, otherwise English."""

import pytest
from django.test import Client

from proj.accounts.models import User

pytestmark = pytest.mark.django_db


def chosen(language: str) -> dict[str, str]:
    """Return the settings form with this language."""
    return {"theme": "system", "clock": "24", "notify": "mentions", "language": language}


@pytest.mark.parametrize(
    ("asked", "lang", "word"),
    [
        ("ru-RU,ru;q=0.9", "ru", "Войти"),
        ("zh-CN", "zh-hans", "登录"),
        ("zh-Hans-SG,en;q=0.5", "zh-hans", "登录"),
        ("fi,en;q=0.8", "en", "Sign in"),
        ("", "en", "Sign in"),
    ],
)
def test_the_browser_says_which(client: Client, asked: str, lang: str, word: str) -> None:
    page = client.get("/sign-in/", headers={"accept-language": asked}).content.decode()
    assert f'<html lang="{lang}"' in page
    assert word in page


def test_a_choice_wins_over_the_browser(client: Client, alice: User) -> None:
    client.force_login(alice, backend="django.contrib.auth.backends.ModelBackend")
    assert 'lang="en"' in client.get("/chat/", headers={"accept-language": "en"}).content.decode()
    client.post("/settings/", chosen("zh-hans"))
    page = client.get("/chat/", headers={"accept-language": "ru"})
    assert 'lang="zh-hans"' in page.content.decode()
    assert page["Content-Language"] == "zh-hans"
    client.post("/settings/", chosen(""))
    assert 'lang="ru"' in client.get("/chat/", headers={"accept-language": "ru"}).content.decode()
    assert client.post("/settings/", chosen("tlh")).status_code == 200
    assert 'lang="ru"' in client.get("/chat/", headers={"accept-language": "ru"}).content.decode()


def test_who_chose_a_language_leaves_it_to_nobody_else(client: Client, alice: User) -> None:
    client.force_login(alice, backend="django.contrib.auth.backends.ModelBackend")
    client.post("/settings/", chosen("ru"))
    assert 'lang="ru"' in client.get("/chat/").content.decode()
    assert 'lang="en"' in Client().get("/sign-in/").content.decode()
