"""Where a folder lies: on a disk of this machine, or on a network's.

On the latter two machines can have a file open that know nothing of each other's memory, which
SQLite's log relies on ("WAL does not work over a network filesystem", sqlite.org/wal.html).
"""

from __future__ import annotations

import re
from pathlib import Path

_MOUNTS = Path("/proc/self/mountinfo")
_NETWORK = re.compile(
    r"9p|afs|beegfs|ceph|cifs|coda|davfs|gfs2?|glusterfs|gpfs|lustre|ncpfs|nfs4?|ocfs2|orangefs"
    r"|panfs|pvfs2|smb[23]|smbfs|vboxsf|virtiofs|vmhgfs|webdav"
)
_NETWORK_FUSE = re.compile(
    r"fuse\.(9pfs|.*afs|ceph.*|curlftpfs|davfs.*|gcsfuse|gluster.*|goofys|google-drive.*|hdfs.*"
    r"|juicefs.*|moosefs.*|mfs.*|nfs.*|onedriver.*|rclone.*|s3.*|seaweedfs.*|smb.*|sshfs.*"
    r"|vmhgfs.*|weed.*)"
)


def network(folder: Path) -> str | None:
    """The network file system that the folder lies on; None on a disk of this machine.

    Only Linux tells; elsewhere every folder counts as local.
    """
    try:
        mounts = _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return None
    kind = file_system(folder.resolve(), mounts)
    return kind if _NETWORK.fullmatch(kind) or _NETWORK_FUSE.fullmatch(kind) else None


def file_system(folder: Path, mounts: str) -> str:
    """The kind of file system that a folder without links lies on, by ``/proc/self/mountinfo``."""
    best, found = -1, ""
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        point = _unescaped(before.split(" ")[4])
        if folder.is_relative_to(point) and len(point) >= best:  # of two at one place the later
            best, found = len(point), after.split(" ")[0]
    return found


def _unescaped(field: str) -> str:
    """A path as it is: blanks and the like stand as octal numbers."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), field)
