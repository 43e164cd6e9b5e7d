package config

import (
	"os"

	"golang.org/x/sys/unix"
)

func networkFilesystem(path string) (kind string, network bool, err error) {
	var s unix.Statfs_t
	if err := unix.Statfs(path, &s); err != nil {
		return "", false, &os.PathError{Op: "statfs", Path: path, Err: err}
	}
	// The width of Type differs between architectures; magics have 32 bits.
	kind = networkKind(uint32(s.Type))
	return kind, kind != "", nil
}

// networkKind names the filesystem of a magic number of statfs(2), or returns
// nothing for a local one. FUSE counts as remote: sshfs and most cloud drives
// are FUSE, and nothing tells them from the local ones.
func networkKind(magic uint32) string {
	switch magic {
	case unix.NFS_SUPER_MAGIC:
		return "nfs"
	case unix.SMB_SUPER_MAGIC, unix.SMB2_SUPER_MAGIC, unix.CIFS_SUPER_MAGIC:
		return "smb"
	case unix.V9FS_MAGIC:
		return "9p"
	case unix.FUSE_SUPER_MAGIC:
		return "fuse"
	case unix.CEPH_SUPER_MAGIC:
		return "ceph"
	case unix.AFS_SUPER_MAGIC, unix.AFS_FS_MAGIC:
		return "afs"
	case unix.CODA_SUPER_MAGIC:
		return "coda"
	case unix.NCP_SUPER_MAGIC:
		return "ncp"
	case unix.OCFS2_SUPER_MAGIC:
		return "ocfs2"
	// These have no constant in the kernel's own headers.
	case 0x01161970:
		return "gfs2"
	case 0x0bd00bd0:
		return "lustre"
	case 0x47504653:
		return "gpfs"
	case 0x19830326:
		return "beegfs"
	}
	return ""
}
