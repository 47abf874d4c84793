#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The 9P client, holdfast9p, on our server, over TCP and AF_UNIX, hf1 and plain: what
# programs see, with a local directory as the oracle; the bytes of files; what several
# users and clients do beside each other; and how a mount ends: with files that are open,
# under a server that goes away, by force. /dev/vda is the disk. (client-modes has the
# other modes.)
. "$(dirname "$0")/lib.sh"
. "$HF_HERE/client/mount.sh"

only_one() {
	mount_client 127.0.0.1 /mnt/a access=1000,ac=60 || return
	as_user 1000 mkdir /mnt/a/his && [ "$(stat -c %u "$lower/served/his")" = 1000 ] &&
		! mkdir /mnt/a/mine && ! as_user 1001 ls /mnt/a || return
	# Not even what is cached.
	as_user 1000 stat /mnt/a/his && ! stat /mnt/a/his && ! as_user 1001 stat /mnt/a || return
	umount /mnt/a && rmdir "$lower/served/his"
}

# Each is somebody of his own to the server, and his bytes are written by him.
two_users() {
	mount_client 127.0.0.1 /mnt/a cache=loose || return
	as_user 1000 sh -c 'umask 0; echo one >/mnt/a/shared' &&
		as_user 1001 sh -c 'echo two >>/mnt/a/shared; mkdir -m 700 /mnt/a/private' || return
	! as_user 1000 ls /mnt/a/private && as_user 1001 ls /mnt/a/private || return
	umount /mnt/a && [ "$(cat "$lower/served/shared")" = $'one\ntwo' ] &&
		[ "$(stat -c %u,%u "$lower/served/shared" "$lower/served/private")" = $'1000,1000\n1001,1001' ] || return
	rm -r "$lower/served/shared" "$lower/served/private"
}

# A file that is open is seen by who has it, also if he could not open it any more.
kept_open() {
	mount_client 127.0.0.1 /mnt/a cache=none || return
	mkdir -m 700 /mnt/a/mine && python3 - /mnt/a/mine/file <<-PY || return
		import os, sys
		fd = os.open(sys.argv[1], os.O_CREAT | os.O_RDWR)
		gone = os.open(sys.argv[1] + "2", os.O_CREAT | os.O_RDWR)
		os.unlink(sys.argv[1] + "2")
		os.setresuid(1000, 1000, 1000)
		os.write(fd, b"12345")
		os.write(gone, b"123")
		os.ftruncate(gone, 2)
		assert (os.fstat(fd).st_size, os.fstat(gone).st_size, os.fstat(gone).st_nlink) == (5, 2, 0)
	PY
	umount /mnt/a && rm -r "$lower/served/mine"
}

# What others do is seen: at once without a cache, by the next open otherwise.
seen_by_others() {
	local opts
	for opts in cache=none cache=strict,ac=0; do
		mount_client 127.0.0.1 /mnt/a $opts || return
		echo one >/mnt/a/file && grep -qx one "$lower/served/file" && echo three >"$lower/served/file" &&
			grep -qx three /mnt/a/file && mv "$lower/served/file" "$lower/served/other" || return
		[ ! -e /mnt/a/file ] && grep -qx three /mnt/a/other && echo four >"$lower/served/file" &&
			grep -qx four /mnt/a/file && rm "$lower"/served/{file,other} && [ ! -e /mnt/a/other ] || return
		umount /mnt/a || return
	done
}

