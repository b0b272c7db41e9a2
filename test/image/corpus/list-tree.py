"""Prints the metadata of each path below a directory, in its file system only, as JSON; strings hold a byte in each character. Argument: the directory."""

import errno, hashlib, json, os, stat, sys

KINDS = {
    stat.S_IFDIR: "directory", stat.S_IFREG: "file", stat.S_IFLNK: "symbolic-link", stat.S_IFIFO: "fifo",
    stat.S_IFCHR: "character-device", stat.S_IFBLK: "block-device",
}
# Files with large holes, which would take long to read.
LARGE = 2**30


def facts(path, seen, name):
    status = os.lstat(path)
    kind = KINDS[stat.S_IFMT(status.st_mode)]
    detail = ""
    if kind == "symbolic-link":
        detail = os.readlink(path).decode("latin1")
    elif kind.endswith("device"):
        detail = "%d:%d" % (os.major(status.st_rdev), os.minor(status.st_rdev))
    elif kind == "file" and status.st_size > LARGE:
        with open(path, "rb") as file:
            file.seek(-16, os.SEEK_END)
            detail = "%d bytes that end with %s" % (status.st_size, file.read().hex())
    elif kind == "file":
        with open(path, "rb") as file:
            detail = hashlib.sha256(file.read()).hexdigest()
    first = seen.setdefault((status.st_dev, status.st_ino), name)
    xattrs = {key: xattr(path, key) for key in xattrs_of(path)}
    return {
        "kind": kind, "mode": stat.S_IMODE(status.st_mode), "uid": status.st_uid, "gid": status.st_gid,
        "mtime": int(status.st_mtime_ns // 10**9), "xattrs": dict(sorted(xattrs.items())), "detail": detail,
        "sameAs": None if first == name else first,
    }


def xattrs_of(path):
    try:
        return os.listxattr(path, follow_symlinks=False)
    except OSError as error:
        # Linux returns this error for a squashfs without xattrs.
        if error.errno == errno.EOPNOTSUPP:
            return []
        raise


def xattr(path, key):
    try:
        return os.getxattr(path, key, follow_symlinks=False).hex()
    except OSError as error:
        # squashfuse returns this error for an empty value.
        if error.errno == errno.ENODATA:
            return ""
        raise


def names(root):
    yield ""
    device = os.lstat(root).st_dev
    for directory, directories, files in os.walk(root):
        directories[:] = [name for name in directories if os.lstat(os.path.join(directory, name)).st_dev == device]
        for name in directories + files:
            yield os.path.join(directory, name)[len(root):].decode("latin1")


root = os.fsencode(sys.argv[1].rstrip("/"))
seen = {}
print(json.dumps({name: facts(root + name.encode("latin1"), seen, name) for name in sorted(names(root))}))
