"""The page of the Channels tutorial, its JavaScript as it stands there, works against `/ws/chat/lobby/`."""

import re
import uuid

from playwright.sync_api import Page, expect

from tests.browser.conftest import People
from tests.system.stack import Stack

# From the tutorial's templates/chat/room.html, part 2; served here from a page of the same origin.
HTML = """
<textarea id="chat-log" cols="100" rows="20"></textarea><br>
<input id="chat-message-input" type="text" size="100"><br>
<input id="chat-message-submit" type="button" value="Send">
"""
SCRIPT = """
const roomName = "lobby";
const chatSocket = new WebSocket('ws://' + window.location.host + '/ws/chat/' + roomName + '/');
chatSocket.onmessage = function(e) {
    const data = JSON.parse(e.data);
    document.querySelector('#chat-log').value += (data.message + '\\n');
};
chatSocket.onclose = function(e) {
    console.error('Chat socket closed unexpectedly');
};
document.querySelector('#chat-message-input').onkeyup = function(e) {
    if (e.key === 'Enter') {
        document.querySelector('#chat-message-submit').click();
    }
};
document.querySelector('#chat-message-submit').onclick = function(e) {
    const messageInputDom = document.querySelector('#chat-message-input');
    const message = messageInputDom.value;
    chatSocket.send(JSON.stringify({'message': message}));
    messageInputDom.value = '';
};
window.opened = new Promise((resolve) => chatSocket.onopen = resolve);
"""


def open_tutorial(page: Page, url: str) -> None:
    """The tutorial's page, on any page of ours: only its address and cookie count."""
    page.goto(f"{url}/robots.txt")
    page.evaluate("(html) => { document.body.innerHTML = html }", HTML)
    page.evaluate(f"async () => {{ {SCRIPT} await window.opened; }}")


def test_two_people_with_the_tutorials_page_hear_each_other(stack: Stack, visit: People) -> None:
    alice, bob = visit("alice"), visit("bob")
    open_tutorial(alice, stack.url)
    open_tutorial(bob, stack.url)
    text = f"hello {uuid.uuid4()}"
    alice.locator("#chat-message-input").fill(text)
    alice.locator("#chat-message-input").press("Enter")
    for page in (alice, bob):
        expect(page.locator("#chat-log")).to_have_value(re.compile(re.escape(text)))
