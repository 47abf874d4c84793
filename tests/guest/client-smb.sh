#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A mount of the 9P client, served by ksmbd: a kernel server whose threads may not wait
# asks for locks that are another server's. Oplocks are off: with one, an SMB client
# keeps its locks to itself.
. "$(dirname "$0")/lib.sh"
. "$HF_HERE/fs/lower.sh"
. "$HF_HERE/ninep/server.sh"

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

no_locks_left() { ! grep -v '^$' /proc/fs/holdfast/locks; }

mkdir -p "$top" /mnt/hf /mnt/mount
check load eval 'hf_load holdfast_export && ninep_load && hf_load holdfast_ninep_client'
ip link set lo up
check make make_lower ext4
mkdir "$top/ext4/plain/served"
check holdfast mount -t holdfast "$top/ext4/plain/served" /mnt/hf
chmod 1777 /mnt/hf
check export ninep_export data /mnt/hf clients=127.0.0.0/8 squash=none
check tcp ninep_listener tcp tcp:127.0.0.1:564
check mount mount -t holdfast9p -o aname=data 127.0.0.1 /mnt/mount
check smb-starts smb_start
check smb-mount smb_mount
relay python3 "$HF_HERE/client/smb.py" local=/mnt/hf mount=/mnt/mount smb=/mnt/smb
check none-left wait_until 10 no_locks_left
check smb-stops smb_stop
check unmount umount /mnt/mount
check remove ninep_remove
check unmount-holdfast umount /mnt/hf "$top/ext4"
hf_finish
