"""Files go straight to the media's disk while they come in, hashed on the way; one that is too large is not read on."""

from typing import Any

from django.core.files.uploadhandler import FileUploadHandler, StopUpload

from ..uploads.intake import PIECE, Incoming, Refused

# Views that take files, and how many bytes of each (0: as much as the site allows). Elsewhere none is even looked at.
TAKES_FILES = {
    "scans:new": 0,
    "scans:batch": 0,
    "scans:camera": 4 << 20,
    "scans:live_picture": 4 << 20,
    "scans:check": 32 << 20,
    "admin:scans_panelversion_upload": 0,
    "api:scans": 0,
    "api:batches": 0,
    "api:check_report": 32 << 20,
}


class StraightToDisk(FileUploadHandler):
    """Django's only upload handler here. A refusal is left on the request as `refusal`, for the view to say."""

    chunk_size = PIECE
    incoming: Incoming | None = None

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        match = self.request.resolver_match if self.request else None
        limit = TAKES_FILES.get(match.view_name) if match else None
        if limit is None:
            raise StopUpload(connection_reset=True)
        try:
            self.incoming = Incoming(limit)
        except Refused as refusal:
            self._refuse(refusal)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        assert self.incoming is not None
        try:
            self.incoming.write(raw_data)
        except Refused as refusal:
            self._refuse(refusal)
        except OSError:
            self.upload_interrupted()
            raise

    def file_complete(self, file_size: int) -> Any:
        assert self.incoming is not None
        held, self.incoming = self.incoming.done(), None
        held.name = self.file_name
        return held

    def upload_interrupted(self) -> None:
        if self.incoming is not None:
            self.incoming.drop()

    def _refuse(self, refusal: Refused) -> None:
        self.upload_interrupted()
        self.incoming = None
        vars(self.request)["refusal"] = (self.file_name, refusal)
        raise StopUpload(connection_reset=True)
