"""Write the parts of nginx's configuration that depend on this host to var/nginx/*.conf; nginx.conf includes them.

deploy/nginx.sh runs it each time nginx starts. A bad setting ends it with one sentence.
"""

import base64
import hashlib
import re

from deploy.listen import ROOT, Listen, cores, descriptors, interfaces, read, sockets
from proj.addresses import Address, with_port
from proj.env import refuse

RENDERED_HEADER = "# Made by deploy/render.py from var/signalbox.env and supervisord.conf; changes here are lost.\n"
CHANNEL_PATH = "/channel/"  # it stands in nginx.conf


def main_conf(files: int, processors: int, root_user: bool) -> str:
    lines = [f"worker_processes {max(1, processors // 2)};", f"worker_rlimit_nofile {files};"]
    if root_user:
        # All files of this checkout then belong to root and are closed to others, so nginx's workers need root.
        lines.insert(0, "user root;")
    return "\n".join(lines)


def events_conf(listen: Listen, files: int) -> str:
    """Allow two connections per socket and 1,000 for pages, within the host's limit (64 are nginx's own files)."""
    return f"worker_connections {max(64, min(2 * listen.sockets + 1000, files - 64))};"


def policy(listen: Listen) -> str:
    """Return the Content-Security-Policy: everything from our origins, nothing inline, nothing in a frame."""
    sockets = " ".join("ws" + origin.removeprefix("http") for origin in listen.origins)
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        f"connect-src 'self' {sockets}; manifest-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    )


def refusal_policy() -> str:
    """Return the policy of the page about too long headers, which allows the style inside that page by its hash."""
    style = re.search(r"<style>(.*?)</style>", (ROOT / "nginx" / "too_many_headers.html").read_text(), re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style[1].encode() if style else b"").digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; frame-ancestors 'none'"


def http_conf(listen: Listen, numprocs: int) -> str:
    # The zone: nginx's workers count connections together, else each would give its first sockets to interface_0.
    lines = ["upstream interface {", "    zone interface 64k;", "    least_conn;"]
    # max_fails=0: nginx must not avoid a restarting process for ten seconds, nor all of them at once.
    lines += [f"    server unix:var/run/interface_{number}.sock max_fails=0;" for number in range(numprocs)]
    lines += ["}", f'map $uri $content_security_policy {{ default "{policy(listen)}";']
    lines += [f'    /too_many_headers.html "{refusal_policy()}"; }}']
    lines += [f"set_real_ip_from {network};" for network in listen.trusted_proxies]
    # The header with the scheme counts only when the connection comes from a trusted proxy.
    lines += ["geo $realip_remote_addr $from_proxy {", "    default 0;"]
    lines += [f"    {network} 1;" for network in listen.trusted_proxies]
    lines += ["}", 'map "$from_proxy:$http_x_forwarded_proto" $forwarded_scheme {', "    default $scheme;"]
    # A chain of proxies writes a list, of which the first value is the browser's. Some write wss for a socket.
    lines += ['    "~*^1:\\s*(http|ws)\\s*(,|$)" http;', '    "~*^1:\\s*(https|wss)\\s*(,|$)" https;', "}"]
    if listen.address_requests:
        lines.append(f"limit_req_zone $binary_remote_addr zone=requests:4m rate={listen.address_requests}r/s;")
    if listen.address_connections:
        lines.append("limit_conn_zone $binary_remote_addr zone=connections:4m;")
    return "\n".join(lines)


def listens(listen: Listen, port: int, options: str = "") -> list[str]:
    """Return the directives that make a server listen on this port."""
    return [f"listen {with_port(host, port)}{options};" for host in sockets(listen.bind)]


def certificate(listen: Listen) -> list[str]:
    return [f'ssl_certificate "{listen.certificate}";', f'ssl_certificate_key "{listen.key}";']


def stranger_conf(listen: Listen) -> str:
    """Return the server for foreign Host names; it holds the port's options for both servers."""
    tls = " ssl" if listen.certificate else ""
    lines = listens(listen, listen.port, f" default_server backlog=4096{tls}")
    return "\n".join(lines + (certificate(listen) if tls else []))


def server_conf(listen: Listen) -> str:
    tls = bool(listen.certificate)
    names = " ".join(dict.fromkeys(Address.parse(origin).host for origin in listen.origins))
    lines = [*listens(listen, listen.port, " ssl" if tls else ""), f"server_name {names};"]
    if tls:
        lines += certificate(listen)
        # 497: plain HTTP on the TLS port.
        lines.append(f"error_page 497 =301 {listen.origins[0]}$request_uri;")
    if all(origin.startswith("https:") for origin in listen.origins):
        lines.append(f"if ($forwarded_scheme = http) {{ return 301 {listen.origins[0]}$request_uri; }}")
    if listen.address_requests:
        # The burst is ten seconds of requests, without delay.
        lines.append(f"limit_req zone=requests burst={listen.address_requests * 10} nodelay;")
    if listen.address_connections:
        lines.append(f"limit_conn connections {listen.address_connections};")
    for path in listen.channel_paths:
        if path != CHANNEL_PATH:
            lines.append(f"location ^~ {path} {{ include sockets.conf; }}")
    return "\n".join(lines)


def redirect_conf(listen: Listen) -> str:
    if not (listen.certificate and listen.redirect_port):
        return ""
    lines = [*listens(listen, listen.redirect_port), f"return 301 {listen.origins[0]}$request_uri;"]
    return "\n".join(["server {", *(f"    {line}" for line in lines), "}"])


def render(listen: Listen, numprocs: int, files: int, processors: int, root_user: bool) -> dict[str, str]:
    """Return the text of each file of var/nginx, by name."""
    if numprocs < 1:
        refuse("numprocs of [program:interface] in supervisord.conf must be at least 1")
    return {
        "main.conf": main_conf(files, processors, root_user),
        "events.conf": events_conf(listen, files),
        "http.conf": http_conf(listen, numprocs),
        "stranger.conf": stranger_conf(listen),
        "server.conf": server_conf(listen),
        "redirect.conf": redirect_conf(listen),
    }


def main() -> None:
    import os

    folder = ROOT / "var" / "nginx"
    folder.mkdir(parents=True, exist_ok=True)
    texts = render(read(), interfaces(), descriptors(), cores(), os.geteuid() == 0)
    for name, text in texts.items():
        (folder / name).write_text(RENDERED_HEADER + text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
