#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Whose rights count: those of a program that Landlock or AppArmor confines are
# decided on the mount, not below; what user, group, capabilities and ACLs decide
# is the caller's there too. A plain ext4 beside it is the oracle.
. "$(dirname "$0")/lib.sh"
here=$HF_HERE/fs
. "$here/lower.sh"

disks() {
	# (Small, since half of it is filled.)
	mkdir -p /srv/disk && mkfs.ext4 -q -F -O quota -m 50 /dev/vda 96M &&
		mount -o usrquota /dev/vda /srv/disk &&
		mkdir -p /srv/disk/lower /srv/disk/plain /srv/hf /srv/plain &&
		mount --bind /srv/disk/plain /srv/plain &&
		mount -t holdfast /srv/disk/lower /srv/hf
}
profile() {
	mount -t securityfs none /sys/kernel/security &&
		apparmor_parser --replace --skip-cache "$here/confined.profile"
}

hf_load
check mount disks
relay "$here/confined.py" landlock /srv/plain /srv/hf
check profile profile
umount /srv/hf
check mount-confined aa-exec -p hf-mounter -- mount -i -t holdfast /srv/disk/lower /srv/hf
relay "$here/confined.py" apparmor /srv/plain /srv/hf
apparmor_parser --remove "$here/confined.profile"
umount /sys/kernel/security
setquota -u 1000 0 1024 0 0 /srv/disk
relay "$here/credentials.py" /srv/plain /srv/hf

# --- root of a client, whom the export takes its rights
squashed() {
	local side
	nfsd_start 2 && client_ns 1 || return
	for side in plain hf; do
		nfs_export /srv/$side root_squash && mount_nfs 1 4.2 /srv/$side /mnt/$side || return
		echo secret >/srv/$side/secret && chmod 600 /srv/$side/secret || return
		echo public >/srv/$side/public && chmod 644 /srv/$side/public || return
	done
}
# answers SIDE: what root of the client is told.
answers() {
	in_client 1 python3 -c '
import errno, os, sys
def told(path, flags):
    try:
        return os.read(os.open(path, flags), 10).decode()
    except OSError as error:
        return errno.errorcode[error.errno]
top = sys.argv[1]
print(told(top + "/secret", os.O_RDONLY), told(top + "/public", os.O_RDONLY), told(top + "/public", os.O_RDWR),
      told(top + "/made", os.O_RDWR | os.O_CREAT))' "/mnt/$1"
}
check squashed squashed
refusals=$'EACCES public\n EACCES EACCES'
check squashed-plain [ "$(answers plain)" = "$refusals" ]
check squashed-root [ "$(answers hf)" = "$refusals" ]
hf_finish
