package config

import "testing"

func TestNetworkKind(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		magic uint32
		want  string
	}{
		{0x6969, "nfs"},
		{0x517b, "smb"},
		{0xff534d42, "smb"},
		{0xfe534d42, "smb"},
		{0x01021997, "9p"},
		{0x65735546, "fuse"},
		{0x0bd00bd0, "lustre"},
		{0xef53, ""},     // ext4
		{0x58465342, ""}, // XFS
		{0x9123683e, ""}, // btrfs
		{0x01021994, ""}, // tmpfs
		{0x794c7630, ""}, // overlayfs
	} {
		if got := networkKind(tt.magic); got != tt.want {
			t.Errorf("networkKind(%#x) = %q, want %q", tt.magic, got, tt.want)
		}
	}
}
