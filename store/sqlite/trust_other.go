//go:build !unix

package sqlite

import "io/fs"

// On other systems, the permissions of a file are not in its mode.

func checkOwner(string, fs.FileInfo) error            { return nil }
func checkWritable(string, fs.FileInfo, string) error { return nil }
func checkReadable(string, fs.FileInfo) error         { return nil }
