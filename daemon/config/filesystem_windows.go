package config

import (
	"os"

	"golang.org/x/sys/windows"
)

func networkFilesystem(path string) (kind string, network bool, err error) {
	p, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return "", false, &os.PathError{Op: "volume of", Path: path, Err: err}
	}
	// A drive letter, a folder that a volume is mounted on, or \\server\share\.
	root := make([]uint16, windows.MAX_LONG_PATH)
	if err := windows.GetVolumePathName(p, &root[0], uint32(len(root))); err != nil {
		return "", false, &os.PathError{Op: "volume of", Path: path, Err: err}
	}
	if windows.GetDriveType(&root[0]) == windows.DRIVE_REMOTE {
		return "network drive", true, nil
	}
	return "", false, nil
}
