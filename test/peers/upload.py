"""Uploads a file in steps with Onedata's official Python client.

Usage: upload.py HOST TOKEN SPACE PATH CHUNKS PAUSE_SECONDS
Prints one JSON line when the last byte is written: {"path", "fileId", "size", "finishedAt"} (milliseconds since the epoch).
"""

import json
import sys
import time

import urllib3
from onedatafilerestclient import OnedataFileRESTClient

urllib3.disable_warnings()
host, token, space, path, chunks, pause = sys.argv[1:7]
client = OnedataFileRESTClient(host, token, verify_ssl=False)
client.create_file(space, path, create_parents=True)
file_id = client.get_file_id(space, file_path=path)
chunk = b"x" * 1000
for number in range(int(chunks)):
    if number > 0:
        time.sleep(float(pause))
    client.put_file_content(space, chunk, offset=number * len(chunk), file_id=file_id)
print(json.dumps({"path": path, "fileId": file_id, "size": int(chunks) * len(chunk), "finishedAt": time.time() * 1000}))
