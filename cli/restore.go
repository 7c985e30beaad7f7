package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"github.com/spf13/cobra"

	"dialogs/store"
	"dialogs/transfer"
)

func (p *program) restoreCommand() *cobra.Command {
	return p.storeCommand(&cobra.Command{
		Use: "restore FILE", Short: "Restore a backup into a new embedded store",
		Long: `Restores a backup made by "dialogs backup" into the directory of --store, which
must be empty or not exist yet. Checks the checksums of the backup first. To go
back to a backup, stop the server, move its directory away, restore, and start the
server again. Sessions, API keys, webhooks and users are restored as they were: end,
revoke, remove, suspend or erase again what was ended, revoked, removed, suspended or
erased later. Clients and webhooks are told to read everything again.

A restore that fails leaves nothing behind. One that was killed leaves either no
store or a complete one: run it again.`,
		Example: "  dialogs restore /backups/dialogs-2026-01-31.tar --store ./data",
		Args:    takes("FILE"),
	}, func(ctx context.Context, s *storeSettings, args []string) error {
		if !s.embedded() {
			return errors.New("use MongoDB's own tools to restore a MongoDB store: mongorestore")
		}
		return p.restore(ctx, s.address, args[0])
	})
}

func (p *program) restore(ctx context.Context, dir, path string) (err error) {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return inputError(err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	var manifest transfer.Manifest
	dialogs, err := store.Restore(ctx, dir, func(dir string) (err error) {
		manifest, err = transfer.Unpack(ctx, file, dir, store.DatabaseFile, secretFile)
		if err == nil && !manifest.Has(store.DatabaseFile) {
			err = errors.New("the backup is damaged: it has no database")
		}
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		return nil
	})
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf(named("store")+": the disk of %s is full: the restored store needs as much space as the backup", dir)
	}
	switch {
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return storeError("store", dir, err)
	case err != nil:
		return err
	}
	note := ""
	if !manifest.Has(secretFile) {
		note = " The backup has no secret: start the server with the --secret that it had at that time, or everyone has to sign in again."
	}
	_, err = fmt.Fprintf(p.stdout, "Restored %s from %s to %s, as of %s.%s\n",
		dialogsOf(dialogs), path, dir, manifest.CreatedAt.Format("2006-01-02 15:04:05 UTC"), note)
	return err
}
