"""deploy/programs.py: the workers of Channels 1.x code follow the settings."""

import configparser
import shlex
from pathlib import Path

import pytest

from deploy.programs import PROGRAMS_HEADER, programs_conf
from proj.env import prefixes, worker_groups

ROOT = Path("/srv/signal box")


def read(groups: str, routing: str = "deck.routing.channel_routing") -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(inline_comment_prefixes=(";",))
    parser.read_string(programs_conf(ROOT, routing, worker_groups(groups)))
    return parser


def test_without_a_routing_there_is_no_program() -> None:
    assert programs_conf(ROOT, "", worker_groups("*:2:4")) == PROGRAMS_HEADER


def test_the_default_is_two_processes_with_four_threads() -> None:
    conf = read("*:2:4")
    assert conf.sections() == ["program:channels"]
    assert conf["program:channels"]["process_name"] == "channels_%(process_num)d"
    assert conf.getint("program:channels", "numprocs") == 2
    assert shlex.split(conf["program:channels"]["command"]) == [f"{ROOT}/deploy/channels.sh", "--threads", "4"]


def test_each_group_of_workers_is_a_program() -> None:
    conf = read("websocket.*:2:4 运维:1:1")
    assert conf.sections() == ["program:channels", "program:channels-2"]
    options = shlex.split(conf["program:channels-2"]["command"])[1:]
    assert options == ["--threads", "1", "--only-channels", "运维"]


@pytest.mark.parametrize("text", ["", "websocket.*", "a:0:1", "a:1:0", "a:1:2:3", "$(x):1:1", "a%s:1:1", "a\nb:x:1"])
def test_a_bad_list_of_workers_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a list like"):
        worker_groups(text)


@pytest.mark.parametrize("text", ["", "channel", "/channel", "/a b/", "/a/;return 200;/", "/ü/", "/", "/a/,"])
def test_a_bad_path_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a list of paths"):
        prefixes(text)


def test_paths_are_kept_in_order() -> None:
    assert prefixes("/channel/, /deck/stream/,/channel/") == ("/channel/", "/deck/stream/")
