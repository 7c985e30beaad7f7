package transfer

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// A backup is a tar archive: a manifest, and then the files that it lists, each with its
// checksum. It can be read without this program.

const (
	backupFormat = 1
	manifestName = "manifest.json"
	// manifestMost is the largest manifest that is read, in bytes.
	manifestMost = 64 << 10
)

// A Manifest says what is in a backup.
type Manifest struct {
	// Format is the version of this format.
	Format int `json:"format"`
	// Program is the version of the program that made the backup.
	Program string `json:"program"`
	// CreatedAt is when the backup started: every change that was acknowledged before that
	// is in it.
	CreatedAt time.Time `json:"createdAt"`
	// Dialogs is the number of dialogs in the backup.
	Dialogs int `json:"dialogs"`
	// Files are in the order of the archive.
	Files []BackupFile `json:"files"`
}

// A BackupFile is one file of a backup.
type BackupFile struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// Has reports whether the backup has a file of this name.
func (m *Manifest) Has(name string) bool {
	return slices.ContainsFunc(m.Files, func(f BackupFile) bool { return f.Name == name })
}

// Pack writes a backup of the files at these paths, each under the last part of
// its path. The caller fills in the manifest except for Format and Files.
func Pack(ctx context.Context, w io.Writer, m Manifest, paths ...string) (Manifest, error) {
	m.Format, m.Files = backupFormat, nil
	for _, path := range paths {
		f, err := sum(ctx, path)
		if err != nil {
			return m, err
		}
		m.Files = append(m.Files, f)
	}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return m, err
	}
	archive := tar.NewWriter(w)
	header := tar.Header{Name: manifestName, Mode: 0o600, Size: int64(len(text)), ModTime: m.CreatedAt, Format: tar.FormatPAX}
	if err := archive.WriteHeader(&header); err != nil {
		return m, err
	}
	if _, err := archive.Write(text); err != nil {
		return m, err
	}
	for i, path := range paths {
		if err := pack(ctx, archive, &m, i, path); err != nil {
			return m, err
		}
	}
	return m, archive.Close()
}

func pack(ctx context.Context, archive *tar.Writer, m *Manifest, i int, path string) error {
	f := m.Files[i]
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	header := tar.Header{Name: f.Name, Mode: 0o600, Size: f.Bytes, ModTime: m.CreatedAt, Format: tar.FormatPAX}
	if err := archive.WriteHeader(&header); err != nil {
		return errors.Join(err, file.Close())
	}
	hash := sha256.New()
	_, err = io.Copy(io.MultiWriter(archive, hash), io.LimitReader(untilDone{ctx, file}, f.Bytes))
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	if hex.EncodeToString(hash.Sum(nil)) != f.SHA256 {
		return fmt.Errorf("%s changed while it was packed", path)
	}
	return nil
}

// sum describes a file.
func sum(ctx context.Context, path string) (BackupFile, error) {
	file, err := os.Open(path)
	if err != nil {
		return BackupFile{}, err
	}
	hash := sha256.New()
	n, err := io.Copy(hash, untilDone{ctx, file})
	return BackupFile{filepath.Base(path), n, hex.EncodeToString(hash.Sum(nil))}, errors.Join(err, file.Close())
}

// Unpack writes the files of a backup into a directory, readable by their owner only, and
// waits until they are on the disk. Every file must have one of the given names and match
// the manifest; anything else is an error.
func Unpack(ctx context.Context, r io.Reader, dir string, names ...string) (m Manifest, err error) {
	archive := tar.NewReader(untilDone{ctx, r})
	if m, err = readManifest(archive); err != nil {
		return m, err
	}
	for _, f := range m.Files {
		if !slices.Contains(names, f.Name) {
			return m, fmt.Errorf("the backup has an unknown file %.60q", f.Name)
		}
	}
	for _, f := range m.Files {
		header, err := archive.Next()
		if err != nil {
			return m, incomplete(err)
		}
		if header.Typeflag != tar.TypeReg || header.Name != f.Name || header.Size != f.Bytes {
			return m, fmt.Errorf("the backup is damaged: found %.60q instead of %s", header.Name, f.Name)
		}
		if err := unpack(archive, filepath.Join(dir, f.Name), f); err != nil {
			return m, err
		}
	}
	if header, err := archive.Next(); err == nil {
		return m, fmt.Errorf("the backup is damaged: %.60q is not in its manifest", header.Name)
	} else if !errors.Is(err, io.EOF) {
		return m, incomplete(err)
	}
	return m, nil
}

func readManifest(archive *tar.Reader) (m Manifest, err error) {
	header, err := archive.Next()
	if err != nil || header.Name != manifestName || header.Size > manifestMost {
		return m, errors.Join(errors.New("not a backup that \"dialogs backup\" made"), notTar(err))
	}
	text, err := io.ReadAll(archive)
	if err != nil {
		return m, incomplete(err)
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return m, fmt.Errorf("the backup is damaged: its manifest is invalid: %w", err)
	}
	if m.Format != backupFormat {
		return m, fmt.Errorf("the backup has format %d, but this version reads format %d: restore with the version that made it, %.60s", m.Format, backupFormat, m.Program)
	}
	return m, nil
}

// notTar drops the error of archive/tar for a file that is not an archive.
func notTar(err error) error {
	if errors.Is(err, tar.ErrHeader) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}

func unpack(from io.Reader, path string, f BackupFile) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	hash := sha256.New()
	_, err = io.CopyN(io.MultiWriter(file, hash), from, f.Bytes)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return incomplete(err)
	}
	if hex.EncodeToString(hash.Sum(nil)) != f.SHA256 {
		return fmt.Errorf("the backup is damaged: the checksum of %s does not match", f.Name)
	}
	return nil
}

// incomplete explains the error of a backup that ends too early.
func incomplete(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, tar.ErrHeader) {
		return errors.New("the backup is damaged: it is incomplete")
	}
	return err
}

// untilDone reads until the context ends.
type untilDone struct {
	ctx context.Context //nolint:containedctx // a reader has no other way to get it
	io.Reader
}

func (r untilDone) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.Reader.Read(p)
}
