# The profiles of confined.py and of who mounts for it.  None names LOWERDIR or
# has attach_disconnected: as for any other filesystem.
abi <abi/3.0>,

profile hf-confined {
	capability,
	/srv/{hf,plain}/in/ rw,
	/srv/{hf,plain}/in/** rwlkix,
	/srv/{hf,plain}/in/program m,
	deny /srv/{hf,plain}/in/data-only mx,
	/usr/** rmix,
	/{lib,lib64,bin}/** rmix,
	/proc/** rw,
	/etc/ld.so.cache r,
	/srv/{hf,plain}/ r,
}

profile hf-mounter {
	capability,
	mount,
	/** rwlkmix,
}
