//go:build unix

package sqlite

import (
	"fmt"
	"io/fs"
	"os"
	"slices"
	"syscall"
)

const (
	othersMayWrite fs.FileMode = 0o022
	othersMayRead  fs.FileMode = 0o044
)

func owner(info fs.FileInfo) (uid, gid int) {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return os.Geteuid(), os.Getegid() // a file system of a test
	}
	return int(stat.Uid), int(stat.Gid)
}

func checkOwner(path string, info fs.FileInfo) error {
	uid, _ := owner(info)
	if uid == os.Geteuid() || uid == 0 {
		return nil
	}
	return fmt.Errorf("%s belongs to another user (uid %d, and this process runs as uid %d): run this as that user, for example sudo -u '#%d' …, or chown -R %d %s",
		path, uid, os.Geteuid(), uid, os.Geteuid(), shellWord(path))
}

// checkWritable refuses what other users can write to. A volume that root
// provides to this process through one of its groups is accepted: Kubernetes
// does that with fsGroup.
func checkWritable(path string, info fs.FileInfo, mode string) error {
	uid, gid := owner(info)
	others := info.Mode().Perm() & othersMayWrite
	if uid != os.Geteuid() && info.IsDir() && inGroup(gid) {
		others &^= 0o020
	}
	if others == 0 {
		return nil
	}
	return fmt.Errorf("other users can write to %s (mode %04o): run chmod %s %s", path, info.Mode().Perm(), mode, shellWord(path))
}

func checkReadable(path string, info fs.FileInfo) error {
	if info.Mode().Perm()&(othersMayRead|othersMayWrite) == 0 {
		return nil
	}
	return fmt.Errorf("other users can read or write %s (mode %04o): run chmod 600 %s", path, info.Mode().Perm(), shellWord(path))
}

func inGroup(gid int) bool {
	groups, err := os.Getgroups()
	return gid == os.Getegid() || err == nil && slices.Contains(groups, gid)
}
