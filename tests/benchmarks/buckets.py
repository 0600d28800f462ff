"""Makes buckets, of the user that tests/servers/start-ceph.sh makes: buckets.py URL NAME=ACL..."""
import datetime
import hashlib
import hmac
import sys
import urllib.parse
import urllib.request

NOTHING = hashlib.sha256().hexdigest()


def make(url, name, acl):
    time = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    scope = f"{time[:8]}/us-east-1/s3/aws4_request"
    headers = {"host": urllib.parse.urlsplit(url).netloc, "x-amz-content-sha256": NOTHING, "x-amz-date": time}
    if acl:
        headers["x-amz-acl"] = acl
    names = ";".join(sorted(headers))
    lines = [f"{n}:{headers[n]}" for n in sorted(headers)]
    request = "\n".join(["PUT", f"/{name}", "", *lines, "", names, NOTHING])
    key = b"AWS4testing"
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), "sha256").digest()
    text = "\n".join(["AWS4-HMAC-SHA256", time, scope, hashlib.sha256(request.encode()).hexdigest()])
    sign = hmac.new(key, text.encode(), "sha256").hexdigest()
    headers["Authorization"] = f"AWS4-HMAC-SHA256 Credential=test/{scope}, SignedHeaders={names}, Signature={sign}"
    urllib.request.urlopen(urllib.request.Request(f"{url}/{name}", headers=headers, method="PUT")).close()


for bucket in sys.argv[2:]:
    make(sys.argv[1], *bucket.split("=", 1))
