"""What no browser sends, to be put into hostile requests."""

TEXTS = [
    "", "0", "-1", "9" * 40, "1e309", "NaN", "null", "true", "[]", "{}", "a" * 5000, "\0", "\x1b[2J",
    "\ud83d\ude00" * 50, "' OR 1=1 --", '"; DROP TABLE scans_scan; --', "{{ 7*7 }}", "{% debug %}",
    "${jndi:ldap://x/a}", "<script>alert(1)</script>", "../../../../etc/passwd", "..%2f..%2fetc%2fpasswd", "%00",
    "%ff%fe", "%", "%zz", "\r\nSet-Cookie: a=b", "javascript:alert(1)", "//evil.example",
    "http://169.254.169.254/latest/meta-data/", "http://[::1", "http://[", "file:///etc/passwd", "a@b@c",
    "2026-13-45", "0000-00-00T00:00:00Z", "9999-12-31T23:59:59+14:00", "1,2,,3", "image/png; charset=nope",
    "\u202egpj.exe", "00000000-0000-0000-0000-000000000000", "\ufeff", "ß" * 300, "١٢٣", "1_000", "0x10", " 1", "+1",
    "1.0", "--", "*", "?", "#",
]  # fmt: skip
NAMES = [
    "q", "page", "limit", "cursor", "after", "since", "next", "o", "p", "e", "view", "sort", "text", "outcome",
    "status", "kind", "created_before", "created_after", "effective", "id", "ids", "action", "_selected_action",
    "select_across", "_popup", "_to_field", "format", "language", "theme", "name", "email", "login", "password",
    "password1", "note", "reason", "verdict", "file", "files", "media", "url", "kinds", "external_id", "batch",
    "zero_retention", "consents_to_training", "scopes", "expires", "code", "token", "message", "text_body", "queue",
    "wait", "include", "fields", "owner", "role", "roles", "tags", "case", "share", "csrfmiddlewaretoken", "low",
    "high", "weights", "bundle", "frame", "width", "days", "from", "to", "quarter", "status__exact", "owner__email",
    "id__in",
]  # fmt: skip
HEADERS = [
    "Accept", "Accept-Language", "Accept-Encoding", "Authorization", "Content-Type", "Content-Encoding", "Cookie",
    "If-Match", "If-None-Match", "If-Modified-Since", "Idempotency-Key", "Origin", "Range",
    "Referer", "Upload-Length", "Upload-Metadata", "Upload-Offset", "Tus-Resumable",
    "User-Agent", "X-CSRFToken", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto",
    "X-HTTP-Method-Override", "X-Request-ID", "X-Requested-With", "HX-Request", "Prefer",
]  # fmt: skip
HEADER_TEXTS = [
    "*/*;q=x", "de;q=2, en;q=-1", "Bearer", "Bearer dfm_live_", "Basic Og==", "bytes=--1",
    "bytes=0-0,5-1,99999999999999999999-", "multipart/form-data", "multipart/form-data; boundary=",
    "application/json; charset=\xff", "session=;;=;csrf=", "localhost:port", "[::1", "1.1.1.1, , ,", "chunked",
    "100-continue", "gzip", "W/\"", "-1", "99999999999999999999", "filename ////, x y z", "1.0.0", "application/xml",
    "application/offset+octet-stream", "text/event-stream", "text/html,application/json;q=0", "Thu, 99 Foo 0000",
]  # fmt: skip