# With ac=0 nothing is believed, not for a tick of the clock either.
seen_at_once() {
	local opts
	for opts in cache=none cache=strict,ac=0; do
		mount_client 127.0.0.1 /mnt/a $opts && mkdir "$lower/served/d" && : >"$lower/served/d/file" || return
		python3 - "$lower/served/d" /mnt/a/d <<-'PY' || return
			import os, sys, time
			there, here = sys.argv[1:]
			fd = os.open(here + "/file", os.O_RDONLY)
			with open(there + "/file", "ab", buffering=0) as file:
			    for size in range(1, 300, 3):
			        file.write(b"1")
			        assert os.stat(here + "/file").st_size == size
			        file.write(b"2")
			        assert os.fstat(fd).st_size == size + 1
			        file.write(b"3")
			        assert os.pread(fd, 9, size + 1) == b"3"
			os.close(fd)
			# What the directory has is kept as soon as it is old enough to tell.
			while time.time() < os.stat(there).st_ctime + 4:
			    time.sleep(0.1)
			for i in range(30):
			    assert sorted(os.listdir(here)) == sorted(os.listdir(there)) == sorted(os.listdir(here))
			    name = "%s/%d" % (there, i // 2)
			    os.unlink(name) if i % 2 else os.mknod(name)
		PY
		umount /mnt/a && rm -r "$lower/served/d" || return
	done
}

# Nor does a rename of ours, or a chmod, hide what others have written.
seen_after_rename() {
	mount_client 127.0.0.1 /mnt/a cache=strict,ac=60 || return
	echo one >"$lower/served/file" && touch -d '1 hour ago' "$lower/served/file" &&
		grep -qx one /mnt/a/file && echo two >"$lower/served/file" || return
	mv /mnt/a/file /mnt/a/other && grep -qx two /mnt/a/other && echo six >"$lower/served/other" &&
		chmod 600 /mnt/a/other && grep -qx six /mnt/a/other || return
	umount /mnt/a && rm "$lower/served/other"
}

# What was missing and is there now is opened by who would have made it.
made_by_others() {
	local opts
	for opts in cache=strict,ac=60,version=9p2000.L cache=strict,ac=60 cache=loose; do
		mount_client 127.0.0.1 /mnt/a $opts || return
		[ ! -e /mnt/a/file ] && [ ! -e /mnt/a/link ] && [ ! -e /mnt/a/excl ] || return
		echo one >"$lower/served/file" && ln -s file "$lower/served/link" &&
			touch "$lower/served/excl" || return
		echo two >>/mnt/a/file && echo three >>/mnt/a/link || return
		! (set -C; echo four >/mnt/a/excl) && [ -e /mnt/a/excl ] || return
		umount /mnt/a && [ "$(cat "$lower/served/file")" = $'one\ntwo\nthree' ] &&
			rm "$lower"/served/{file,link,excl} || return
	done
}

# What two clients append to one file is all there.
appends() {
	local opts
	for opts in cache=none cache=strict cache=strict,version=9p2000.L; do
		mount_client 127.0.0.1 /mnt/a $opts && mount_client 127.0.0.1 /mnt/b $opts || return
		python3 "$HF_HERE/client/appends.py" "$lower/served" /mnt/a /mnt/b || return
		umount /mnt/a && umount /mnt/b || return
	done
}

# Who could not open his file once more appends nevertheless.
append_to_readonly() {
	mount_client 127.0.0.1 /mnt/a cache=strict || return
	as_user 1000 python3 - /mnt/a/file <<-'PY' || return
		import os, sys
		fd = os.open(sys.argv[1], os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND, 0o444)
		for part in b"one", b"two":
		    os.write(fd, part)
	PY
	umount /mnt/a && [ "$(cat "$lower/served/file")" = onetwo ] && rm -f "$lower/served/file"
}

busy() {
	mount_client 127.0.0.1 /mnt/a cache=loose || return
	exec 7>/mnt/a/open && echo first >&7 || return
	umount /mnt/a && return 1
	umount -l /mnt/a && echo second >&7 && exec 7>&- || return
	wait_until 30 ninep_none && [ "$(cat "$lower/served/open")" = $'first\nsecond' ]
}

# A mount does not outlive its server.
server_goes() {
	mount_client 127.0.0.1 /mnt/a cache=loose && exec 7>/mnt/a/open && echo lost >&7 || return
	ninep_off exports/data || return
	sync -f /mnt/a/open && return 1
	stat -c %s /mnt/a/none && return 1
	exec 7>&-
	umount /mnt/a && ninep_on exports/data
}

# locks DIRECTORY: every kind of lock is given, and excludes. (client-locks has the rest.)
locks() {
	python3 - "$1" <<-'PY'
		import errno, fcntl, os, struct, sys
		top, file = sys.argv[1], sys.argv[1] + "/locked"
		rw = os.open(file, os.O_CREAT | os.O_RDWR)
		other = os.open(file, os.O_RDWR)
		dir = os.open(top, os.O_RDONLY)
		whole = lambda kind: struct.pack("hhqqi4x", kind, os.SEEK_SET, 0, 0, 0)
		OFD_SETLK = 37
		fcntl.lockf(rw, fcntl.LOCK_EX | fcntl.LOCK_NB)
		fcntl.lockf(rw, fcntl.LOCK_EX)
		fcntl.fcntl(rw, fcntl.F_GETLK, whole(fcntl.F_WRLCK))
		fcntl.flock(rw, fcntl.LOCK_EX)
		fcntl.lockf(dir, fcntl.LOCK_SH)
		fcntl.flock(dir, fcntl.LOCK_EX)
		def is_held(call, *args):
		    try:
		        call(*args)
		    except OSError as e:
		        return e.errno == errno.EAGAIN
		assert is_held(fcntl.fcntl, other, OFD_SETLK, whole(fcntl.F_WRLCK))
		assert is_held(fcntl.flock, other, fcntl.LOCK_EX | fcntl.LOCK_NB)
		fcntl.lockf(rw, fcntl.LOCK_UN)
		fcntl.flock(rw, fcntl.LOCK_UN)
		fcntl.flock(dir, fcntl.LOCK_UN)
		for fd in rw, other, dir:
		    os.close(fd)
		os.unlink(file)
	PY
}

locking() {
	local opts
	for opts in cache=loose cache=strict cache=none; do
		mount_client 127.0.0.1 /mnt/a $opts && locks /mnt/a && umount /mnt/a || return
	done
}

# An attribute that is replaced by an empty one is there.
empty_attribute() {
	mount_client 127.0.0.1 /mnt/a cache=strict && python3 - /mnt/a/file <<-'PY' || return
		import errno, os, sys
		path = sys.argv[1]
		open(path, "w").close()
		os.setxattr(path, "user.a", b"value")
		os.setxattr(path, "user.a", b"", os.XATTR_REPLACE)
		assert os.getxattr(path, "user.a") == b""
		try:
		    os.setxattr(path, "user.b", b"", os.XATTR_REPLACE)
		    sys.exit("replaced what is not there")
		except OSError as e:
		    assert e.errno == errno.ENODATA, e
		os.removexattr(path, "user.a")
		assert os.listxattr(path) == []
	PY
	umount /mnt/a && rm "$lower/served/file"
}

# A close tells of a write-back that is over; who has been told by fsync is not told again.
told_by_close() {
	mkdir "$top/small" && mount -t tmpfs -o size=1M,mode=1777 none "$top/small" &&
		ninep_export small "$top/small" clients=127.0.0.0/8 squash=none || return
	mkdir -p /mnt/s && mount -t holdfast9p -o aname=small,cache=strict,localio=off 127.0.0.1 /mnt/s || return
	python3 - /mnt/s/file <<-'PY' || return
		import errno, os, sys
		def lost(call, fd):
		    try:
		        call(fd)
		    except OSError as e:
		        return e.errno == errno.ENOSPC
		    return False
		fds = [os.open(sys.argv[1], os.O_CREAT | os.O_RDWR) for _ in range(2)]
		os.write(fds[0], bytes(3 << 20))
		os.sync()
		assert lost(os.fsync, fds[1]), "fsync"
		assert not lost(os.close, fds[1]), "close after fsync"
		assert lost(os.close, fds[0]), "close"
	PY
	umount /mnt/s && ninep_off exports/small && umount "$top/small"
}

# What is dirty when a mount becomes read-only is at the server.
read_only_later() {
	mount_client 127.0.0.1 /mnt/a cache=loose && echo written >/mnt/a/file || return
	mount -o remount,ro /mnt/a && [ "$(cat "$lower/served/file")" = written ] || return
	umount /mnt/a && rm "$lower/served/file"
}

by_force() {
	mount_client 127.0.0.1 /mnt/a cache=none && exec 7</mnt/a || return
	umount -f /mnt/a && return 1
	mkdir /mnt/a/late && return 1
	exec 7<&-
	umount /mnt/a
}

serve
as_the_directory strict 127.0.0.1 trans=tcp,cache=strict,access=user,hard
as_the_directory plain /run/hf/9p trans=unix,cache=loose,version=9p2000.L,msize=65536
phase mounts
mkdir -p /mnt/a
# Anybody makes there what he likes.
chmod 1777 "$lower/served"
check only-one only_one
check two-users two_users
check kept-open kept_open
check seen-by-others seen_by_others
check seen-at-once seen_at_once
check seen-after-rename seen_after_rename
check made-by-others made_by_others
check locking locking
check empty-attribute empty_attribute
check told-by-close told_by_close
check read-only-later read_only_later
check appends appends
check append-to-readonly append_to_readonly
phase ends
check busy busy
check server-goes server_goes
check by-force by_force
phase left
relay python3 "$HF_HERE/client/left.py" /mnt/left
check remove ninep_remove
check unmount umount "$top/ext4"
hf_finish
