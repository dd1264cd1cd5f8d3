"""Every call of Onedata's official Python client, unchanged, against one provider over HTTPS.

Usage: exercise_client.py HOST TOKEN SPACE   (HOST serves Onezone and names the provider's domain)
Prints one JSON line per check: {"check": "...", "ok": true} or with "error". Exit code 0 when all passed.
"""

import json
import sys
import traceback

import urllib3
from onedatafilerestclient import OnedataFileRESTClient
from onedatafilerestclient.errors import OnedataRESTError

urllib3.disable_warnings()
host, token, space = sys.argv[1:4]
client = OnedataFileRESTClient(host, token, verify_ssl=False)
failed = 0


def check(name):
    def run(function):
        global failed
        try:
            function()
            print(json.dumps({"check": name, "ok": True}), flush=True)
        except Exception:
            failed += 1
            print(json.dumps({"check": name, "ok": False, "error": traceback.format_exc()}), flush=True)

    return run


def equal(actual, expected):
    assert actual == expected, f"{actual!r} is not {expected!r}"


@check("get_token_scope")
def _():
    scope = client.get_token_scope()["dataAccessScope"]
    assert scope["readonly"] is False
    assert any(entry["name"] == space for entry in scope["spaces"].values()), scope


@check("list_spaces")
def _():
    assert any(name.split("@")[0] == space for name in client.list_spaces()), client.list_spaces()


@check("get_space_id")
def _():
    assert len(client.get_space_id(space)) >= 8


@check("create_file: directory, file, parents")
def _():
    client.create_file(space, "peer", file_type="DIR")
    client.create_file(space, "peer/a.txt")
    client.create_file(space, "peer/deep/er/b.txt", create_parents=True, mode=0o640)


@check("create_file: an existing name is refused")
def _():
    try:
        client.create_file(space, "peer/a.txt")
    except OnedataRESTError as error:
        equal(error.details["errno"], "eexist")
        equal(error.http_code, 400)
    else:
        raise AssertionError("a second file of the same name was made")


@check("put_file_content: whole, then chunks out of order")
def _():
    client.put_file_content(space, b"hello", file_path="peer/a.txt")
    client.put_file_content(space, b"4567", offset=4, file_path="peer/deep/er/b.txt")
    client.put_file_content(space, b"0123", offset=0, file_path="peer/deep/er/b.txt")


@check("get_file_id")
def _():
    equal(client.get_file_id(space, file_path="peer/a.txt"), client.get_file_id(space, file_path="/peer/a.txt"))


@check("get_file_content: whole and ranges")
def _():
    equal(client.get_file_content(space, file_path="peer/a.txt"), b"hello")
    equal(client.get_file_content(space, file_path="peer/deep/er/b.txt", offset=2, size=4), b"2345")
    equal(client.get_file_content(space, file_path="peer/a.txt", offset=3, size=100), b"lo")


@check("iter_file_content")
def _():
    equal(b"".join(client.iter_file_content(space, chunk_size=3, file_path="peer/deep/er/b.txt")), b"01234567")


@check("get_attributes: named")
def _():
    attributes = client.get_attributes(space, attributes=["name", "type", "size", "mtime"], file_path="peer/a.txt")
    equal((attributes["name"], attributes["type"], attributes["size"]), ("a.txt", "REG", 5))
    assert attributes["mtime"] > 1_500_000_000


@check("get_attributes: all by default")
def _():
    attributes = client.get_attributes(space, file_path="peer/a.txt")
    equal(attributes["posixPermissions"], "664")
    equal(attributes["size"], 5)
    equal(client.get_attributes(space)["type"], "DIR")


@check("get_attributes: by id")
def _():
    file_id = client.get_file_id(space, file_path="peer/a.txt")
    equal(client.get_attributes(space, attributes=["fileId"], file_id=file_id)["fileId"], file_id)


@check("get_attributes: a missing file")
def _():
    try:
        client.get_attributes(space, file_path="peer/none.txt")
    except OnedataRESTError as error:
        equal(error.details["errno"], "enoent")
        equal(error.http_code, 400)
    else:
        raise AssertionError("a missing file has attributes")


@check("set_attributes")
def _():
    client.set_attributes(space, {"mode": "0600"}, file_path="peer/a.txt")
    equal(client.get_attributes(space, attributes=["posixPermissions"], file_path="peer/a.txt")["posixPermissions"], "600")


@check("list_children: attributes and pages")
def _():
    for index in range(7):
        client.create_file(space, f"peer/deep/n{index}")
    names, page_token = [], None
    while True:
        page = client.list_children(
            space, attributes=["name", "size", "type"], limit=3, continuation_token=page_token, file_path="peer/deep"
        )
        names += [(child["name"], child["type"]) for child in page["children"]]
        if page["isLast"]:
            break
        page_token = page["nextPageToken"]
    equal(names, [("er", "DIR")] + [(f"n{index}", "REG") for index in range(7)])


@check("extended attributes")
def _():
    client.set_extended_attribute(space, json.dumps({"license": "CC-0"}), file_path="peer/a.txt")
    client.set_extended_attribute(space, json.dumps({"n": {"a": 1}}), file_path="peer/a.txt")
    equal(client.get_extended_attribute(space, file_path="peer/a.txt"), {"license": "CC-0", "n": {"a": 1}})


@check("JSON metadata")
def _():
    client.set_json_metadata(space, json.dumps({"deep": [1, {"x": None}]}), file_path="peer/a.txt")
    equal(client.get_json_metadata(space, file_path="peer/a.txt"), {"deep": [1, {"x": None}]})


@check("RDF metadata")
def _():
    client.set_rdf_metadata(space, "<rdf>é</rdf>".encode(), file_path="peer/a.txt")
    equal(client.get_rdf_metadata(space, file_path="peer/a.txt"), "<rdf>é</rdf>")


@check("move")
def _():
    before = client.get_file_id(space, file_path="peer/a.txt")
    client.move(space, "peer/a.txt", space, "peer/deep/moved.txt")
    equal(client.get_file_id(space, file_path="peer/deep/moved.txt"), before)
    equal(client.get_file_content(space, file_path="peer/deep/moved.txt"), b"hello")


@check("remove: file and directory")
def _():
    client.remove(space, file_path="peer/deep/moved.txt")
    client.remove(space, file_path="peer")
    equal([child["name"] for child in client.list_children(space)["children"] if child["name"] == "peer"], [])


sys.exit(1 if failed else 0)
