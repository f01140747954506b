from lobby import consumers

lobby_routing = {
    "websocket.connect": consumers.ws_add,
    "websocket.receive": consumers.ws_echo,
    "websocket.disconnect": consumers.ws_gone,
}

room_routing = {
    "websocket.connect": "lobby.consumers.ws_connect",
    "websocket.receive": "lobby.consumers.ws_message",
    "websocket.disconnect": "lobby.consumers.ws_disconnect",
}
