package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"dialogs/store"
	"dialogs/transfer"
)

func (p *program) backupCommand() *cobra.Command {
	return p.storeCommand(&cobra.Command{
		Use: "backup FILE", Short: "Back up the embedded store into a new file; works while a server runs",
		Long: `Copies the embedded store into a new file that only you can read: a consistent
copy of the database, and the secret that signs session tokens, if the store
keeps one. The copy includes every change that was acknowledged before the command
started. Keep it as safe as the store itself: with the secret, anyone can sign in
as anyone.

It needs free space of about twice the size of the database on the disk of FILE.
The file is either complete or not created. An existing file is not replaced.

Back up a MongoDB store with MongoDB's own tools: mongodump and mongorestore.`,
		Example: "  dialogs backup /backups/dialogs-$(date +%F).tar",
		Args:    takes("FILE"),
	}, func(ctx context.Context, s *storeSettings, args []string) error {
		if !s.embedded() {
			return errors.New("use MongoDB's own tools to back up a MongoDB store: mongodump --oplog, and mongorestore --oplogReplay to restore")
		}
		if err := s.mustExist(); err != nil {
			return err
		}
		return p.backup(ctx, s.address, args[0])
	})
}

// backup creates the complete file, or nothing.
func (p *program) backup(ctx context.Context, dir, path string) error {
	if _, err := os.Lstat(path); err == nil {
		return errExists(path)
	}
	// Beside the file, so that it only has to be linked to its name in the end.
	temp, err := os.MkdirTemp(filepath.Dir(path), ".backup-")
	if err != nil {
		return outputError("FILE", filepath.Dir(path), err)
	}
	manifest, err := p.packStore(ctx, dir, temp, path)
	if err = errors.Join(err, os.RemoveAll(temp)); err != nil {
		return explainSpace(err, filepath.Dir(path))
	}
	secret := "with the secret that signs session tokens: keep the file as safe as the store"
	if !manifest.Has(secretFile) {
		secret = "without a secret, because the store keeps none: back up the server's --secret too"
	}
	_, err = fmt.Fprintf(p.stdout, "Backed up %s with %s to %s, %s.\n", dir, dialogsOf(manifest.Dialogs), path, secret)
	return err
}

// packStore creates the backup in a temporary directory, and moves it to its
// name.
func (p *program) packStore(ctx context.Context, dir, temp, path string) (transfer.Manifest, error) {
	m := transfer.Manifest{Program: version(), CreatedAt: time.Now().UTC().Truncate(time.Second)}
	temp, err := filepath.Abs(temp)
	if err != nil {
		return m, err
	}
	database := filepath.Join(temp, store.DatabaseFile)
	if err := os.WriteFile(database, nil, 0o600); err != nil {
		return m, err
	}
	if m.Dialogs, err = store.Backup(ctx, dir, database); err != nil {
		return m, err
	}
	files := []string{database}
	secret, err := readPrivate(filepath.Join(dir, secretFile))
	switch {
	case err == nil:
		copied := filepath.Join(temp, secretFile)
		if err := os.WriteFile(copied, []byte(secret+"\n"), 0o600); err != nil {
			return m, err
		}
		files = append(files, copied)
	case !errors.Is(err, fs.ErrNotExist):
		return m, err
	}
	whole := filepath.Join(temp, "backup.tar")
	file, err := os.OpenFile(whole, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return m, err
	}
	m, err = transfer.Pack(ctx, file, m, files...)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return m, err
	}
	if err := os.Link(whole, path); errors.Is(err, fs.ErrExist) {
		return m, errExists(path)
	} else if err != nil {
		return m, err
	}
	return m, syncDir(filepath.Dir(path))
}

func errExists(path string) error {
	return fmt.Errorf("%s already exists: choose another name, or remove it first", path)
}

// explainSpace says how much space is needed if there is too little.
func explainSpace(err error, dir string) error {
	if !errors.Is(err, syscall.ENOSPC) && !errors.Is(err, syscall.EDQUOT) {
		return err
	}
	return fmt.Errorf("the disk of %s is full: free about twice the size of the database there, or choose another disk", dir)
}

// syncDir waits until the names in a directory are on the disk.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
