#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A mount of the 9P client, served by ksmbd: a kernel server whose threads may not wait
# asks for locks that are another server's. Oplocks are off: with one, an SMB client
# keeps its locks to itself.
. "$(dirname "$0")/lib.sh"
. "$HF_HERE/client/locks.sh"

smb_start() {
	modprobe -a ksmbd cifs || return
	printf '%s\n' '[global]' 'bind interfaces only = yes' 'interfaces = lo' 'smb2 leases = no' \
		'[share]' 'path = /mnt/mount' 'writeable = yes' 'oplocks = no' >/run/hf/ksmbd.conf
	ksmbd.adduser -c /run/hf/ksmbd.conf -i /run/hf/ksmbd.db -a root -p secret || return
	ksmbd.mountd -c /run/hf/ksmbd.conf -u /run/hf/ksmbd.db || return
	wait_until 30 grep -q ':01BD ' /proc/net/tcp /proc/net/tcp6
}

smb_mount() {
	mkdir -p /mnt/smb &&
		mount -t cifs -o vers=3.1.1,username=root,password=secret,cache=none,actimeo=0 \
			//127.0.0.1/share /mnt/smb
}

# Its daemon has the module, its connections the mount.
smb_stop() {
	umount /mnt/smb && ksmbd.control -s && wait_until 30 rmmod ksmbd
}

serve_holdfast
check mount mount_client data /mnt/mount cache=strict
check smb-starts smb_start
check smb-mount smb_mount
relay python3 "$HF_HERE/client/smb.py" local=/mnt/hf mount=/mnt/mount smb=/mnt/smb
check none-left wait_until 10 no_locks_left
check smb-stops smb_stop
check unmount umount /mnt/mount
serve_no_more
hf_finish
